import { startObserved } from '../flow/index.ts';
import { knownRevisions } from './copies.ts';
import type { Cause, EnvironmentState, Rollout } from './environment.ts';
import { machinesFor } from './machines.ts';
import type { Observed } from './observed.ts';
import type { DesiredInstance, Revision, RevisionProcess } from './revision.ts';

/*
 * A machine that does not answer is a fact. Nothing is done there, nothing is known of it, and nothing that is wanted
 * elsewhere waits for it, but for two things: a new release, which all its machines must agree to, and what there may be
 * only one of, which may still run there.
 */

/** Notes since when machines have not answered; one that answers is forgotten. */
export function noteSilence(state: EnvironmentState, { silent }: Observed, nowMs: number): void {
  const before = state.silent ?? {};
  delete state.silent;
  if (silent.length === 0) return;
  state.silent = Object.fromEntries(
    silent.map((machine) => [machine, before[machine] ?? startObserved(nowMs)]),
  );
}

/** Of those only the ones whose machines answer. */
export function onAnswering(
  copies: DesiredInstance[],
  { silent }: Pick<Observed, 'silent'>,
): DesiredInstance[] {
  return copies.filter(({ machine }) => !silent.includes(machine));
}

/**
 * Machines without which a rollout does not go on: those of its revision. A way back waits for none, neither that of a
 * rollout nor to what stands by: the steady state does the rest when they are seen again.
 */
export function missedMachines(
  { candidate, standing, phase }: Rollout,
  { silent }: Pick<Observed, 'silent'>,
): string[] {
  if (standing || phase.at === 'waiting' || phase.at === 'reverting') return [];
  return candidate.machines.filter((machine) => silent.includes(machine));
}

/** A machine has been silent for as long as a copy may take to become ready, and for as long in this rollout. */
export function silentTooLong(
  { silent = {} }: EnvironmentState,
  rollout: Rollout,
  observed: Observed,
): Cause | null {
  const { candidate, underWay } = rollout;
  const forMs = (machine: string) => silent[machine]?.elapsedMs ?? 0;
  const late = missedMachines(rollout, observed).find(
    (machine) => Math.min(forMs(machine), underWay.elapsedMs) >= candidate.health.deadlineMs,
  );
  if (late === undefined) return null;
  const seconds = Math.round(forMs(late) / 1_000);
  return { outcome: 'failed', reason: `${late} has not answered for ${seconds} s`, logTail: [] };
}

/**
 * Whether another revision may still run, on a machine that does not answer, what there may be only one of. A machine that
 * a newer revision has left out does not count: whoever took it out of the list says that it is gone.
 */
export function mayRunUnseen(
  state: EnvironmentState,
  revision: Revision,
  isIt: (process: RevisionProcess) => boolean,
  { silent }: Observed,
): boolean {
  const others = knownRevisions(state).filter(({ id }) => id !== revision.id);
  return others.some((other) => {
    const places = other.processes.filter(isIt).flatMap((process) => machinesFor(other, process));
    const newer = numberOf(other) > numberOf(revision);
    return places.some(
      (machine) => silent.includes(machine) && (newer || revision.machines.includes(machine)),
    );
  });
}

/** `r7` is the seventh. */
function numberOf({ id }: Revision): number {
  return Number(id.slice(1));
}
