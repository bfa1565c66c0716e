import {
  advanceObserved,
  startObserved,
  type NewEvent,
  type ObservedTimer,
  type Signal,
} from '../flow/index.ts';
import { advanceRollout } from './advance.ts';
import { Draft, type RolloutResult } from './draft.ts';
import { planEffects, type Effect } from './effects.ts';
import type { EnvironmentState } from './environment.ts';
import { findFailure, watchCopies } from './failure.ts';
import type { Observed } from './observed.ts';
import { revert, startNext, takeSignals } from './requests.ts';
import { advanceTroubles, withoutHopeless } from './trouble.ts';

/** What a tick does: effects first, then the new state with its events and replies, in one commit. */
export interface Decision {
  effects: Effect[];
  state: EnvironmentState;
  events: NewEvent[];
  replies: { flowId: string; result: RolloutResult }[];
  /** When to look again; the sooner the more is going on. */
  wakeInMs: number;
}

/** One look at a timer counts for at most this much, so that neither a clock that jumps nor a long sleep ends a window. */
const longestLookMs = 10_000;
/**
 * Of a rollout, whose looks are close together. A server that was down must not use up the time in which a revision may
 * become ready: the first look after it only begins to probe.
 */
const shortestRolloutLookMs = 1_000;
const restingMs = 5_000;
const busyMs = 25;

/**
 * Decides the environment's next move. Pure: the same input gives the same decision.
 *
 * Either the engine acts, and the state stays as it was, or it moves on, and acts on nothing. A crash between an effect and
 * its commit is therefore harmless: the next tick sees what was done, and does only what is still missing.
 *
 * @param input.state - As committed by an earlier tick.
 * @param input.observed - Gathered for this tick.
 */
export function planEnvironment(input: {
  state: EnvironmentState;
  signals: readonly Signal[];
  observed: Observed;
  nowMs: number;
}): Decision {
  const { state, signals, observed, nowMs } = input;
  const draft = new Draft(state);
  advanceTimers(draft.state, nowMs);
  const before = JSON.stringify(positions(draft.state));
  takeSignals(draft, signals, nowMs);
  let effects: Effect[] = [];
  // A signal that changes nothing holds nothing up, however often it comes.
  const asked = JSON.stringify(positions(draft.state)) !== before;
  if (!asked) {
    const rollout = draft.state.rollout;
    const cause = rollout && findFailure(draft.state, rollout, observed);
    if (rollout && cause) revert(rollout, cause, nowMs);
    else effects = planEffects(state, observed);
    if (!cause && withoutHopeless(effects, state).length === 0) settle(draft, observed, nowMs);
  }
  const moved = JSON.stringify(positions(draft.state)) !== before;
  return {
    effects,
    state: draft.state,
    events: draft.events,
    replies: draft.replies,
    wakeInMs: moved ? 0 : pause(draft.state, effects.length > 0),
  };
}

/** The world agrees with the state: whatever is due next may happen. */
function settle(draft: Draft, observed: Observed, nowMs: number): void {
  const { state } = draft;
  if (state.rollout) {
    watchCopies(state, state.rollout, observed);
    advanceRollout(draft, state.rollout, observed, nowMs);
  }
  retire(draft, observed, nowMs);
  startNext(draft, nowMs);
}

function retire(draft: Draft, { router, instances }: Observed, nowMs: number): void {
  const { state } = draft;
  const { standby } = state;
  const wanted = state.rollout?.standing === true;
  if (standby && !wanted && standby.window.elapsedMs >= standby.windowMs) {
    state.retiring.push({ revision: standby.revision, stage: 'draining', drain: startObserved(nowMs) });
    state.standby = null;
  }
  for (const leaving of state.retiring) {
    const { revision, drain } = leaving;
    const busy = router?.revisions.find(({ id }) => id === revision.id)?.inFlight ?? 0;
    if ((router && busy === 0) || drain.elapsedMs >= revision.drainTimeoutMs) leaving.stage = 'stopping';
  }
  const gone = state.retiring.filter(
    ({ revision, stage }) => stage === 'stopping' && !instances.some((seen) => seen.revision === revision.id),
  );
  state.retiring = state.retiring.filter((leaving) => !gone.includes(leaving));
  for (const { revision } of gone) draft.event('revision.retired', 'slipway', { revision: revision.id });
}

function advanceTimers(state: EnvironmentState, nowMs: number): void {
  const rest = (timer: ObservedTimer): ObservedTimer => advanceObserved(timer, nowMs, longestLookMs);
  if (state.standby) state.standby.window = rest(state.standby.window);
  for (const leaving of state.retiring) leaving.drain = rest(leaving.drain);
  if (!state.rollout) return;
  const { phase, candidate } = state.rollout;
  const { intervalMs, probeTimeoutMs } = candidate.health;
  const lookMs = Math.max(shortestRolloutLookMs, 2 * intervalMs + probeTimeoutMs);
  if (state.troubles) state.troubles = advanceTroubles(state.troubles, nowMs, lookMs);
  const advance = (timer: ObservedTimer): ObservedTimer => advanceObserved(timer, nowMs, lookMs);
  if (phase.at === 'stepping') phase.gate.deadline = advance(phase.gate.deadline);
  if (phase.at === 'draining' || phase.at === 'baking' || phase.at === 'reverting')
    phase.timer = advance(phase.timer);
  if (phase.at === 'starting-workers') {
    phase.up = advance(phase.up);
    phase.deadline = advance(phase.deadline);
  }
}

/** What tells whether the state has moved, apart from timers and counts. */
function positions({ rollout, stable, standby, retiring, queue }: EnvironmentState): unknown {
  const phase = rollout?.phase;
  const detail =
    phase?.at === 'stepping' ? [phase.index, phase.shifting] : phase?.at === 'reverting' ? [phase.stage] : [];
  return [
    rollout?.id,
    phase?.at,
    detail,
    stable?.id,
    standby?.revision.id,
    retiring.map(({ revision, stage }) => [revision.id, stage]),
    queue.map(({ rolloutId }) => rolloutId),
  ];
}

function pause({ rollout, retiring }: EnvironmentState, acted: boolean): number {
  if (acted) return busyMs;
  if (!rollout) return retiring.length > 0 ? 200 : restingMs;
  const gentle =
    rollout.phase.at === 'baking' || (rollout.phase.at === 'stepping' && !rollout.phase.shifting);
  const { intervalMs } = rollout.candidate.health;
  // Copies are probed at each look: no more often than need be.
  return gentle ? intervalMs : Math.min(intervalMs, 200);
}
