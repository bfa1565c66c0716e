import { randomBytes } from 'node:crypto';
import {
  crossedMigration,
  emptyEnvironment,
  noChecks,
  noRules,
  switchAtOnce,
  type EnvironmentState,
  type RolloutRequest,
} from '../delivery/index.ts';
import { CodedError } from '../diagnostics/index.ts';
import type { Json } from '../flow/index.ts';
import type { Store } from '../store/index.ts';
import { requireAnswers } from './ask-machines.ts';
import { environmentFlowId, environmentState, environmentStates } from './environments.ts';
import { requireIntact, type PrepareParts } from './prepare-rollout.ts';
import { releaseOf } from './processes.ts';
import { releaseFiles } from './repository-files.ts';
import { requireFreeHosts, resolveSetting, withRelease, type ResolveParts } from './resolve-revision.ts';
import { asWantedToday } from './rollback-place.ts';
import { rolloutsOf, type RolloutRecord } from './rollout-log.ts';

/** A request is taken in by the next tick; a server that is busy may need longer, and the request still stands. */
const knownWithinMs = 5_000;
/** How long what was left behind stands by after a rollback. */
const standsByMs = 3_600_000;

/** Who wants an environment back where it was. */
export interface RollbackWish {
  app: string;
  environment: string;
  actor: string;
  /** Revision or commit; null for the one before. */
  to: string | null;
  /** Also across a migration that cannot be undone. */
  force: boolean;
}

/**
 * Asks an environment to go back: to the revision that stands by, in one router change, or to any earlier one, whole: its
 * containers or processes, images, variables, and the versions of its secrets and env file that it had.
 *
 * @returns The rollout's id.
 */
export async function askRollback(wish: RollbackWish, parts: PrepareParts): Promise<string> {
  const scope = `${wish.app}/${wish.environment}`;
  const state = await stateOf(scope, parts.store);
  if (state.rollout) {
    throw new CodedError(
      'wiring/rollout-under-way',
      `${scope} has a rollout under way (${state.rollout.id})`,
      {
        help: `take it back with: slipway abort ${wish.environment}`,
      },
    );
  }
  const rolloutId = `ro-${randomBytes(4).toString('hex')}`;
  const revision = asWantedToday(await revisionFor(wish, state, parts), state);
  // What stands by takes its traffic back wherever it can; anything else has to be started on all machines.
  if (revision !== state.standby?.revision) await requireAnswers(revision.machines, parts.machines);
  const crossed = wish.force ? null : crossedMigration(state, revision.release.digest);
  if (crossed !== null) {
    throw new CodedError('wiring/irreversible', crossed, {
      help: 'mend it and ship; or, if the old version can live with the data as it is: slipway rollback --force',
    });
  }
  const request: RolloutRequest = {
    rolloutId,
    kind: 'rollback',
    revision,
    force: wish.force,
    settings: {
      strategy: switchAtOnce,
      rules: noRules,
      checks: noChecks,
      judge: null,
      bakeMs: 0,
      rollbackWindowMs: state.standby?.windowMs ?? standsByMs,
    },
    requestedBy: wish.actor,
    replyTo: null,
    shipNumber: null,
  };
  await parts.store.flows.signal(environmentFlowId(scope), 'rollout', request as unknown as Json);
  await untilKnown(rolloutId, scope, parts.store);
  return rolloutId;
}

/** Waits until the environment has taken the request in, so that whoever is told its id can ask for it. */
export async function untilKnown(rolloutId: string, scope: string, store: Store): Promise<void> {
  const deadline = performance.now() + knownWithinMs;
  while (performance.now() < deadline) {
    const token = store.changeToken();
    if ((await rolloutsOf(store, scope)).some(({ id }) => id === rolloutId)) return;
    await store.waitForChange(token, 100);
  }
}

/** Which rollouts somebody means; null for all. */
export interface Selection {
  app: string | null;
  environment: string | null;
  rollout: string | null;
}

/** A rollout that could still be ended. */
export interface GoingRollout {
  id: string;
  app: string;
  environment: string;
  requestedBy: string;
}

