import { unreachable } from '../diagnostics/index.ts';
import { startObserved } from '../flow/index.ts';
import { desiredInstances, instancesToProbe, mayOverlap } from './desired.ts';
import type { Draft } from './draft.ts';
import type { Rollout, RolloutPhase } from './environment.ts';
import type { Observed } from './observed.ts';
import { firstStep } from './requests.ts';

/** New workers must have stayed up this long. */
const workerSettleMs = 1_000;

type Phase<At extends RolloutPhase['at']> = Extract<RolloutPhase, { at: At }>;

/** Moves the rollout on by at most one phase, on what is seen alone. Called only when the world agrees with the phase. */
export function advanceRollout(draft: Draft, rollout: Rollout, observed: Observed, nowMs: number): void {
  const { phase } = rollout;
  switch (phase.at) {
    case 'migrating':
      return migrating(draft, rollout, observed, nowMs);
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
      return startingWorkers(draft, { rollout, phase }, observed, nowMs);
    case 'baking':
      return baking(draft, { rollout, phase }, nowMs);
    case 'reverting':
      return reverting(draft, { rollout, phase }, observed, nowMs);
    default:
      return unreachable(phase);
  }
}

function migrating({ state }: Draft, rollout: Rollout, { command }: Observed, nowMs: number): void {
  if (command.state !== 'exited' || command.code !== 0) return;
  state.migrated = [...state.migrated, rollout.candidate.release.digest];
  rollout.phase = firstStep(rollout, nowMs);
}

function stepping(
  draft: Draft,
  { rollout, phase }: { rollout: Rollout; phase: Phase<'stepping'> },
  observed: Observed,
  nowMs: number,
): void {
  if (!phase.shifting) {
    countProbes(draft, phase, observed);
    const needed = rollout.standing ? 1 : rollout.candidate.health.successes;
    const copies = instancesToProbe(draft.state);
    if (copies.some((id) => (phase.gate.streaks[id] ?? 0) < needed)) return;
    // The deadline of the copies is met; from here on it is the router's.
    rollout.phase = { ...phase, shifting: true, gate: { ...phase.gate, deadline: startObserved(nowMs) } };
    return;
  }
  if (!observed.router) return;
  draft.event('traffic.shifted', 'slipway', {
    rollout: rollout.id,
    revision: rollout.candidate.id,
    weightPercent: rollout.steps[phase.index]?.weightPercent ?? 0,
  });
  const index = phase.index + 1;
  rollout.phase =
    index < rollout.steps.length
      ? { ...phase, index, shifting: false, gate: { ...phase.gate, deadline: startObserved(nowMs) } }
      : { at: 'draining', timer: startObserved(nowMs) };
}

function countProbes(draft: Draft, { gate }: Phase<'stepping'>, { instances }: Observed): void {
  for (const id of instancesToProbe(draft.state)) {
    const probe = instances.find((instance) => instance.id === id)?.probe ?? 'not-probed';
    if (probe === 'ready') gate.streaks[id] = (gate.streaks[id] ?? 0) + 1;
    else gate.streaks[id] = 0;
    if (typeof probe === 'object') gate.lastFailure = probe.failed;
  }
}

function drained({ state }: Draft, { timer }: Phase<'draining'>, { router }: Observed): boolean {
  if (!state.stable) return true;
  if (timer.elapsedMs >= state.stable.drainTimeoutMs) return true;
  return router !== null && inFlight(router, state.stable.id) === 0;
}

function inFlight(router: NonNullable<Observed['router']>, revision: string): number {
  return router.revisions.find(({ id }) => id === revision)?.inFlight ?? 0;
}

function oldWorkersGone({ state }: Draft, { instances }: Observed): boolean {
  const alone = (state.stable?.processes ?? [])
    .filter(({ role, name }) => role === 'worker' && !mayOverlap(state, name))
    .map(({ name }) => name);
  return !instances.some(({ revision, process }) => revision === state.stable?.id && alone.includes(process));
}

function startingWorkers(
  { state }: Draft,
  { rollout, phase }: { rollout: Rollout; phase: Phase<'starting-workers'> },
  { instances }: Observed,
  nowMs: number,
): void {
  const workers = desiredInstances(state).filter(
    ({ revision, process }) => revision.id === rollout.candidate.id && process.role === 'worker',
  );
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
  const settled = restarts === 0 && rollout.settings.bakeMs >= workerSettleMs;
  if (workers.length > 0 && !settled && phase.up.elapsedMs < workerSettleMs) return;
  const own = instances.filter(({ revision }) => revision === rollout.candidate.id);
  const restartsBefore = Object.fromEntries(own.map(({ id, restarts }) => [id, restarts]));
  rollout.phase = { at: 'baking', timer: startObserved(nowMs), restartsBefore };
}

function baking(
  draft: Draft,
  { rollout, phase }: { rollout: Rollout; phase: Phase<'baking'> },
  nowMs: number,
): void {
  const healthy = Object.values(rollout.failures ?? {}).every((count) => count === 0);
  if (phase.timer.elapsedMs >= rollout.settings.bakeMs && healthy) succeed(draft, rollout, nowMs);
}

function succeed(draft: Draft, rollout: Rollout, nowMs: number): void {
  const { state } = draft;
  const { candidate, settings } = rollout;
  const retire = (revision: NonNullable<typeof state.stable>) =>
    state.retiring.push({ revision, stage: 'draining', drain: startObserved(nowMs) });
  if (state.standby && state.standby.revision.id !== candidate.id) retire(state.standby.revision);
  state.standby = null;
  if (state.stable && settings.rollbackWindowMs > 0) {
    state.standby = {
      revision: state.stable,
      window: startObserved(nowMs),
      windowMs: settings.rollbackWindowMs,
    };
  } else if (state.stable) {
    retire(state.stable);
  }
  state.stable = candidate;
  state.rollout = null;
  draft.finish(
    { rolloutId: rollout.id, replyTo: rollout.replyTo },
    { outcome: 'succeeded', reason: `${candidate.id} serves ${state.scope}`, logTail: [] },
    candidate.id,
  );
}

function reverting(
  draft: Draft,
  { rollout, phase }: { rollout: Rollout; phase: Phase<'reverting'> },
  { router, instances, command }: Observed,
  nowMs: number,
): void {
  const { candidate } = rollout;
  switch (phase.stage) {
    case 'routing':
      if (router) rollout.phase = { ...phase, stage: 'draining', timer: startObserved(nowMs) };
      return;
    case 'draining':
      if (
        (router && inFlight(router, candidate.id) === 0) ||
        phase.timer.elapsedMs >= candidate.drainTimeoutMs
      ) {
        rollout.phase = { ...phase, stage: 'stopping' };
      }
      return;
    case 'stopping': {
      const wanted = new Set(desiredInstances(draft.state).map(({ id }) => id));
      if (instances.some(({ id, revision }) => revision === candidate.id && !wanted.has(id))) return;
      // The next rollout's release command must not run beside this one, which may take its time to end.
      if (command.state === 'running') return;
      draft.state.rollout = null;
      draft.finish({ rolloutId: rollout.id, replyTo: rollout.replyTo }, phase.cause, candidate.id);
      return;
    }
    default:
      return unreachable(phase.stage);
  }
}
