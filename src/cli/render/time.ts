const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** How long something took: `0.4s`, `12.3s`, `3m 02s`, `1h 04m`. Never negative, whatever two clocks say. */
export function took(durationMs: number): string {
  const ms = Math.max(0, durationMs);
  if (ms < minuteMs) return `${(Math.floor(ms / 100) / 10).toFixed(1)}s`;
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  if (ms < hourMs) return `${Math.floor(ms / minuteMs)}m ${two((ms % minuteMs) / secondMs)}s`;
  return `${Math.floor(ms / hourMs)}h ${two((ms % hourMs) / minuteMs)}m`;
}

/** How old something is, in its largest unit: `4s`, `12m`, `3h`, `2d`. */
export function age(durationMs: number): string {
  const ms = Math.max(0, durationMs);
  if (ms < minuteMs) return `${Math.floor(ms / secondMs)}s`;
  if (ms < hourMs) return `${Math.floor(ms / minuteMs)}m`;
  if (ms < dayMs) return `${Math.floor(ms / hourMs)}h`;
  return `${Math.floor(ms / dayMs)}d`;
}

/** What is left of a wait, rounded up so that it never says 0 too early: `3s left`. */
export function left(durationMs: number): string {
  return `${age(Math.ceil(Math.max(0, durationMs) / secondMs) * secondMs)} left`;
}

/** From a start to an end, or to now while there is no end. Empty before the start. */
export function span(startMs: number | null, endMs: number | null, nowMs: number): string {
  return startMs === null ? '' : took((endMs ?? nowMs) - startMs);
}
