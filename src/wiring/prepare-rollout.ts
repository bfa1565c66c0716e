import { createHash } from 'node:crypto';
import type { EnvironmentDefinition } from '../app/index.ts';
import type { EnvironmentState, Revision, RolloutRequest } from '../delivery/index.ts';
import { CodedError, type Finding } from '../diagnostics/index.ts';
import { canonicalJson, type Json } from '../flow/index.ts';
import { verifyRelease, type Release } from '../release/index.ts';
import { resolveEnvironment, type Vault } from '../secrets/index.ts';
import type { Store } from '../store/index.ts';
import { matchesPatterns } from '../workflow/index.ts';
import { releaseOf } from './processes.ts';
import type { Layout } from './layout.ts';
import { rolloutsOf } from './rollout-log.ts';

interface Parts {
  store: Store;
  layout: Layout;
  vault: Vault;
}

/** Who wants which commit where. */
export interface RolloutWish {
  rolloutId: string;
  app: string;
  environment: string;
  commit: string;
  /** What the commit was shipped from, in full: the environment may take only some branches. */
  ref: string;
  title: string;
  actor: string;
  /** Flow that waits for the outcome. */
  replyTo: string | null;
  /** Gives the ship's release, made once; used unless the environment promotes from another. */
  release(): Promise<Release>;
}

/**
 * Turns a wish into a request that delivery's engine can plan: the release, verified, and the app resolved for its environment.
 *
 * @throws CodedError that says which rule or file stands in the way; nothing has been touched then.
 */
export async function prepareRollout(wish: RolloutWish, parts: Parts): Promise<RolloutRequest> {
  const { environment } = wish;
  const own = await wish.release();
  const definition = definitionOf(own, environment);
  requireBranch(definition, wish.ref);
  const release =
    definition.promoteFrom === null ? own : await promotedRelease(wish, definition.promoteFrom, parts);
  await requireIntact(release);
  const settings = {
    strategy: definition.strategy,
    bakeMs: definition.bakeMs,
    rollbackWindowMs: definition.rollbackWindowMs,
    rules: definition.rules,
    judge: definition.judge,
  };
  return {
    rolloutId: wish.rolloutId,
    kind: 'deploy',
    revision: await resolveRevision({ release, title: wish.title, environment, parts }),
    settings,
    requestedBy: wish.actor,
    replyTo: wish.replyTo,
  };
}

/** Resolves a release for an environment: processes, hosts, configuration; secrets by name and version. */
export async function resolveRevision({
  release,
  title,
  environment,
  parts,
}: {
  release: Release;
  title: string;
  environment: string;
  parts: Parts;
}): Promise<Omit<Revision, 'id'>> {
  const definition = definitionOf(release, environment);
  const { app } = release;
  const resolved = await resolveEnvironment({ app, definition, vault: parts.vault });
  const mistake = resolved.findings.find(({ severity }) => severity === 'error');
  if (mistake) throw asError(mistake);
  // Whoever names a host twice, or "*" themselves, means it once; the router would refuse the second.
  const hosts = [...new Set([...definition.hosts, ...(await catchAll(release, environment, parts.store))])];
  await requireFreeHosts(definition.hosts, `${app}/${environment}`, parts.store);
  const processes = release.definition.processes.map(({ name, command }) => ({
    name,
    command,
    replicas: definition.replicas[name] ?? 1,
    role: name === release.definition.webProcess ? ('web' as const) : ('worker' as const),
    overlap: definition.overlap.includes(name),
    after: [],
  }));
  const { health, smoke, migration, drainTimeoutMs, rateLimit, env, envFile } = definition;
  const { releaseCommand } = release.definition;
  const fingerprint = hash([
    processes,
    hosts,
    health as unknown as Json,
    drainTimeoutMs,
    rateLimit,
    resolved.env,
  ]);
  return {
    release: { digest: release.digest, commit: release.commit, title },
    processes,
    shared: [],
    tasks: releaseCommand === null ? [] : [{ name: 'release', command: releaseCommand }],
    project: null,
    images: {},
    port: null,
    hosts,
    rateLimit,
    health,
    smoke,
    drainTimeoutMs,
    migration: { irreversible: migration.irreversible },
    configuration: { fingerprint, env, envFile, secrets: resolved.secretRefs },
  };
}

