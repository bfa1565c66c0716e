import { unreachable } from '../diagnostics/index.ts';
import { startObserved } from '../flow/index.ts';
import { copiesInRole } from './copies.ts';
import { desiredInstances, mayOverlap } from './desired.ts';
import type { Draft } from './draft.ts';
import type { EnvironmentState, Rollout, RolloutPhase } from './environment.ts';
import { letGoOfFlags } from './flags.ts';
import { inFlight, routersAnswer, type Observed } from './observed.ts';
import { allReady, countProbes, neededShared, restoredCopies, stableCopies } from './probes.ts';
import { beginSteps, newGate } from './begin.ts';
import { mustStayWell } from './migrations.ts';
import { isHeld } from './room.ts';
import { unmetRules } from './rules.ts';
import { adoptShared, putSharedBack, replaceOutdated } from './shared.ts';
import { onAnswering } from './silence.ts';
import { stepping } from './stepping.ts';
import { succeed } from './succeed.ts';
import { concludeHold, verdictOn } from './verdicts.ts';

/** New workers must have stayed up this long. */
const workerSettleMs = 1_000;
/** Consecutive failed probes after which a stable copy counts as ill. */
const illLimit = 3;

type Phase<At extends RolloutPhase['at']> = Extract<RolloutPhase, { at: At }>;

/** Moves the rollout on by at most one stage, on what is seen alone. Called only when the world agrees with the phase. */
export function advanceRollout(draft: Draft, rollout: Rollout, observed: Observed, nowMs: number): void {
  const { phase } = rollout;
  switch (phase.at) {
    case 'waiting':
      return waiting(draft, { rollout, phase }, nowMs);
    case 'preparing':
      return preparing(draft, { rollout, phase }, observed, nowMs);
    case 'migrating':
      return migrating(draft, rollout, observed, nowMs);
    case 'checking-stable':
      return checkingStable(draft, { rollout, phase }, observed, nowMs);
    case 'stepping':
      return stepping(draft, { rollout, phase }, observed, nowMs);
    case 'draining':
      if (drained(draft, phase, observed)) rollout.phase = { at: 'stopping-workers' };
      return;
    case 'stopping-workers':
      if (oldWorkersGone(draft, observed)) {
        rollout.phase = { at: 'starting-workers', up: startObserved(nowMs), deadline: startObserved(nowMs) };
      }
      return;
    case 'starting-workers':
      return startingWorkers({ rollout, phase }, observed, nowMs);
    case 'baking':
      return baking(draft, { rollout, phase }, nowMs);
    case 'reverting':
      return reverting(draft, { rollout, phase }, observed, nowMs);
    default:
      return unreachable(phase);
  }
}

function waiting(
  draft: Draft,
  { rollout, phase }: { rollout: Rollout; phase: Phase<'waiting'> },
  nowMs: number,
): void {
  const { approvedBy, timer } = phase;
  const waited = { approvedBy, elapsedMs: timer.elapsedMs };
  if (unmetRules(rollout.settings.rules, waited, nowMs).length > 0) return;
  rollout.underWay = startObserved(nowMs);
  rollout.phase = { at: 'preparing', gate: newGate(nowMs) };
  draft.event('rollout.cleared', 'slipway', { rollout: rollout.id, approvedBy });
}

