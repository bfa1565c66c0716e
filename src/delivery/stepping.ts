import { unreachable } from '../diagnostics/index.ts';
import { startObserved } from '../flow/index.ts';
import { newGate, stepAt } from './begin.ts';
import { checksOf, dueCheck, nameOf } from './checks.ts';
import type { Draft } from './draft.ts';
import type { Rollout, SteppingPhase } from './environment.ts';
import {
  judge,
  sampleSince,
  sumOf,
  takeBaseline,
  type Baseline,
  type TrafficSample,
  type Verdict,
} from './judge.ts';
import { webCopiesPast, webReplicas } from './copies.ts';
import { inFlightOf, routerOf, type Observed } from './observed.ts';
import { machineOf } from './machines.ts';
import type { RouterState } from './ports.ts';
import { lacksRoom } from './room.ts';
import { allReady, countProbes, gatedCopies } from './probes.ts';
import { onAnswering } from './silence.ts';

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
  if (weightPercent > 0) rollout.baseline = takeBaselines(observed);
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
  observed: Pick<Observed, 'routers'>,
): Verdict | null {
  const { settings, candidate } = rollout;
  const counted = countedSince(rollout, observed);
  if (!settings.judge || !counted) return null;
  const current = stable === null ? null : sampleOver(counted, stable);
  const enough = current && current.requests >= settings.judge.minRequests;
  return judge(settings.judge, {
    candidate: sampleOver(counted, candidate.id),
    stable: enough ? current : rollout.stableTraffic,
    lost: counted.some(({ router, baseline }) => router.losses > baseline.losses),
  });
}

/** Keeps what is compared with in step with the router. */
export function watchTraffic(stable: string | null, rollout: Rollout, observed: Observed): void {
  const { settings } = rollout;
  const counted = countedSince(rollout, observed);
  if (!counted) return;
  const sample = stable === null ? null : sampleOver(counted, stable);
  // What a new epoch has counted came since the step began.
  for (const { machine, baseline, router } of counted)
    if (router.epoch !== baseline.epoch)
      rollout.baseline = {
        ...rollout.baseline,
        [machine]: { epoch: router.epoch, losses: 0, revisions: {} },
      };
  if (sample && sample.requests >= (settings.judge?.minRequests ?? Infinity)) rollout.stableTraffic = sample;
}

interface Counted {
  machine: string;
  baseline: Baseline;
  router: RouterState;
}

/** The routers that counted from a baseline on; null without one, and while one of them does not answer. */
function countedSince({ baseline }: Rollout, observed: Pick<Observed, 'routers'>): Counted[] | null {
  if (!baseline) return null;
  const all = Object.entries(baseline).flatMap(([machine, from]) => {
    const router = routerOf(observed, machine);
    return router ? [{ machine, baseline: from, router }] : [];
  });
  return all.length === Object.keys(baseline).length ? all : null;
}

/** What a revision had on all of them; null when one of them began to count anew. */
function sampleOver(counted: readonly Counted[], revision: string): TrafficSample | null {
  const samples = counted.map(({ baseline, router }) => sampleSince(baseline, router, revision));
  const known = samples.filter((sample) => sample !== null);
  return known.length === samples.length ? sumOf(known) : null;
}

function takeBaselines({ routers }: Observed): Record<string, Baseline> {
  const answering = Object.entries(routers).filter(
    (entry): entry is [string, RouterState] => entry[1] !== null,
  );
  return Object.fromEntries(answering.map(([machine, router]) => [machine, takeBaseline(router)]));
}
