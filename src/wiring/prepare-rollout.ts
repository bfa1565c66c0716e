import { judgeOfRollouts, type App, type EnvironmentDefinition } from '../app/index.ts';
import type { RolloutRequest } from '../delivery/index.ts';
import { CodedError } from '../diagnostics/index.ts';
import { verifyRelease, type Release } from '../release/index.ts';
import { openMirror } from '../source/index.ts';
import { matchesPatterns } from '../workflow/index.ts';
import { requireMachines } from './ask-machines.ts';
import { missingFlags } from './flags/rollout-flags.ts';
import type { Machines } from './machines/machines.ts';
import { requireMayShip, rulesWithPolicy } from './people.ts';
import { releaseOf } from './processes.ts';
import { commitFiles, releaseFiles, type CommitFiles } from './repository-files.ts';
import {
  definitionOf,
  resolveSetting,
  withRelease,
  type ResolveParts,
  type UnnamedRevision,
} from './resolve-revision.ts';
import { rolloutsOf } from './rollout-log.ts';

/** What preparing asks. */
export interface PrepareParts extends ResolveParts {
  machines: Machines;
}

/** Who wants which commit where. */
export interface RolloutWish {
  rolloutId: string;
  /** As the commit defines it. */
  app: App;
  environment: string;
  commit: string;
  /** What the commit was shipped from, in full: the environment may take only some branches. */
  ref: string;
  title: string;
  actor: string;
  /** Flow that waits for the outcome. */
  replyTo: string | null;
  /** Place of the ship among those of the app. */
  shipNumber: number | null;
  /** Gives the ship's release, made once; used unless the environment promotes from another. */
  release(): Promise<Release>;
}

/**
 * Turns a wish into a request that delivery's engine can plan: the release, verified, and the app resolved for its
 * environment. What the environment lacks is told before anything is built.
 *
 * @throws CodedError that says which rule or file stands in the way; nothing has been touched then.
 */
export async function prepareRollout(wish: RolloutWish, parts: PrepareParts): Promise<RolloutRequest> {
  const written = definitionOf(wish.app, wish.environment);
  requireBranch(written, wish.ref);
  const place = { app: wish.app.name, environment: wish.environment };
  await requireMayShip(parts.store, { actor: wish.actor, ...place });
  const { definition, revision } =
    written.promoteFrom === null
      ? await shippedRevision(wish, parts)
      : await promotedRevision(wish, written.promoteFrom, parts);
  return {
    rolloutId: wish.rolloutId,
    kind: 'deploy',
    revision,
    settings: {
      strategy: definition.strategy,
      bakeMs: definition.bakeMs,
      rollbackWindowMs: definition.rollbackWindowMs,
      rules: await rulesWithPolicy(parts.store, definition.rules, place),
      checks: definition.checks,
      judge: judgeOfRollouts(definition.judge),
    },
    requestedBy: wish.actor,
    replyTo: wish.replyTo,
    shipNumber: wish.shipNumber,
  };
}

interface Resolved {
  definition: EnvironmentDefinition;
  revision: UnnamedRevision;
}

async function shippedRevision(wish: RolloutWish, parts: PrepareParts): Promise<Resolved> {
  const { app, environment, commit, title } = wish;
  const mirror = await openMirror(parts.layout.app(app.name).mirror);
  const files = commitFiles(mirror, commit);
  const { setting, definition } = await settingFor({ app, environment, commit, files }, parts);
  const release = await wish.release();
  await requireIntact(release, parts);
  return { definition, revision: withRelease(setting, release, title) };
}

async function settingFor(
  wish: { app: App; environment: string; commit: string; files: Pick<CommitFiles, 'read'> },
  parts: PrepareParts,
) {
  const definition = definitionOf(wish.app, wish.environment);
  const place = { app: wish.app.name, environment: wish.environment };
  const [missing] = await missingFlags(place, definition.strategy, parts.store);
  if (missing) throw missing;
  const claims = await requireMachines({ definition }, parts.machines);
  return resolveSetting({ ...wish, claims }, parts);
}

/** The release that another environment ran for the commit: the same files and images, never made again. */
async function promotedRevision(
  { app: { name }, environment, commit, title }: RolloutWish,
  from: string,
  parts: PrepareParts,
): Promise<Resolved> {
  const records = await rolloutsOf(parts.store, `${name}/${from}`);
  const passed = records.findLast((record) => record.commit === commit && record.outcome === 'succeeded');
  if (!passed) {
    throw new CodedError(
      'wiring/not-promoted',
      `"${environment}" takes only what "${from}" has run, and "${from}" has not run commit ${commit.slice(0, 7)}`,
      { help: `let a job that deploys to "${from}" come first: needs: [deploy-${from}]` },
    );
  }
  const release = await releaseOf(parts.layout, name, passed.release);
  await requireIntact(release, parts);
  const { definition: app } = release;
  const files = releaseFiles(release);
  const { setting, definition } = await settingFor({ app, environment, commit, files }, parts);
  return { definition, revision: withRelease(setting, release, title) };
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

/** @throws CodedError `wiring/damaged-release` */
export async function requireIntact(
  release: Release,
  { docker }: Pick<ResolveParts, 'docker'>,
): Promise<void> {
  const needsEngine = release.images.length > 0;
  const damage = await verifyRelease(
    release.directory,
    needsEngine ? (ids) => docker.missing(ids) : undefined,
  );
  if (!damage || damage.kind === 'extra') return;
  throw new CodedError(
    'wiring/damaged-release',
    `release ${release.digest.slice(0, 19)} is damaged: ${damage.message}`,
    {
      help:
        damage.kind === 'image'
          ? 'Slipway removes what no remembered revision needs, and so may somebody by hand; ship the commit again: slipway ship'
          : 'find out who changed it; then ship the commit again',
    },
  );
}
