import type { SessionCounts } from './model.ts';

/** Two counts in one; of different edges the longer list counts. */
export function addCounts(one: SessionCounts, other: SessionCounts): SessionCounts {
  const [longer, shorter] =
    one.slow.length >= other.slow.length ? [one.slow, other.slow] : [other.slow, one.slow];
  return {
    sessions: one.sessions + other.sessions,
    failed: one.failed + other.failed,
    slow: longer.map((count, index) => count + (shorter[index] ?? 0)),
  };
}
