/**
 * Counts time that was really watched. Each look adds what the clock says has passed, but never less than nothing and
 * never more than the longest step that looks are apart; so a clock that jumps, or a server that was down, ends nothing.
 */
export interface ObservedTimer {
  elapsedMs: number;
  /** Wall clock of the last look. */
  lastSeenMs: number;
}

/** A timer that begins now. */
export function startObserved(nowMs: number): ObservedTimer {
  return { elapsedMs: 0, lastSeenMs: nowMs };
}

/** The timer after one more look. */
export function advanceObserved(timer: ObservedTimer, nowMs: number, maxStepMs: number): ObservedTimer {
  const passedMs = Math.min(Math.max(nowMs - timer.lastSeenMs, 0), maxStepMs);
  return { elapsedMs: timer.elapsedMs + passedMs, lastSeenMs: nowMs };
}
