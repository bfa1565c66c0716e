import { formatDuration } from '../app/index.ts';
import { unreachable } from '../diagnostics/index.ts';
import { failedCheck } from './checks.ts';
import { isUp, seenAs, sharedRevision, webProcess } from './copies.ts';
import { desiredInstances } from './desired.ts';
import type { Cause, EnvironmentState, Gate, Rollout, SteppingPhase } from './environment.ts';
import { flagProblem, flagsOfStep } from './flags.ts';
import { here, homeOf, localId, machineOf, onMachine, spoken } from './machines.ts';
import { mustStayWell, taskRuns } from './migrations.ts';
import type { InstanceObservation, Observed } from './observed.ts';
import { gatedCopies, neededShared } from './probes.ts';
import type { Revision } from './revision.ts';
import { candidateWeight, servingCopies } from './routes.ts';
import { misplacedShared, notReplaced } from './shared.ts';
import { silentTooLong } from './silence.ts';
import { routerMissing } from './stepping.ts';
import { judged } from './verdicts.ts';

/** A copy that ended by itself this often while it should come up is not waited for any longer. */
const crashLimit = 3;
/** Consecutive failed probes after which a copy that was ready counts as sick. */
const sickLimit = 3;
/** How long new workers may take until they stay up. */
const workerDeadlineMs = 60_000;

/** Why the rollout cannot go on, or null while it can. */
export function findFailure(state: EnvironmentState, rollout: Rollout, observed: Observed): Cause | null {
  // Half a migration is worse than a late way back: until a task ends, only people take its rollout back.
  if (rollout.phase.at === 'reverting' || taskRuns(rollout, observed)) return null;
  return (
    silentTooLong(state, rollout, observed) ??
    cannotGoOn(state, rollout) ??
    unknownFlag(rollout, observed) ??
    ofPhase(state, rollout, observed) ??
    judged(rollout) ??
    overdue(rollout)
  );
}

function ofPhase(state: EnvironmentState, rollout: Rollout, observed: Observed): Cause | null {
  const { phase, candidate } = rollout;
  switch (phase.at) {
    case 'waiting':
    case 'reverting':
      return null;
    case 'preparing':
      return (
        misplacedShared(state, candidate) ??
        notReplaced(state, rollout) ??
        (observed.taken === null ? null : failed(observed.taken)) ??
        notPrepared(candidate, observed) ??
        lateShared(state, rollout, phase.gate, observed)
      );
    case 'migrating':
      return failedCommand(rollout, observed);
    case 'checking-stable':
      return brokenStable(state, rollout, phase.gate);
    case 'stepping':
      return sick(rollout, observed) ?? failedStep(state, { rollout, phase }, observed);
    case 'starting-workers': {
      const late = phase.deadline.elapsedMs >= workerDeadlineMs;
      const workers = seenCopies(state, rollout, observed);
      return (
        sick(rollout, observed) ??
        crashedServing(rollout, observed) ??
        crashed(workers.filter(({ process }) => process !== webProcess(candidate)?.name)) ??
        (late ? failed(`the new workers did not stay up within ${workerDeadlineMs / 1000} s`) : null)
      );
    }
    case 'baking':
      return (
        crashedSince(rollout, seenCopies(state, rollout, observed), phase.restartsBefore) ??
        sick(rollout, observed)
      );
    case 'draining':
    case 'stopping-workers':
      return crashedServing(rollout, observed) ?? sick(rollout, observed);
    default:
      return unreachable(phase);
  }
}

/** A newer request takes a rollout back that has not all traffic yet; a way back is never taken back itself. */
export function superseded({ rollout, queue }: EnvironmentState): Cause | null {
  const [newer] = queue;
  if (!newer || !rollout || rollout.kind === 'rollback' || !beforeAllTraffic(rollout)) return null;
  // A task that runs is not interrupted for it.
  if (rollout.phase.at === 'migrating') return null;
  return { outcome: 'superseded', reason: `${newer.rolloutId} was asked for after it`, logTail: [] };
}

function beforeAllTraffic(rollout: Rollout): boolean {
  switch (rollout.phase.at) {
    case 'waiting':
    case 'preparing':
    case 'migrating':
    case 'checking-stable':
      return true;
    case 'stepping':
      return candidateWeight(rollout) < 100;
    case 'draining':
    case 'stopping-workers':
    case 'starting-workers':
    case 'baking':
    case 'reverting':
      return false;
    default:
      return unreachable(rollout.phase);
  }
}

function overdue(rollout: Rollout): Cause | null {
  const { deadlineMs } = rollout.settings.rules;
  if (deadlineMs === null || rollout.kind === 'rollback' || rollout.phase.at === 'waiting') return null;
  if (!beforeAllTraffic(rollout) || rollout.underWay.elapsedMs < deadlineMs) return null;
  return failed(
    `it had not all traffic within ${formatDuration(deadlineMs)}, the deadline of its environment`,
  );
}

