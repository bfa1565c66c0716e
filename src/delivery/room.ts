import { knownRevisions, webCopies, webCopiesPast } from './copies.ts';
import { keptCopies, takenFromMachine } from './desired.ts';
import type { EnvironmentState } from './environment.ts';
import type { Observed } from './observed.ts';
import type { Revision } from './revision.ts';
import { mayRunUnseen } from './silence.ts';

/** Whether web copies of the candidate must wait until old ones, which a step takes away to make room, are gone. */
export function lacksRoom(state: EnvironmentState, observed: Observed): boolean {
  const { stable, rollout } = state;
  if (!stable || !rollout || rollout.phase.at !== 'stepping' || takenFromMachine(rollout) === 0) return false;
  if (rollout.alone) return isHeld(state, rollout.candidate, observed);
  const leaving = webCopiesPast(stable, keptCopies(stable, rollout));
  return observed.instances.some((seen) => leaving.some(({ id }) => id === seen.id));
}

/** Whether another revision still has a web copy, where no two may run at any time. */
export function isHeld(state: EnvironmentState, revision: Revision, observed: Observed): boolean {
  if (!state.rollout?.alone) return false;
  if (mayRunUnseen(state, revision, ({ role }) => role === 'web', observed)) return true;
  const others = knownRevisions(state).filter(({ id }) => id !== revision.id);
  const copies = new Set(others.flatMap((other) => webCopies(other, Infinity)).map(({ id }) => id));
  return observed.instances.some(({ id }) => copies.has(id));
}
