import { unreachable } from '../diagnostics/index.ts';
import { startObserved } from '../flow/index.ts';
import type { Verdict } from '../judge/index.ts';
import { newGate, stepAt } from './begin.ts';
import { checksOf, dueCheck, nameOf } from './checks.ts';
import type { Draft } from './draft.ts';
import type { Rollout, SteppingPhase } from './environment.ts';
import { webCopiesPast, webReplicas } from './copies.ts';
import { areTurned, flagsOfStep, noteFlags } from './flags.ts';
import { inFlightOf, routerOf, type Observed } from './observed.ts';
import { machineOf } from './machines.ts';
import { lacksRoom } from './room.ts';
import { allReady, countProbes, gatedCopies } from './probes.ts';
import { onAnswering } from './silence.ts';
import { concludeHold, verdictOn } from './verdicts.ts';

interface Stepping {
  rollout: Rollout;
  phase: SteppingPhase;
}

/** Moves a step on by at most one stage. */
export function stepping(
  draft: Draft,
  { rollout, phase }: Stepping,
  observed: Observed,
  nowMs: number,
): void {
  switch (phase.stage) {
    case 'making-room':
      if (!roomMade(draft, { rollout, phase }, observed)) return;
      rollout.phase = { ...phase, stage: 'starting', gate: newGate(nowMs), timer: startObserved(nowMs) };
      return;
    case 'starting': {
      if (lacksRoom(draft.state, observed)) {
        phase.gate.deadline = startObserved(nowMs);
        return;
      }
      const copies = onAnswering(gatedCopies(rollout), observed);
      countProbes(phase.gate, copies, observed);
      if (!allReady(phase.gate, copies, rollout.standing ? 1 : rollout.candidate.health.successes)) return;
      const stage = phase.check < checksOf(rollout, phase).length ? 'checking' : 'shifting';
      // The deadline of the copies is met; from here on it is the router's.
      const gate = { ...phase.gate, deadline: startObserved(nowMs) };
      rollout.phase = { ...phase, stage, gate, timer: startObserved(nowMs) };
      return;
    }
    case 'checking':
      // A check may have taken minutes: the copies must still be ready.
      if (passed(draft, { rollout, phase }, observed, nowMs))
        rollout.phase = { ...phase, stage: 'starting', gate: newGate(nowMs), timer: startObserved(nowMs) };
      return;
    case 'shifting':
      return shifted(draft, { rollout, phase }, observed, nowMs);
    case 'flagging':
      if (areTurned(rollout, observed)) verifyOrGoOn(draft, { rollout, phase }, nowMs);
      else noteFlags(rollout, observed);
      return;
    case 'verifying':
      if (passed(draft, { rollout, phase }, observed, nowMs)) holdOrGoOn(draft, { rollout, phase }, nowMs);
      return;
    case 'holding': {
      if (!isOver(rollout, phase)) return;
      const verdict = verdictOn(rollout);
      if (staysUndecided(draft, { rollout, phase }, verdict)) return;
      concludeHold(draft, rollout, verdict);
      return next(rollout, phase, nowMs);
    }
    default:
      return unreachable(phase.stage);
  }
}

/** The copies that the step takes away have finished what they had, whatever those that stay are at. */
function roomMade(
  { state: { stable } }: Draft,
  { rollout, phase: { index, timer } }: Stepping,
  observed: Observed,
): boolean {
  if (!stable || timer.elapsedMs >= stable.drainTimeoutMs) return true;
  const leaving = webCopiesPast(stable, webReplicas(stable) - (rollout.steps[index]?.taken ?? 0));
  return observed.instances
    .filter(({ id }) => leaving.some((copy) => copy.id === id))
    .every((seen) => {
      const router = routerOf(observed, machineOf(seen.id));
      return router !== null && inFlightOf(router, seen) === 0;
    });
}

/** A machine of the candidate that answers, while the router there does not. */
export function routerMissing({ candidate }: Rollout, observed: Observed): string | undefined {
  return candidate.machines.find(
    (machine) => !observed.silent.includes(machine) && !routerOf(observed, machine),
  );
}