/** What a step could not turn later is told before anybody has anything of the candidate, or as soon as it is seen. */
function unknownFlag(rollout: Rollout, observed: Observed): Cause | null {
  const problem = rollout.phase.at === 'waiting' ? null : flagProblem(rollout, observed);
  return problem === null ? null : failed(problem);
}

/** Somebody, or something, changes them back at once. */
function lateFlags(rollout: Rollout, { deadline }: Gate): Cause | null {
  const { deadlineMs } = rollout.candidate.health;
  if (deadline.elapsedMs < deadlineMs) return null;
  const names = flagsOfStep(rollout).join(', ');
  return failed(`its step could not turn ${names} within ${deadlineMs / 1000} s`);
}

function notPrepared({ id, machines }: Revision, { prepared }: Observed): Cause | null {
  for (const machine of machines) {
    const seen = prepared[machine];
    if (typeof seen === 'object')
      return failed(`${id} could not be prepared${onMachine(machine)}: ${seen.failed}`, seen.logTail);
  }
  return null;
}

function lateShared(
  state: EnvironmentState,
  { candidate, repairs }: Rollout,
  { deadline }: Gate,
  observed: Observed,
): Cause | null {
  const { deadlineMs } = candidate.health;
  if (deadline.elapsedMs < deadlineMs) return null;
  const late = neededShared(state, candidate).find(({ id }) => !isUp(seenAs(observed, id)));
  if (!late) return null;
  const seen = seenAs(observed, late.id);
  const probed = typeof seen?.probe === 'object' ? seen.probe.failed : null;
  const what = `the shared service ${late.process.name} was not ready within ${deadlineMs / 1000} s`;
  const reason = [what, seen?.drift, probed].filter((part) => typeof part === 'string').join(': ');
  // What has ended does not come up by itself.
  const canMend = seen?.phase === 'exited' && !repairs;
  return failed(
    canMend ? `${reason}; start it: slipway repair ${state.scope.split('/')[1]}` : reason,
    seen?.logTail ?? [],
  );
}

/** What was well before the tasks and is not after them was broken by them; unless that was announced. */
function brokenStable({ stable }: EnvironmentState, rollout: Rollout, gate: Gate): Cause | null {
  const { candidate, tasks } = rollout;
  if (!mustStayWell(rollout) || !stable) return null;
  const ill = Object.values(gate.failures).some((count) => count >= sickLimit);
  if (!ill && gate.deadline.elapsedMs < stable.health.deadlineMs) return null;
  const names = tasks.map(({ name }) => name).join(', ');
  const why = gate.lastFailure === null ? 'it answers no more' : gate.lastFailure;
  return failed(
    `${stable.id}, which serves, is not well any more since the tasks of ${candidate.id} ran (${names}): ${why}; no traffic was moved, and users have ${stable.id} as it is: undo what the tasks did, or ship what can live with it`,
  );
}

function failedStep(
  state: EnvironmentState,
  { rollout, phase }: { rollout: Rollout; phase: SteppingPhase },
  observed: Observed,
): Cause | null {
  // What stood by may have ended by itself years ago; whether it answers now is for the gate to say.
  const crash = rollout.standing ? null : crashed(seenCopies(state, rollout, observed));
  if (crash) return crash;
  const { deadlineMs } = rollout.candidate.health;
  if (phase.stage === 'shifting') return lateRouter(phase.gate, deadlineMs, routerMissing(rollout, observed));
  if (phase.stage === 'flagging') return lateFlags(rollout, phase.gate);
  if (phase.stage === 'starting') return lateGate(phase.gate, { state, rollout }, observed);
  return failedCheck(rollout, observed.command);
}

/** Something that the candidate needs has failed at every try for as long as a copy may take to become ready. */
function cannotGoOn({ troubles = {} }: EnvironmentState, rollout: Rollout): Cause | null {
  const { candidate, phase } = rollout;
  const own = (key: string) =>
    key === 'route' ||
    (key.startsWith('run ') && key.endsWith(`-${candidate.id}`)) ||
    key === `prepare ${candidate.id}` ||
    (phase.at === 'preparing' && key.startsWith(`start ${sharedRevision}-`)) ||
    key.startsWith(`start ${candidate.id}-`);
  const late = Object.entries(troubles)
    .filter(([key]) => own(localId(key)))
    .find(([, { since }]) => since.elapsedMs >= candidate.health.deadlineMs);
  if (!late) return null;
  const [key, { message, since }] = late;
  const router = `the router${onMachine(machineOf(key))} does not take the routes`;
  const what = localId(key) === 'route' ? router : `could not ${spoken(key)}`;
  return failed(`${what}, for ${Math.round(since.elapsedMs / 1000)} s: ${message}`);
}

