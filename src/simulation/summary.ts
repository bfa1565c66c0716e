/** A share that was counted, with the interval that holds the true one in 95 of 100 cases. */
export interface Share {
  count: number;
  of: number;
  low: number;
  high: number;
}

/** @see Wilson, "Probable inference, the law of succession, and statistical inference", 1927 */
export function shareOf(count: number, of: number): Share {
  const z = 1.96;
  const share = count / of;
  const middle = share + z ** 2 / (2 * of);
  const half = z * Math.sqrt((share * (1 - share)) / of + z ** 2 / (4 * of ** 2));
  const scale = 1 + z ** 2 / of;
  return {
    count,
    of,
    low: count === 0 ? 0 : (middle - half) / scale,
    high: count === of ? 1 : (middle + half) / scale,
  };
}

/** What many rollouts of one kind came to. */
export interface Summary {
  rollouts: number;
  stopped: Share;
  /** Rollouts that still waited for proof after a day. */
  undecided: number;
  /** Of those that were stopped, in rising order. */
  stopMs: number[];
  /** Mean of those that were stopped; null where none was. */
  meanStopMs: number | null;
  meanStopSessions: number | null;
}

/** What one rollout came to. */
export interface Result {
  stopped: boolean;
  undecided?: boolean;
  ms: number;
  sessions: number;
}

export function summarize(results: readonly Result[]): Summary {
  const stopped = results.filter((one) => one.stopped);
  const mean = (of: (one: Result) => number) =>
    stopped.length === 0 ? null : stopped.reduce((sum, one) => sum + of(one), 0) / stopped.length;
  return {
    rollouts: results.length,
    stopped: shareOf(stopped.length, results.length),
    undecided: results.filter(({ undecided }) => undecided).length,
    stopMs: stopped.map(({ ms }) => ms).toSorted((a, b) => a - b),
    meanStopMs: mean(({ ms }) => ms),
    meanStopSessions: mean(({ sessions }) => sessions),
  };
}