function preparing(
  draft: Draft,
  { rollout, phase }: { rollout: Rollout; phase: Phase<'preparing'> },
  observed: Observed,
  nowMs: number,
): void {
  const { state } = draft;
  const { candidate, tasks } = rollout;
  if (candidate.machines.some((machine) => observed.prepared[machine] !== 'done')) {
    // Images may take long to come; the deadline is that of the shared services.
    phase.gate.deadline = startObserved(nowMs);
    return;
  }
  adoptShared(state, candidate);
  if (!replaceOutdated(draft, rollout, observed, nowMs)) {
    phase.gate.deadline = startObserved(nowMs);
    return;
  }
  const shared = neededShared(state, candidate);
  countProbes(phase.gate, shared, observed);
  if (!allReady(phase.gate, shared, 1)) return;
  if (tasks.length === 0) return beginSteps(draft, rollout, nowMs);
  const serving = onAnswering(stableCopies(state), observed);
  countProbes(phase.gate, serving, observed);
  const { failures } = phase.gate;
  const late = phase.gate.deadline.elapsedMs >= candidate.health.deadlineMs;
  // What serves may not reach any more what was replaced.
  const ill =
    rollout.outage !== undefined || late || serving.some(({ id }) => (failures[id] ?? 0) >= illLimit);
  if (!ill && !allReady(phase.gate, serving, 1)) return;
  rollout.stableBefore = ill ? 'ill' : 'ready';
  draft.noteRelease(candidate);
  rollout.phase = { at: 'migrating' };
}

function migrating(draft: Draft, rollout: Rollout, { command }: Observed, nowMs: number): void {
  if (command.state !== 'exited' || command.code !== 0) return;
  const { state } = draft;
  draft.event('task.succeeded', 'slipway', {
    rollout: rollout.id,
    task: rollout.tasks[rollout.taskIndex]?.name ?? '',
  });
  if (rollout.taskIndex + 1 < rollout.tasks.length) rollout.taskIndex += 1;
  else if (stableCopies(state).length > 0 && !rollout.outage)
    rollout.phase = { at: 'checking-stable', gate: newGate(nowMs) };
  else beginSteps(draft, rollout, nowMs);
}

function checkingStable(
  draft: Draft,
  { rollout, phase }: { rollout: Rollout; phase: Phase<'checking-stable'> },
  observed: Observed,
  nowMs: number,
): void {
  const { stable } = draft.state;
  const copies = onAnswering(stableCopies(draft.state), observed);
  countProbes(phase.gate, copies, observed);
  if (allReady(phase.gate, copies, stable?.health.successes ?? 1)) return beginSteps(draft, rollout, nowMs);
  const ill = copies.some(({ id }) => (phase.gate.failures[id] ?? 0) >= illLimit);
  // Where it must be well, failure.ts takes the rollout back; elsewhere the check is told, and no more.
  if (mustStayWell(rollout)) return;
  if (!ill && phase.gate.deadline.elapsedMs < (stable?.health.deadlineMs ?? 0)) return;
  draft.event('stable.ill', 'slipway', {
    rollout: rollout.id,
    revision: stable?.id ?? null,
    reason: phase.gate.lastFailure,
  });
  beginSteps(draft, rollout, nowMs);
}

/** Only workers that change over wait for it: without them, old copies finish what they have while the rollout goes on. */
function drained({ state }: Draft, { timer }: Phase<'draining'>, observed: Observed): boolean {
  const workers = [state.stable, state.rollout?.candidate].flatMap((revision) =>
    revision ? copiesInRole(revision, 'worker') : [],
  );
  if (!state.stable || workers.length === 0) return true;
  if (timer.elapsedMs >= state.stable.drainTimeoutMs) return true;
  return inFlight(observed, state.stable.id) === 0;
}

function oldWorkersGone({ state }: Draft, { instances }: Observed): boolean {
  const alone = (state.stable?.processes ?? [])
    .filter(({ role, name }) => role === 'worker' && !mayOverlap(state, name))
    .map(({ name }) => name);
  return !instances.some(({ revision, process }) => revision === state.stable?.id && alone.includes(process));
}

