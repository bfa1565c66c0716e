import { randomBytes } from 'node:crypto';
import {
  crossedMigration,
  emptyEnvironment,
  noChecks,
  noRules,
  switchAtOnce,
  type EnvironmentState,
  type Revision,
  type RolloutRequest,
} from '../delivery/index.ts';
import { CodedError } from '../diagnostics/index.ts';
import type { Json } from '../flow/index.ts';
import { readRelease, releaseDirectory } from '../release/index.ts';
import type { Store } from '../store/index.ts';
import { requireAnswers } from './ask-machines.ts';
import { environmentFlowId, environmentState, environmentStates } from './environments.ts';
import { requireIntact, type PrepareParts } from './prepare-rollout.ts';
import { releaseFiles } from './repository-files.ts';
import { requireFreeHosts, resolveSetting, withRelease, type ResolveParts } from './resolve-revision.ts';
import { asWantedToday } from './rollback-place.ts';
import { rolloutsOf, type RolloutRecord } from './rollout-log.ts';
import { knownAs, oneBefore, trailOf, type Trail } from './way-back.ts';

/** A request is taken in by the next tick; a server that is busy may need longer, and the request still stands. */
const knownWithinMs = 5_000;
/** How long what was left behind stands by after a rollback. */
const standsByMs = 3_600_000;

/** Who wants an environment back where it was. */
export interface RollbackWish {
  app: string;
  environment: string;
  actor: string;
  /** Revision or commit; null for the one before, which is never one that a rollback has left. */
  to: string | null;
  /** Also across a migration that cannot be undone. */
  force: boolean;
}

/** A rollback that has begun. */
export interface AskedRollback {
  /** Its id. */
  rollout: string;
  /** What whoever asked should know of it. */
  notes: string[];
}

interface Target {
  revision: RolloutRequest['revision'];
  notes: string[];
}

/**
 * Asks an environment to go back: to the revision that stands by, in one router change, or to any earlier one, whole: its
 * containers or processes, images, variables, and the versions of its secrets and env file that it had.
 */
export async function askRollback(wish: RollbackWish, parts: PrepareParts): Promise<AskedRollback> {
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
  const target = await revisionFor(wish, state, parts);
  const revision = asWantedToday(target.revision, state);
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
  return { rollout: rolloutId, notes: target.notes };
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
  wish: RollbackWish,
  state: EnvironmentState,
  parts: ResolveParts,
): Promise<Target> {
  const { app, environment } = wish;
  const record = chosen(wish.to, state, await rolloutsOf(parts.store, state.scope));
  const known = knownAs(record, state);
  // It runs: nothing of it is asked of the disk.
  if (known && known.id === state.standby?.revision.id) return { revision: known, notes: [] };
  const release = await readRelease(releaseDirectory(parts.layout.app(app).releases, record.release));
  if (!release) throw releaseGone(record);
  await requireIntact(release, parts);
  if (known) {
    await requireFreeHosts(known.hosts, state.scope, parts.store);
    // The environment names it anew: copies of its old name may still be on their way out.
    return { revision: known, notes: known.id === record.revision ? [] : [standsFor(record, known)] };
  }
  const files = releaseFiles(release);
  const { setting } = await resolveSetting(
    { app: release.definition, environment, commit: release.commit, files },
    parts,
  );
  return { revision: withRelease(setting, release, record.title), notes: [forgotten(record)] };
}

/** The rollout that brought what somebody wants back. */
function chosen(to: string | null, state: EnvironmentState, records: RolloutRecord[]): RolloutRecord {
  if (to === null) {
    const trail = trailOf(records);
    return oneBefore(trail, state) ?? refuse(nothingBefore(trail));
  }
  const { standby, stable, scope } = state;
  const matches = (id: string | null, commit: string) =>
    id === to || (to.length >= 4 && commit.startsWith(to));
  const succeeded = records.filter(({ outcome }) => outcome === 'succeeded');
  const brought = succeeded.filter(({ revision, commit }) => matches(revision, commit));
  const standing = brought.findLast(({ revision }) => revision === standby?.revision.id);
  if (standing) return standing;
  if (stable && matches(stable.id, stable.release.commit)) {
    throw new CodedError(
      'wiring/serves-already',
      `${stable.id} (${stable.release.commit.slice(0, 7)}) serves ${scope} already`,
      {
        help: 'name another: slipway history',
      },
    );
  }
  return brought.at(-1) ?? refuse(noSuchRevision(to, succeeded));
}

function refuse(error: CodedError): never {
  throw error;
}

/** After a repair or an earlier way back the same is remembered under another name; and of many configurations the newest. */
function standsFor(record: RolloutRecord, { id }: Revision): string {
  return `${named(record)} starts with the configuration of ${id}, which is the same release`;
}

/** What is not remembered starts as it would if it were shipped today. */
function forgotten(record: RolloutRecord): string {
  return `${named(record)} ran too long ago for its configuration to be remembered: it starts with the secrets, variables and env file of today`;
}

function releaseGone(record: RolloutRecord): CodedError {
  const { title } = record;
  return new CodedError(
    'wiring/release-gone',
    `the release of ${named(record)} is not on this machine any more`,
    {
      notes: ['kept are those of the five releases before what runs'],
      help: `ship that commit again, with "slipway ship": ${title}`,
    },
  );
}

function nothingBefore({ served, left }: Trail): CodedError {
  const last = left.at(-1);
  if (!last) {
    return new CodedError(
      'wiring/no-earlier-release',
      'no earlier release has run here, so there is nothing to go back to',
      {
        help: 'see what has run: slipway history',
      },
    );
  }
  const now = served.at(-1);
  return new CodedError(
    'wiring/no-earlier-release',
    `nothing has run here before ${now ? named(now) : 'what runs'} but what a rollback has left`,
    {
      notes: [`left last: ${named(last)} ${last.title}`],
      help: `to go to that again, name it: slipway rollback --to ${last.revision ?? last.commit.slice(0, 7)}`,
    },
  );
}

function noSuchRevision(to: string, succeeded: RolloutRecord[]): CodedError {
  const known = [...new Set(succeeded.map(named))];
  return new CodedError(
    'wiring/no-such-revision',
    `"${to}" is neither a revision nor a commit that has run here`,
    {
      notes: [`have run: ${known.slice(-10).join(', ') || 'none'}`],
      help: 'name a revision or the first letters of a commit: slipway rollback --to r1',
    },
  );
}

function named({ revision, commit }: RolloutRecord): string {
  return `${revision ?? '?'} (${commit.slice(0, 7)})`;
}