function failed(reason: string, logTail: string[] = []): Cause {
  return { outcome: 'failed', reason, logTail };
}

function failedCommand({ candidate, tasks, taskIndex }: Rollout, { command }: Observed): Cause | null {
  if (command.state !== 'exited' || command.code === 0) return null;
  const how =
    command.code === null
      ? 'ended and nobody saw how, so it counts as failed'
      : `exited with ${command.code}`;
  const task = tasks[taskIndex];
  const what = task?.command === '' ? `the task ${task.name}` : `the ${task?.name ?? ''} command`;
  return failed(`${what}${onMachine(homeOf(candidate))} ${how}; no traffic was moved`, command.logTail);
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
  return failed(`${spoken(copy.id)} ended by itself ${copy.restarts} times${code}`, copy.logTail);
}

/** One that crashed with all traffic may be ready again at the next look, and would not count as sick. */
function crashedServing(rollout: Rollout, { instances }: Observed): Cause | null {
  const { restartsBefore = {} } = rollout;
  const serving = instances.filter(({ id }) => id in restartsBefore);
  return crashedSince(rollout, serving, restartsBefore);
}

function crashedSince(
  rollout: Rollout,
  copies: InstanceObservation[],
  restartsBefore: Record<string, number>,
): Cause | null {
  const copy = copies.find(({ id, restarts }) => restarts > (restartsBefore[id] ?? 0));
  return copy ? failed(`${spoken(copy.id)} crashed ${whileServing(rollout)}`, copy.logTail) : null;
}

function whileServing({ phase }: Rollout): string {
  return phase.at === 'baking' ? 'during the bake' : 'while it had traffic';
}

function lateGate(
  gate: Gate,
  { state, rollout }: { state: EnvironmentState; rollout: Rollout },
  observed: Observed,
): Cause | null {
  const { deadlineMs } = rollout.candidate.health;
  if (gate.deadline.elapsedMs < deadlineMs) return null;
  const copies = gatedCopies(rollout);
  const late = copies.find(
    ({ id }) => seenAs(observed, id)?.probe !== 'ready' && (gate.streaks[id] ?? 0) === 0,
  );
  const last = gate.lastFailure === null ? 'no probe was answered' : gate.lastFailure;
  // What a copy says is rarely more than that its database does not answer.
  const down = neededShared(state, rollout.candidate).find(
    ({ id }) => seenAs(observed, id)?.phase !== 'running',
  );
  const because = down ? `; the shared service ${down.process.name} does not stay up` : '';
  return failed(
    `${late ? spoken(late.id) : 'a copy'} was not ready within ${deadlineMs / 1000} s: ${last}${because}`,
    seenAs(observed, (down ?? late)?.id ?? '')?.logTail ?? [],
  );
}

function lateRouter({ deadline }: Gate, deadlineMs: number, machine = here): Cause | null {
  if (deadline.elapsedMs < deadlineMs) return null;
  return failed(`the router${onMachine(machine)} did not take the new routes within ${deadlineMs / 1000} s`);
}

/** Counts what the probes say of copies that serve, and notes how often those with all traffic had crashed before it. */
export function watchCopies(state: EnvironmentState, rollout: Rollout, observed: Observed): void {
  const failures = (rollout.failures ??= {});
  const restartsBefore = (rollout.restartsBefore ??= {});
  for (const { id, machine } of servingCopies(state)) {
    const seen = seenAs(observed, id);
    if (seen && rollout.phase.at !== 'stepping') restartsBefore[id] ??= seen.restarts;
    // What cannot be seen is neither well nor ill.
    const unseen = observed.silent.includes(machine) ? ('ready' as const) : { failed: 'it is gone' };
    const probe: InstanceObservation['probe'] = seen?.probe ?? unseen;
    if (probe === 'ready') failures[id] = 0;
    // In doubt, no hold and no bake ends; only what has failed for good counts on.
    else if (typeof probe === 'object') failures[id] = probe.undecided ? 1 : (failures[id] ?? 0) + 1;
  }
}

function sick(rollout: Rollout, { instances }: Observed): Cause | null {
  const { failures = {} } = rollout;
  const copy = instances.find(({ id }) => (failures[id] ?? 0) >= sickLimit);
  if (!copy) return null;
  const why = typeof copy.probe === 'object' ? `: ${copy.probe.failed}` : '';
  return failed(`${spoken(copy.id)} stopped being ready ${whileServing(rollout)}${why}`, copy.logTail);
}