function startingWorkers(
  { rollout, phase }: { rollout: Rollout; phase: Phase<'starting-workers'> },
  observed: Observed,
  nowMs: number,
): void {
  const { instances } = observed;
  const workers = onAnswering(copiesInRole(rollout.candidate, 'worker'), observed);
  const running = workers.every(({ id }) =>
    instances.some((seen) => seen.id === id && seen.phase === 'running'),
  );
  const seen = instances.filter(({ id }) => workers.some((worker) => worker.id === id));
  const restarts = seen.reduce((sum, copy) => sum + copy.restarts, 0);
  if (!running || restarts !== (phase.restarts ?? 0)) {
    phase.up = startObserved(nowMs);
    phase.restarts = restarts;
    return;
  }
  // A bake watches workers, too; one that has crashed already must first stay up.
  const settled = restarts === 0 && rollout.settings.bakeMs >= workerSettleMs && !rollout.hurried;
  if (workers.length > 0 && !settled && phase.up.elapsedMs < workerSettleMs) return;
  const own = instances.filter(({ revision }) => revision === rollout.candidate.id);
  const now = Object.fromEntries(own.map(({ id, restarts }) => [id, restarts]));
  const restartsBefore = { ...now, ...rollout.restartsBefore };
  rollout.phase = { at: 'baking', timer: startObserved(nowMs), restartsBefore };
}

/** Whoever asks for another release meanwhile cuts the bake short in favour of what bakes. */
function baking(
  draft: Draft,
  { rollout, phase }: { rollout: Rollout; phase: Phase<'baking'> },
  nowMs: number,
): void {
  const healthy = Object.values(rollout.failures ?? {}).every((count) => count === 0);
  const over = phase.timer.elapsedMs >= rollout.settings.bakeMs;
  if (!healthy || !(over || rollout.hurried || draft.state.queue.length > 0)) return;
  concludeHold(draft, rollout, verdictOn(rollout));
  succeed(draft, rollout, nowMs);
}

function reverting(
  draft: Draft,
  { rollout, phase }: { rollout: Rollout; phase: Phase<'reverting'> },
  observed: Observed,
  nowMs: number,
): void {
  const { instances, command } = observed;
  const { candidate } = rollout;
  letGoOfFlags(draft, rollout, observed);
  switch (phase.stage) {
    case 'restoring': {
      if (!putSharedBack(draft, rollout, nowMs)) {
        phase.gate.deadline = startObserved(nowMs);
        return;
      }
      const copies = onAnswering(restoredCopies(draft.state), observed);
      if (draft.state.stable && isHeld(draft.state, draft.state.stable, observed)) {
        phase.gate.deadline = startObserved(nowMs);
        return;
      }
      countProbes(phase.gate, copies, observed);
      const late = phase.gate.deadline.elapsedMs >= (draft.state.stable?.health.deadlineMs ?? 0);
      if (late || allReady(phase.gate, copies, 1)) rollout.phase = { ...phase, stage: 'routing' };
      return;
    }
    case 'routing':
      if (routersAnswer(observed))
        rollout.phase = { ...phase, stage: 'draining', timer: startObserved(nowMs) };
      return;
    case 'draining':
      if (inFlight(observed, candidate.id) === 0 || phase.timer.elapsedMs >= candidate.drainTimeoutMs)
        rollout.phase = { ...phase, stage: 'stopping' };
      return;
    case 'stopping': {
      const wanted = new Set(desiredInstances(draft.state).map(({ id }) => id));
      if (instances.some(({ id, revision }) => revision === candidate.id && !wanted.has(id))) return;
      // The next rollout's tasks must not run beside this one's, which may take their time to end.
      if (command.state === 'running') return;
      draft.state.rollout = null;
      rememberUnseen(draft.state, { rollout, phase }, observed, nowMs);
      draft.finish({ rolloutId: rollout.id, replyTo: rollout.replyTo }, phase.cause, candidate.id);
      return;
    }
    default:
      return unreachable(phase.stage);
  }
}

/** The way back has not waited for machines that are silent: what they may still run of the candidate ends when they are seen. */
function rememberUnseen(
  state: EnvironmentState,
  { rollout, phase }: { rollout: Rollout; phase: Phase<'reverting'> },
  { silent }: Observed,
  nowMs: number,
): void {
  const revision = rollout.candidate;
  const on = revision.machines.filter((machine) => silent.includes(machine));
  if (on.length === 0 || rollout.standing || phase.from.started === false) return;
  state.retiring.push({ revision, stage: 'draining', drain: startObserved(nowMs), on });
}
