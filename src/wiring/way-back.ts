import { runsTheSame, type EnvironmentState, type Revision } from '../delivery/index.ts';
import { asWantedToday } from './rollback-place.ts';
import type { RolloutRecord } from './rollout-log.ts';

/** What served an environment, in order, as its ways back left it. */
export interface Trail {
  /** Oldest first; the last one serves. */
  served: RolloutRecord[];
  /** What rollbacks have left, in the order of leaving: nobody comes back to one of these unasked. */
  left: RolloutRecord[];
}

/** Follows an environment through its rollouts: one adds what it brings, a rollback takes away all that came after. */
export function trailOf(records: readonly RolloutRecord[]): Trail {
  let trail: Trail = { served: [], left: [] };
  for (const record of records) trail = follow(trail, record);
  return trail;
}

function follow({ served, left }: Trail, record: RolloutRecord): Trail {
  // Without a revision it changed nothing: its release ran already.
  if (record.outcome !== 'succeeded' || record.revision === null) return { served, left };
  const same = served.findLastIndex(({ revision }) => revision === record.revision);
  // What comes back after its copies had ended has a new name.
  const again = same >= 0 ? same : served.findLastIndex(({ release }) => release === record.release);
  if (record.kind === 'deploy' || again < 0) return { served: [...served, record], left };
  return { served: [...served.slice(0, again), record], left: [...left, ...served.slice(again + 1)] };
}

/** The one before what serves, for whoever names none; undefined where rollbacks have left all others. */
export function oneBefore({ served }: Trail, state: EnvironmentState): RolloutRecord | undefined {
  const { stable } = state;
  if (!stable) return undefined;
  return served.slice(0, -1).findLast((record) => {
    const known = knownAs(record, state);
    if (!known) return record.release !== stable.release.digest;
    return !runsTheSame(asWantedToday(known, state), stable);
  });
}

/** What is remembered of what a rollout brought, or else the newest of its release; undefined where nothing is. */
export function knownAs(
  { revision, release }: RolloutRecord,
  { standby, past }: EnvironmentState,
): Revision | undefined {
  const known = standby ? [standby.revision, ...past] : past;
  return known.find(({ id }) => id === revision) ?? known.find((one) => one.release.digest === release);
}