/** What is under way or waits its turn, in the environments named. What goes back already is neither. */
export async function rolloutsUnderWay(wish: Selection, store: Store): Promise<GoingRollout[]> {
  return (await environmentStates(store)).flatMap(({ scope, rollout, queue }) => {
    const [app = '', environment = ''] = scope.split('/');
    if (wish.app !== null && wish.app !== app) return [];
    if (wish.environment !== null && wish.environment !== environment) return [];
    const active = rollout && rollout.phase.at !== 'reverting' ? [rollout] : [];
    const waiting = queue.map(({ rolloutId, requestedBy }) => ({ id: rolloutId, requestedBy }));
    return [...active, ...waiting]
      .filter(({ id }) => wish.rollout === null || wish.rollout === id)
      .map(({ id, requestedBy }) => ({ id, app, environment, requestedBy }));
  });
}

/** Asks every environment named for the end of its rollout; returns the rollouts that were under way. */
export async function askAbort(wish: Selection & { actor: string }, store: Store): Promise<string[]> {
  const going = await rolloutsUnderWay(wish, store);
  for (const { id, app, environment } of going) {
    const payload = { rolloutId: id, by: wish.actor };
    await store.flows.signal(environmentFlowId(`${app}/${environment}`), 'abort', payload);
  }
  return going.map(({ id }) => id);
}

async function stateOf(scope: string, store: Store): Promise<EnvironmentState> {
  const state = (await environmentState(scope, store)) ?? emptyEnvironment(scope);
  if (state.stable || state.rollout) return state;
  throw new CodedError(
    'wiring/nothing-runs',
    `nothing runs in ${scope}, so there is nothing to go back from`,
    {
      help: 'see what runs where: slipway status',
    },
  );
}

async function revisionFor(
  { app, environment, to }: RollbackWish,
  state: EnvironmentState,
  parts: ResolveParts,
): Promise<RolloutRequest['revision']> {
  const { standby, stable, scope } = state;
  const matches = (id: string | null, commit: string) =>
    to !== null && (id === to || (to.length >= 4 && commit.startsWith(to)));
  if (standby && (to === null || matches(standby.revision.id, standby.revision.release.commit)))
    return standby.revision;
  if (stable && matches(stable.id, stable.release.commit)) {
    throw new CodedError(
      'wiring/serves-already',
      `${stable.id} (${stable.release.commit.slice(0, 7)}) serves ${scope} already`,
      {
        help: 'name another: slipway history',
      },
    );
  }
  const succeeded = (await rolloutsOf(parts.store, scope)).filter(({ outcome }) => outcome === 'succeeded');
  const earlier = succeeded.findLast(({ revision, commit, release }) =>
    to === null ? release !== stable?.release.digest : matches(revision, commit),
  );
  if (!earlier) throw noSuchRevision(to, succeeded);
  const release = await releaseOf(parts.layout, app, earlier.release);
  await requireIntact(release, parts);
  const remembered = state.past.find(({ id }) => id === earlier.revision);
  if (remembered) {
    await requireFreeHosts(remembered.hosts, scope, parts.store);
    // The environment names it anew: copies of its old name may still be on their way out.
    return remembered;
  }
  // From before revisions were remembered, or long ago: what the release says, with today's secrets.
  const files = releaseFiles(release);
  const { setting } = await resolveSetting(
    { app: release.definition, environment, commit: release.commit, files },
    parts,
  );
  return withRelease(setting, release, earlier.title);
}

function noSuchRevision(to: string | null, succeeded: RolloutRecord[]): CodedError {
  if (to === null) {
    return new CodedError(
      'wiring/no-earlier-release',
      'no earlier release has run here, so there is nothing to go back to',
      {
        help: 'see what has run: slipway history',
      },
    );
  }
  const known = [
    ...new Set(succeeded.map(({ revision, commit }) => `${revision ?? '?'} (${commit.slice(0, 7)})`)),
  ];
  return new CodedError(
    'wiring/no-such-revision',
    `"${to}" is neither a revision nor a commit that has run here`,
    {
      notes: [`have run: ${known.slice(-10).join(', ') || 'none'}`],
      help: 'name a revision or the first letters of a commit: slipway rollback --to r1',
    },
  );
}