function definitionOf(release: Release, environment: string): EnvironmentDefinition {
  const { environments } = release.definition;
  const definition = environments.find(({ name }) => name === environment);
  if (definition) return definition;
  throw new CodedError('wiring/unknown-environment', `the app has no environment "${environment}"`, {
    notes: [`environments: ${environments.map(({ name }) => `"${name}"`).join(', ')}`],
    help: 'add it to "environments" in slipway.yml, or name one of these in the job',
  });
}

/** Holds also for a deploy step whose job names no environment, and so has met no rule yet. */
function requireBranch({ name, branches }: EnvironmentDefinition, ref: string): void {
  const branch = ref.replace(/^refs\/heads\//, '');
  if (branches.length === 0 || matchesPatterns(branches, branch)) return;
  const allowed = branches.map((pattern) => `"${pattern}"`).join(', ');
  throw new CodedError(
    'wiring/branch-not-allowed',
    `environment "${name}" takes only branches ${allowed}, not "${branch}"`,
    { help: `merge into one of them and ship that, or add "${branch}" to its "branches" in slipway.yml` },
  );
}

/** The release that another environment ran for the commit: the same files, never made again. */
async function promotedRelease(
  { app, environment, commit }: RolloutWish,
  from: string,
  parts: Parts,
): Promise<Release> {
  const records = await rolloutsOf(parts.store, `${app}/${from}`);
  const passed = records.findLast((record) => record.commit === commit && record.outcome === 'succeeded');
  if (passed) return releaseOf(parts.layout, app, passed.release);
  throw new CodedError(
    'wiring/not-promoted',
    `"${environment}" takes only what "${from}" has run, and "${from}" has not run commit ${commit.slice(0, 7)}`,
    { help: `let a job that deploys to "${from}" come first: needs: [deploy-${from}]` },
  );
}

async function requireIntact(release: Release): Promise<void> {
  const damage = await verifyRelease(release.directory);
  if (!damage || damage.kind === 'extra') return;
  throw new CodedError(
    'wiring/damaged-release',
    `release ${release.digest.slice(0, 19)} is damaged: ${damage.message}`,
    {
      help: 'find out who changed it; then ship the commit again',
    },
  );
}

/**
 * Production also answers every host that nobody claims, so that a bare address works: of the app that came first, for
 * as long as it has a web process.
 */
async function catchAll(release: Release, environment: string, store: Store): Promise<string[]> {
  if (environment !== 'production' || release.definition.webProcess === null) return [];
  const claims = await hostClaims(store);
  const holder = claims.find(({ hosts }) => hosts.includes('*'));
  return holder === undefined || holder.scope === `${release.app}/${environment}` ? ['*'] : [];
}

async function requireFreeHosts(hosts: string[], scope: string, store: Store): Promise<void> {
  for (const claim of await hostClaims(store)) {
    if (claim.scope === scope) continue;
    const taken = hosts.find((host) => claim.hosts.includes(host));
    if (taken === undefined) continue;
    throw new CodedError('wiring/host-taken', `host "${taken}" is served by ${claim.scope} already`, {
      help: `give ${scope} another "host" in slipway.yml`,
    });
  }
}

/** Hosts that each environment serves, or is about to. */
async function hostClaims(store: Store): Promise<{ scope: string; hosts: string[] }[]> {
  const flows = await store.flows.list({ kind: 'environment' });
  return flows.map(({ data }) => {
    const { scope, stable, rollout, queue } = data as EnvironmentState;
    const revisions = [stable, rollout?.candidate, ...queue.map(({ revision }) => revision)];
    return { scope, hosts: revisions.flatMap((revision) => revision?.hosts ?? []) };
  });
}

function asError({ code, message, at, notes, help }: Finding): CodedError {
  const place = at ? `${at.file}:${at.start.line}: ` : '';
  return new CodedError(code, `${place}${message}`, { notes, help });
}

function hash(value: Json): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}