function shifted(draft: Draft, { rollout, phase }: Stepping, observed: Observed, nowMs: number): void {
  if (routerMissing(rollout, observed) !== undefined) return;
  const { weightPercent = 0 } = rollout.steps[phase.index] ?? {};
  const about = { rollout: rollout.id, revision: rollout.candidate.id, weightPercent };
  draft.event('traffic.shifted', 'slipway', about);
  if (flagsOfStep(rollout).length === 0) return verifyOrGoOn(draft, { rollout, phase }, nowMs);
  rollout.phase = { ...phase, stage: 'flagging', gate: newGate(nowMs), timer: startObserved(nowMs) };
  noteFlags(rollout, observed);
}

function verifyOrGoOn(draft: Draft, { rollout, phase }: Stepping, nowMs: number): void {
  const { weightPercent = 0 } = rollout.steps[phase.index] ?? {};
  const verifying = { ...phase, stage: 'verifying', check: 0, timer: startObserved(nowMs) } as const;
  if (weightPercent > 0 && checksOf(rollout, verifying).length > 0) rollout.phase = verifying;
  else holdOrGoOn(draft, { rollout, phase }, nowMs);
}

/** Goes on to the next check when the one that is due has passed; true when none is left. */
function passed(draft: Draft, { rollout, phase }: Stepping, { command }: Observed, nowMs: number): boolean {
  const due = dueCheck(rollout);
  if (!due) return true;
  if (command.state !== 'exited' || command.code !== 0) return false;
  draft.event('check.passed', 'slipway', { rollout: rollout.id, check: nameOf(due.check), asks: due.asks });
  rollout.phase = { ...phase, check: phase.check + 1, timer: startObserved(nowMs) };
  return false;
}

function holdOrGoOn(draft: Draft, { rollout, phase }: Stepping, nowMs: number): void {
  const { weightPercent = 0, hold = { kind: 'none' } } = rollout.steps[phase.index] ?? {};
  if (hold.kind === 'none' || rollout.hurried) return next(rollout, phase, nowMs);
  draft.event('rollout.holding', 'slipway', {
    rollout: rollout.id,
    revision: rollout.candidate.id,
    weightPercent,
    for: hold.kind,
    ms: hold.kind === 'timer' ? hold.ms : null,
  });
  rollout.phase = { ...phase, stage: 'holding', timer: startObserved(nowMs), approvedBy: null };
}

/** A hold ends by its timer, or by somebody's word; never while a copy with traffic is unwell. */
function isOver(rollout: Rollout, { index, timer, approvedBy }: SteppingPhase): boolean {
  const hold = rollout.steps[index]?.hold ?? { kind: 'none' };
  const healthy = Object.values(rollout.failures ?? {}).every((count) => count === 0);
  if (!healthy) return false;
  return approvedBy !== null || rollout.hurried || (hold.kind === 'timer' && timer.elapsedMs >= hold.ms);
}

/** Where people said so, a step stays while nothing is proven of it. */
function staysUndecided(draft: Draft, { rollout, phase }: Stepping, verdict: Verdict | null): boolean {
  const policy = rollout.settings.judge?.undecided ?? 'go-on';
  if (policy === 'go-on' || phase.approvedBy !== null || rollout.hurried) return false;
  if (verdict?.is !== 'inconclusive' && verdict?.is !== 'errored') return false;
  if (phase.undecided !== policy) {
    const weightPercent = rollout.steps[phase.index]?.weightPercent ?? 0;
    const { reason } = verdict;
    draft.event('rollout.undecided', 'slipway', { rollout: rollout.id, weightPercent, policy, reason });
    rollout.phase = { ...phase, undecided: policy };
  }
  return true;
}

function next(rollout: Rollout, { index }: SteppingPhase, nowMs: number): void {
  rollout.phase =
    index + 1 < rollout.steps.length
      ? stepAt(rollout, index + 1, nowMs)
      : { at: 'draining', timer: startObserved(nowMs) };
}
