import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadCompose, type ComposeProject } from '../compose/index.ts';
import type { ProcessRole, Revision, RevisionProcess } from '../delivery/index.ts';
import { copySpec, taskSpec } from './containers.ts';
import { layoutOf } from './layout.ts';

const scope = 'shop/production';
const digest = `sha256:${'a'.repeat(64)}`;
const commit = 'c'.repeat(40);

function projectOf(compose: string): ComposeProject {
  const read = (path: string) => (path === 'compose.yml' ? compose : null);
  const loaded = loadCompose({ files: null, env: {}, profiles: [], sources: { read } });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.findings));
  return loaded.value;
}

/** A home with a release of the app in it. */
function stage() {
  const home = mkdtempSync(join(tmpdir(), 'sw-containers-'));
  onTestFinished(() => rmSync(home, { recursive: true }));
  const directory = join(home, 'apps', 'shop', 'releases', 'a'.repeat(64));
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'release.json'), JSON.stringify({ digest, app: 'shop', commit }));
  const layout = layoutOf(home);
  return { layout, valuesOf: () => Promise.resolve({}), flagDoor: () => Promise.resolve(null) };
}

const compose = `services:
  web: { image: shop, environment: { MODE: fast, SLIPWAY_COMMIT: mine } }
  mails: { image: shop }
  migrate: { image: shop }
  db: { image: postgres, environment: { PGDATA: /data } }
`;
const revision = {
  id: 'r7',
  release: { digest, commit, title: 'Sell more' },
  project: projectOf(compose),
  images: {},
  port: 3000,
} as unknown as Revision;
const told = {
  SLIPWAY_APP: 'shop',
  SLIPWAY_ENVIRONMENT: 'production',
  SLIPWAY_REVISION: 'r7',
  SLIPWAY_COMMIT: commit,
  SLIPWAY_RELEASE: digest,
};

const environmentOf = async (name: string, role: ProcessRole) => {
  const process = { name, role } as RevisionProcess;
  const copy = { id: `r7-${name}-1`, machine: 'here', revision, process };
  return (await copySpec(scope, copy, stage())).environment;
};

test('a container is told where it runs and as what, whatever its file says of that', async () => {
  expect(await environmentOf('web', 'web')).toEqual({ MODE: 'fast', ...told });
  expect(await environmentOf('mails', 'worker')).toEqual(told);
});

test('so is a task', async () => {
  const task = { key: 'ro-1-migrate', revision, task: { name: 'migrate', command: '' } };
  expect((await taskSpec(scope, task, stage())).environment).toEqual(told);
});

test('a shared service belongs to no revision, and is told of none', async () => {
  expect(await environmentOf('db', 'shared')).toEqual({ PGDATA: '/data' });
});
