import { advanceObserved, type ObservedTimer } from '../flow/index.ts';
import type { EnvironmentState, Rollout } from './environment.ts';
import { advanceTroubles } from './trouble.ts';

/** One look at a timer counts for at most this much, so that neither a clock that jumps nor a long sleep ends a window. */
const longestLookMs = 10_000;
/**
 * Of a rollout, whose looks are close together. A server that was down must not use up the time in which a revision may
 * become ready: the first look after it only begins to probe.
 */
const shortestRolloutLookMs = 1_000;

type Advance = (timer: ObservedTimer) => ObservedTimer;

/** Counts the time since the last look. */
export function advanceTimers(state: EnvironmentState, nowMs: number): void {
  const rest: Advance = (timer) => advanceObserved(timer, nowMs, longestLookMs);
  const { standby, replacing, rollout } = state;
  if (standby) standby.window = rest(standby.window);
  for (const leaving of state.retiring) leaving.drain = rest(leaving.drain);
  for (const [machine, since] of Object.entries(state.silent ?? {}))
    state.silent = { ...state.silent, [machine]: rest(since) };
  if (state.watch) state.watch.window = rest(state.watch.window);
  if (replacing) {
    replacing.away = rest(replacing.away);
    replacing.timer = rest(replacing.timer);
  }
  if (!rollout) return;
  const { intervalMs, probeTimeoutMs } = rollout.candidate.health;
  const lookMs = Math.max(shortestRolloutLookMs, 2 * intervalMs + probeTimeoutMs);
  if (state.troubles) state.troubles = advanceTroubles(state.troubles, nowMs, lookMs);
  if (rollout.phase.at !== 'waiting') rollout.underWay = rest(rollout.underWay);
  if (rollout.outage) rollout.outage.since = rest(rollout.outage.since);
  if (rollout.paused) rollout.paused.since = rest(rollout.paused.since);
  const advance: Advance = rollout.paused
    ? (timer) => ({ ...timer, lastSeenMs: nowMs })
    : (timer) => advanceObserved(timer, nowMs, lookMs);
  if (rollout.compared) {
    rollout.compared.since = advance(rollout.compared.since);
    rollout.compared.shareSince = advance(rollout.compared.shareSince);
  }
  advancePhase(rollout, { advance, rest: rollout.paused ? advance : rest });
}

/** A rollout that is paused uses up no time. */
function advancePhase({ phase }: Rollout, { advance, rest }: { advance: Advance; rest: Advance }): void {
  // Waits of people and of holds are looked at rarely; the others belong to looks that are close together.
  const timer = phase.at === 'waiting' || isHold(phase) ? rest : advance;
  if ('timer' in phase) phase.timer = timer(phase.timer);
  if ('gate' in phase) phase.gate.deadline = advance(phase.gate.deadline);
  if (phase.at === 'starting-workers') {
    phase.up = advance(phase.up);
    phase.deadline = advance(phase.deadline);
  }
}

function isHold(phase: Rollout['phase']): boolean {
  return phase.at === 'stepping' && phase.stage === 'holding';
}
