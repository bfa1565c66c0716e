import { composeFor, parseApp } from '../../../app/index.ts';
import { emptyEnvironment, type EnvironmentState, type Revision } from '../../../delivery/index.ts';
import { canonicalJson } from '../../../flow/index.ts';
import { shapeOfCompose } from '../../resolve-compose.ts';
import { contentOf } from '../../shared-content.ts';
import type { ForecastFacts } from '../model.ts';

/** Files of a commit, and the newest version of its secret KEY. */
export interface Commit {
  compose: string;
  yml?: string;
  keyVersion?: number;
  /** Git's ids of files. */
  files?: Record<string, string>;
}

/** What a commit says, resolved for its first environment. */
export function resolved({
  compose,
  yml = '',
  keyVersion = 1,
  files = {},
}: Commit): Pick<ForecastFacts, 'app' | 'shared' | 'secrets'> {
  const app = parseApp({
    rootFiles: ['compose.yml'],
    slipwayYml: { file: 'slipway.yml', text: yml },
    fallbackName: 'shop',
  });
  const environment = app.ok ? app.value.environments[0] : undefined;
  if (!app.ok || !environment) throw new Error('no app');
  const sources = { read: (path: string) => (path === 'compose.yml' ? compose : null) };
  const result = composeFor({ app: app.value, environment, sources, env: { KEY: '⟦secret:KEY⟧' } });
  if (!result.ok) throw new Error(result.findings.map(({ message }) => message).join('\n'));
  const { project } = result.value;
  const secrets = [{ name: 'KEY', version: keyVersion }];
  const shared = shapeOfCompose(result.value).shared.map((one) => ({
    ...one,
    content: contentOf(project, one.name, { env: {}, secrets, files }),
  }));
  return { app: result.value, shared, secrets };
}

/** An environment that runs a commit as r3, as the store gives it back. */
export function running(commit: Commit): EnvironmentState {
  const { app, secrets, shared } = resolved(commit);
  const { secrets: _, ...shape } = shapeOfCompose(app);
  const revision: Revision = {
    ...shape,
    shared,
    id: 'r3',
    release: { digest: 'sha256:1', commit: 'abc1234', title: 'Before' },
    images: {},
    hosts: app.environment.hosts,
    rateLimit: null,
    smoke: [],
    drainTimeoutMs: 30_000,
    machines: app.environment.machines,
    migration: { irreversible: false },
    configuration: { fingerprint: '', env: {}, envFile: null, secrets },
  };
  const state: EnvironmentState = {
    ...emptyEnvironment('shop/production'),
    stable: revision,
    shared: shared.map((service) => ({ service, revision })),
  };
  return JSON.parse(canonicalJson(state)) as EnvironmentState;
}
