import { unreachable } from '../diagnostics/index.ts';
import { startObserved } from '../flow/index.ts';
import { newGate, stepAt } from './begin.ts';
import { checksOf, dueCheck, nameOf } from './checks.ts';
import type { Draft } from './draft.ts';
import type { Rollout, SteppingPhase } from './environment.ts';
import { judge, sampleSince, takeBaseline, type Verdict } from './judge.ts';
import { webCopies } from './copies.ts';
import { inFlightOf, type Observed } from './observed.ts';
import { lacksRoom } from './room.ts';
import { allReady, countProbes, gatedCopies } from './probes.ts';

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
      const copies = gatedCopies(rollout);
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
    case 'verifying':
      if (passed(draft, { rollout, phase }, observed, nowMs)) holdOrGoOn(draft, { rollout, phase }, nowMs);
      return;
    case 'holding':
      if (isOver(rollout, phase)) goOn(draft, { rollout, phase }, observed, nowMs);
      return;
    default:
      return unreachable(phase.stage);
  }
}

/** The copies that the step takes away have finished what they had, whatever those that stay are at. */
function roomMade(
  { state: { stable } }: Draft,
  { rollout, phase: { index, timer } }: Stepping,
  { router, instances }: Observed,
): boolean {
  if (!stable || timer.elapsedMs >= stable.drainTimeoutMs) return true;
  if (!router) return false;
  const copies = webCopies(stable, Infinity);
  const leaving = copies.slice(Math.max(0, copies.length - (rollout.steps[index]?.taken ?? 0)));
  return instances
    .filter(({ id }) => leaving.some((copy) => copy.id === id))
    .every((seen) => inFlightOf(router, seen) === 0);
}

function shifted(draft: Draft, { rollout, phase }: Stepping, observed: Observed, nowMs: number): void {
  if (!observed.router) return;
  const { weightPercent = 0 } = rollout.steps[phase.index] ?? {};
  const about = { rollout: rollout.id, revision: rollout.candidate.id, weightPercent };
  draft.event('traffic.shifted', 'slipway', about);
  if (weightPercent > 0) rollout.baseline = takeBaseline(observed.router);
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

function goOn(draft: Draft, { rollout, phase }: Stepping, observed: Observed, nowMs: number): void {
  const verdict = verdictOn(draft.state.stable?.id ?? null, rollout, observed);
  if (verdict?.is === 'inconclusive') {
    const weightPercent = rollout.steps[phase.index]?.weightPercent ?? 0;
    draft.event('rollout.unproven', 'slipway', {
      rollout: rollout.id,
      weightPercent,
      reason: verdict.reason,
    });
  }
  next(rollout, phase, nowMs);
}

function next(rollout: Rollout, { index }: SteppingPhase, nowMs: number): void {
  rollout.phase =
    index + 1 < rollout.steps.length
      ? stepAt(rollout, index + 1, nowMs)
      : { at: 'draining', timer: startObserved(nowMs) };
}

/** What the thresholds say of the candidate's traffic since its present share began; null without thresholds or traffic. */
export function verdictOn(
  stable: string | null,
  rollout: Rollout,
  { router }: Pick<Observed, 'router'>,
): Verdict | null {
  const { settings, baseline, candidate } = rollout;
  if (!settings.judge || !baseline || !router) return null;
  const current = stable === null ? null : sampleSince(baseline, router, stable);
  const enough = current && current.requests >= settings.judge.minRequests;
  return judge(settings.judge, {
    candidate: sampleSince(baseline, router, candidate.id),
    stable: enough ? current : rollout.stableTraffic,
    lost: router.lost,
  });
}

/** Keeps what is compared with in step with the router. */
export function watchTraffic(stable: string | null, rollout: Rollout, { router }: Observed): void {
  const { baseline, settings } = rollout;
  if (!router || !baseline) return;
  // What a new epoch has counted came since the step began.
  if (router.epoch !== baseline.epoch) rollout.baseline = { epoch: router.epoch, revisions: {} };
  const sample = stable === null ? null : sampleSince(baseline, router, stable);
  if (sample && sample.requests >= (settings.judge?.minRequests ?? Infinity)) rollout.stableTraffic = sample;
}
