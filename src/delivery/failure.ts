import { unreachable } from '../diagnostics/index.ts';
import { copiesWithTraffic, desiredInstances, instancesToProbe, webProcess } from './desired.ts';
import type { Cause, Gate, Rollout, EnvironmentState } from './environment.ts';
import { commandKey } from './effects.ts';
import type { InstanceObservation, Observed } from './observed.ts';
import type { Revision } from './revision.ts';

/** A copy that ended by itself this often while it should come up is not waited for any longer. */
const crashLimit = 3;
/** Consecutive failed probes after which a copy that was ready counts as sick. */
const sickLimit = 3;
/** How long new workers may take until they stay up. */
const workerDeadlineMs = 60_000;

/** Why the rollout cannot go on, or null while it can. */
export function findFailure(state: EnvironmentState, rollout: Rollout, observed: Observed): Cause | null {
  const { phase, candidate } = rollout;
  const stuck = phase.at === 'reverting' ? null : cannotGoOn(state, candidate);
  if (stuck) return stuck;
  switch (phase.at) {
    case 'migrating':
      return failedCommand(observed);
    case 'stepping':
      return (
        sick(rollout, observed) ??
        // What stood by may have ended by itself years ago; whether it answers now is for the gate to say.
        (rollout.standing ? null : crashed(seenCopies(state, rollout, observed))) ??
        (phase.shifting
          ? lateRouter(phase.gate, candidate.health.deadlineMs)
          : lateGate(phase.gate, candidate.health.deadlineMs, state, observed))
      );
    case 'starting-workers': {
      const late = phase.deadline.elapsedMs >= workerDeadlineMs;
      const workers = seenCopies(state, rollout, observed);
      return (
        sick(rollout, observed) ??
        crashed(workers.filter(({ process }) => process !== webProcess(candidate)?.name)) ??
        (late ? failed(`the new workers did not stay up within ${workerDeadlineMs / 1000} s`) : null)
      );
    }
    case 'baking':
      return (
        crashedSince(seenCopies(state, rollout, observed), phase.restartsBefore) ?? sick(rollout, observed)
      );
    case 'draining':
    case 'stopping-workers':
      return sick(rollout, observed);
    case 'reverting':
      return null;
    default:
      return unreachable(phase);
  }
}

/** Something that the candidate needs has failed at every try for as long as a copy may take to become ready. */
function cannotGoOn({ troubles = {} }: EnvironmentState, candidate: Revision): Cause | null {
  const own = ([key]: [string, unknown]) =>
    key === 'route' || key === `run ${commandKey(candidate)}` || key.startsWith(`start ${candidate.id}-`);
  const late = Object.entries(troubles)
    .filter(own)
    .find(([, { since }]) => since.elapsedMs >= candidate.health.deadlineMs);
  if (!late) return null;
  const [key, { message, since }] = late;
  const what = key === 'route' ? 'the router does not take the routes' : `could not ${key}`;
  return failed(`${what}, for ${Math.round(since.elapsedMs / 1000)} s: ${message}`);
}

function failed(reason: string, logTail: string[] = []): Cause {
  return { outcome: 'failed', reason, logTail };
}

function failedCommand({ command }: Observed): Cause | null {
  if (command.state !== 'exited' || command.code === 0) return null;
  const how =
    command.code === null
      ? 'ended and nobody saw how, so it counts as failed'
      : `exited with ${command.code}`;
  return failed(`the release command ${how}; no traffic was moved`, command.logTail);
}

function seenCopies(
  state: EnvironmentState,
  { candidate }: Rollout,
  { instances }: Observed,
): InstanceObservation[] {
  const wanted = new Set(desiredInstances(state).map(({ id }) => id));
  return instances.filter(({ id, revision }) => revision === candidate.id && wanted.has(id));
}

function crashed(copies: InstanceObservation[]): Cause | null {
  const copy = copies.find(({ restarts }) => restarts >= crashLimit);
  if (!copy) return null;
  const code = copy.exitCode === null ? '' : `, last with exit code ${copy.exitCode}`;
  return failed(`${copy.id} ended by itself ${copy.restarts} times${code}`, copy.logTail);
}

function crashedSince(copies: InstanceObservation[], restartsBefore: Record<string, number>): Cause | null {
  const copy = copies.find(({ id, restarts }) => restarts > (restartsBefore[id] ?? 0));
  return copy ? failed(`${copy.id} crashed during the bake`, copy.logTail) : null;
}

function lateGate(
  gate: Gate,
  deadlineMs: number,
  state: EnvironmentState,
  { instances }: Observed,
): Cause | null {
  if (gate.deadline.elapsedMs < deadlineMs) return null;
  const probed = new Set(instancesToProbe(state));
  const late = instances.find(({ id, probe }) => probed.has(id) && probe !== 'ready');
  const last = gate.lastFailure === null ? 'no probe was answered' : gate.lastFailure;
  return failed(
    `${late?.id ?? 'a copy'} was not ready within ${deadlineMs / 1000} s: ${last}`,
    late?.logTail ?? [],
  );
}

function lateRouter({ deadline }: Gate, deadlineMs: number): Cause | null {
  if (deadline.elapsedMs < deadlineMs) return null;
  return failed(`the router did not take the new routes within ${deadlineMs / 1000} s`);
}

/** Counts what the probes say of copies that have traffic. */
export function watchCopies(state: EnvironmentState, rollout: Rollout, { instances }: Observed): void {
  const failures = (rollout.failures ??= {});
  for (const id of copiesWithTraffic(state)) {
    const probe = instances.find((instance) => instance.id === id)?.probe ?? { failed: 'it is gone' };
    if (probe === 'ready') failures[id] = 0;
    else if (typeof probe === 'object') failures[id] = (failures[id] ?? 0) + 1;
  }
}

function sick({ failures = {}, phase }: Rollout, { instances }: Observed): Cause | null {
  const copy = instances.find(({ id }) => (failures[id] ?? 0) >= sickLimit);
  if (!copy) return null;
  const when = phase.at === 'baking' ? 'during the bake' : 'while it had traffic';
  const why = typeof copy.probe === 'object' ? `: ${copy.probe.failed}` : '';
  return failed(`${copy.id} stopped being ready ${when}${why}`, copy.logTail);
}
