import { createHash } from 'node:crypto';
import type { App, EnvironmentDefinition } from '../app/index.ts';
import { withoutPlaces } from '../compose/index.ts';
import { here, type Revision } from '../delivery/index.ts';
import { CodedError, type Finding } from '../diagnostics/index.ts';
import { canonicalJson } from '../flow/index.ts';
import { imagesFor, type Release } from '../release/index.ts';
import {
  keepEnvFile,
  resolveEnvironment,
  type ResolvedEnvironment,
  type SecretRef,
  type Vault,
} from '../secrets/index.ts';
import { openMirror } from '../source/index.ts';
import type { Store } from '../store/index.ts';
import type { Docker } from './docker.ts';
import { environmentStates } from './environments.ts';
import { hostClaims, takenHost, type HostClaim } from './host-claims.ts';
import type { Layout } from './layout.ts';
import type { CommitFiles } from './repository-files.ts';
import { readCompose, shapeOfCompose } from './resolve-compose.ts';
import { withContent } from './shared-content.ts';

/** A revision before its environment has named it. */
export type UnnamedRevision = Omit<Revision, 'id'>;

/** What resolving an app asks. */
export interface ResolveParts {
  store: Store;
  layout: Layout;
  vault: Vault;
  docker: Docker;
}

/** An app resolved for one of its environments, before its release is known. */
export type Setting = Omit<UnnamedRevision, 'release' | 'images'>;

/** Which app is resolved for which of its environments. */
interface SettingWish {
  app: App;
  environment: string;
  /** Of the files. */
  commit: string;
  files: Pick<CommitFiles, 'read'>;
  /** Host names that other apps answer on the environment's machines elsewhere. */
  claims?: HostClaim[];
}

/** The part of a revision that differs between plain processes and containers. */
interface Shape extends Pick<Setting, 'processes' | 'shared' | 'tasks' | 'project' | 'port' | 'health'> {
  /** Secrets that the files name beyond those of slipway.yml. */
  secrets: string[];
}

/**
 * Resolves an app for an environment: processes or containers, hosts, configuration; secrets by name and version.
 *
 * @returns Also the environment's definition with what it leaves to the Compose file.
 * @throws CodedError for the first mistake, with its place; nothing has been touched then.
 */
export async function resolveSetting(
  { app, environment, commit, files, claims = [] }: SettingWish,
  parts: ResolveParts,
): Promise<{ setting: Setting; definition: EnvironmentDefinition }> {
  const written = definitionOf(app, environment);
  const scope = `${app.name}/${environment}`;
  const variables = await variablesOf(app.name, written, parts.vault);
  const { shape, definition } = await shapeOf({ app, definition: written, files, variables });
  const { secrets: more, ...rest } = shape;
  const pinned = await pin(more, variables, { app, environment, parts });
  const { hosts: named, machines, smoke, migration, drainTimeoutMs, rateLimit, env, envFile } = definition;
  await requireFreeHosts(named, scope, parts.store);
  // Whoever names a host twice, or "*" themselves, means it once; the router would refuse the second.
  const routed = shape.processes.some(({ role }) => role === 'web');
  const bare = routed ? await catchAll(scope, claims, parts.store) : [];
  const hosts = [...new Set([...named, ...bare])];
  const envFileVersion =
    envFile === null ? null : await keepEnvFile({ app: app.name, environment }, envFile, parts.vault);
  const fingerprint = fingerprintOf([rest, hosts, smoke, drainTimeoutMs, rateLimit, variables.env, pinned]);
  const mirror = await openMirror(parts.layout.app(app.name).mirror);
  const names = { env: variables.env, secrets: pinned };
  const { project } = rest;
  const setting = {
    ...rest,
    // Beside the fingerprint: it changes with the release, or with what is in there already.
    shared: project ? await withContent(rest.shared, project, { ...names, mirror, commit }) : rest.shared,
    machines,
    hosts,
    rateLimit,
    smoke,
    drainTimeoutMs,
    migration: { irreversible: migration.irreversible },
    configuration: { fingerprint, env, envFile, envFileVersion, secrets: pinned },
  };
  return { setting, definition };
}

async function shapeOf(wish: {
  app: App;
  definition: EnvironmentDefinition;
  files: Pick<CommitFiles, 'read'>;
  variables: ResolvedEnvironment;
}): Promise<{ shape: Shape; definition: EnvironmentDefinition }> {
  const { app, definition } = wish;
  if (app.kind === 'procfile') return { shape: shapeOfProcesses(app, definition), definition };
  const { result } = await readCompose(wish);
  if (!result.ok) throw firstError(result.findings);
  return { shape: shapeOfCompose(result.value), definition: result.value.environment };
}

