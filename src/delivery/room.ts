import { webCopies } from './copies.ts';
import { keptCopies, takenFromMachine } from './desired.ts';
import type { EnvironmentState } from './environment.ts';
import type { Observed } from './observed.ts';

/** Whether copies of the candidate must wait until old ones, which a step takes away to make room, are gone. */
export function lacksRoom({ stable, rollout }: EnvironmentState, { instances }: Observed): boolean {
  if (!stable || !rollout || rollout.phase.at !== 'stepping' || takenFromMachine(rollout) === 0) return false;
  const leaving = webCopies(stable, Infinity).slice(keptCopies(stable, rollout));
  return instances.some((seen) => leaving.some(({ id }) => id === seen.id));
}
