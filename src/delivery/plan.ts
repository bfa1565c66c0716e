import type { NewEvent, Signal } from '../flow/index.ts';
import { advanceRollout } from './advance.ts';
import { Draft, type RolloutResult } from './draft.ts';
import { planEffects, type Effect } from './effects.ts';
import type { EnvironmentState, Rollout, RolloutPhase } from './environment.ts';
import { findFailure, superseded, watchCopies } from './failure.ts';
import { noteMigrated } from './migrations.ts';
import type { Observed } from './observed.ts';
import { revert, startNext, takeSignals } from './requests.ts';
import { retire } from './retire.ts';
import { advanceReplacing } from './shared.ts';
import { missedMachines, noteSilence } from './silence.ts';
import { advanceTimers } from './timers.ts';
import { withoutHopeless } from './trouble.ts';
import { watchBounds } from './watch-bounds.ts';
import { watchTraffic } from './watch-traffic.ts';

/** What a tick does: effects first, then the new state with its events and replies, in one commit. */
export interface Decision {
  effects: Effect[];
  state: EnvironmentState;
  events: NewEvent[];
  replies: { flowId: string; result: RolloutResult }[];
  /** When to look again; the sooner the more is going on. */
  wakeInMs: number;
}

const restingMs = 5_000;
const busyMs = 25;
const waitingMs = 1_000;

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
  noteSilence(draft.state, observed, nowMs);
  const before = JSON.stringify(positions(draft.state));
  noteMigrated(draft.state, observed);
  takeSignals(draft, signals, nowMs);
  // Before anything is decided: what this look counted must not come too late for it.
  const { rollout: watched, stable } = draft.state;
  if (watched) watchTraffic(stable?.id ?? null, watched, observed, nowMs);
  let effects: Effect[] = [];
  // A signal that changes nothing holds nothing up, however often it comes.
  const asked = JSON.stringify(positions(draft.state)) !== before;
  if (!asked) {
    const rollout = draft.state.rollout;
    const cause = rollout && (findFailure(draft.state, rollout, observed) ?? superseded(draft.state));
    if (cause) revert(draft, cause, nowMs);
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
    const missed = missedMachines(state.rollout, observed);
    if (!state.rollout.paused && missed.length === 0) advance(draft, observed, nowMs);
  }
  watchBounds(draft, observed, nowMs);
  advanceReplacing(draft, observed, nowMs);
  retire(draft, observed, nowMs);
  startNext(draft, nowMs);
}

/** Phases that need no look of their own: the one that ended the phase before may show all that they wait for. */
const judgedAtOnce: readonly RolloutPhase['at'][] = ['stopping-workers', 'starting-workers', 'baking'];

/** Moves the rollout on: by one stage, and by more where the same look agrees with what comes next. */
function advance(draft: Draft, observed: Observed, nowMs: number): void {
  const { state } = draft;
  for (let rollout = state.rollout; rollout;) {
    const { at } = rollout.phase;
    advanceRollout(draft, rollout, observed, nowMs);
    rollout = state.rollout;
    if (!rollout || rollout.phase.at === at || !judgedAtOnce.includes(rollout.phase.at)) return;
    if (planEffects(state, observed).length > 0) return;
  }
}

/** What tells whether the state has moved, apart from timers and counts. */
function positions({
  rollout,
  stable,
  standby,
  retiring,
  queue,
  shared,
  replacing,
}: EnvironmentState): unknown {
  return [
    rollout && positionOf(rollout),
    stable?.id,
    standby?.revision.id,
    retiring.map(({ revision, stage, on }) => [revision.id, stage, on]),
    queue.map(({ rolloutId }) => rolloutId),
    shared.map(({ service, revision }) => [service.name, revision.id]),
    replacing && [replacing.service, replacing.stage, replacing.undoing],
  ];
}

function positionOf({ id, phase, paused, hurried, taskIndex, outage }: Rollout): unknown {
  const { index, stage, check, approvedBy } = { index: 0, stage: '', check: 0, approvedBy: '', ...phase };
  return [
    id,
    phase.at,
    index,
    stage,
    check,
    approvedBy,
    paused?.by,
    hurried,
    taskIndex,
    outage?.before.length,
  ];
}

function pause({ rollout, retiring, replacing, silent = {} }: EnvironmentState, acted: boolean): number {
  if (acted) return busyMs;
  // What can only go on when a machine is seen again is not waited for.
  const leaving = retiring.some(({ revision, on = revision.machines }) =>
    on.some((machine) => !(machine in silent)),
  );
  if (!rollout) return leaving || replacing ? 200 : restingMs;
  if (rollout.phase.at === 'waiting') return waitingMs;
  const { intervalMs } = rollout.candidate.health;
  // Copies are probed at each look: no more often than need be.
  return isGentle(rollout) ? intervalMs : Math.min(intervalMs, 200);
}

function isGentle({ phase, paused }: Rollout): boolean {
  if (paused || phase.at === 'baking' || phase.at === 'checking-stable') return true;
  return phase.at === 'stepping' && phase.stage !== 'shifting' && phase.stage !== 'flagging';
}