/** The revision that a release gives in an environment that it was resolved for. */
export function withRelease(setting: Setting, release: Release, title: string): UnnamedRevision {
  const images = setting.project ? imagesFor(setting.project, release.images) : {};
  const fingerprint = fingerprintOf([setting.configuration.fingerprint, images]);
  return {
    ...setting,
    release: { digest: release.digest, commit: release.commit, title },
    images,
    configuration: { ...setting.configuration, fingerprint },
  };
}

/** @throws CodedError `wiring/unknown-environment` */
export function definitionOf({ environments }: App, environment: string): EnvironmentDefinition {
  const definition = environments.find(({ name }) => name === environment);
  // Ships and releases of older versions know of this machine alone.
  if (definition) return { ...definition, machines: definition.machines ?? [here] };
  throw new CodedError('wiring/unknown-environment', `the app has no environment "${environment}"`, {
    notes: [`environments: ${environments.map(({ name }) => `"${name}"`).join(', ')}`],
    help: 'add it to "environments" in slipway.yml, or name one of these in the job',
  });
}

/** @throws CodedError `wiring/host-taken` */
export async function requireFreeHosts(hosts: string[], scope: string, store: Store): Promise<void> {
  const taken = takenHost(hosts, scope, hostClaims(await environmentStates(store)));
  if (taken === null) return;
  throw new CodedError('wiring/host-taken', `host "${taken.host}" is served by ${taken.by} already`, {
    help: `give ${scope} another "host" in slipway.yml`,
  });
}

function shapeOfProcesses(app: App, definition: EnvironmentDefinition): Shape {
  const { releaseCommand, webProcess } = app;
  const processes = app.processes.map(({ name, command }) => ({
    name,
    command,
    replicas: definition.replicas[name] ?? 1,
    role: name === webProcess ? ('web' as const) : ('worker' as const),
    overlap: definition.overlap.includes(name),
    alone: false,
    after: [],
  }));
  const tasks = releaseCommand === null ? [] : [{ name: 'release', command: releaseCommand }];
  const { health } = definition;
  return { processes, shared: [], tasks, project: null, port: null, health, secrets: [] };
}

async function variablesOf(app: string, definition: EnvironmentDefinition, vault: Vault) {
  const resolved = await resolveEnvironment({ app, definition, vault });
  if (resolved.findings.some(({ severity }) => severity === 'error')) throw firstError(resolved.findings);
  return resolved;
}

/**
 * Versions of all secrets: those of slipway.yml, and those that the app's own files name and that no variable of the
 * environment stands for.
 */
async function pin(
  names: string[],
  { env, secretRefs }: ResolvedEnvironment,
  { app, environment, parts }: { app: App; environment: string; parts: ResolveParts },
): Promise<SecretRef[]> {
  const secrets = [...new Set(names)].filter((name) => !Object.hasOwn(env, name));
  const definition = { name: environment, env: {}, envFile: null, secrets };
  const more = await resolveEnvironment({ app: app.name, definition, vault: parts.vault });
  if (more.findings.length > 0) throw firstError(more.findings);
  return [...secretRefs, ...more.secretRefs];
}

/**
 * Production also answers every host that nobody claims, so that a bare address works: of the app that came first, for
 * as long as it has a web process.
 */
async function catchAll(scope: string, elsewhere: HostClaim[], store: Store): Promise<string[]> {
  if (!scope.endsWith('/production') || elsewhere.some(({ hosts }) => hosts.includes('*'))) return [];
  const claims = hostClaims(await environmentStates(store));
  const holder = claims.find(({ hosts }) => hosts.includes('*'));
  return holder === undefined || holder.scope === scope ? ['*'] : [];
}

/** The finding that stops a rollout, with its place in the message: whoever reads it has no text to point into. */
function firstError(findings: Finding[]): Error {
  const finding = findings.find(({ severity }) => severity === 'error') ?? findings[0];
  if (!finding) return new Error('a refusal without a reason');
  const { code, message, at, notes, help } = finding;
  const place = at ? `${at.file}:${at.start.line}: ` : '';
  return new CodedError(code, `${place}${message}`, { notes, help });
}

/** Places do not count: a line that has moved changes nothing that runs. */
function fingerprintOf(value: unknown): string {
  return createHash('sha256')
    .update(canonicalJson(withoutPlaces(value)))
    .digest('hex');
}
