import type { Onlooker } from '../rollout.ts';
import type { Counts } from '../trace.ts';

/** What a minute brought to one revision, as a metrics server would tell it. */
export interface Minute {
  requests: number;
  errors: number;
  /** Requests that took longer than each of `marksMs`. */
  slow: readonly number[];
}

/** Requests are counted by these times: what is held against p99, and what is compared. */
export const marksMs = [250, 500] as const;

/**
 * Somebody else's rule. It sees the users of Slipway's own rollout minute by minute, while both revisions have some: it
 * moves no traffic. The tools themselves stay at a share, or go back, where their check fails.
 */
export interface Rule {
  /** @returns Whether the rollout goes back now. */
  minute(candidate: Minute, stable: Minute): boolean;
  /** After the last minute. */
  end(): boolean;
}

/** A rule as an onlooker of a rollout, and whether it would have stopped that. */
export interface RuleAtWork extends Onlooker {
  /** Whether it went back, and after how long. */
  end(): { stopped: boolean; ms: number; sessions: number };
}

const minuteMs = 60_000;

export function atWork(rule: Rule): RuleAtWork {
  let stopped = false;
  let [ms, sessions] = [0, 0];
  let [candidate, stable] = [emptyMinute(), emptyMinute()];
  return {
    see(counts, atMs) {
      if (stopped) return;
      ms = atMs;
      sessions += counts.candidate.sessions + counts.stable.sessions;
      add(candidate, counts.candidate);
      add(stable, counts.stable);
      if (atMs % minuteMs !== 0) return;
      stopped = rule.minute(candidate, stable);
      [candidate, stable] = [emptyMinute(), emptyMinute()];
    },
    end: () => ({ stopped: stopped || rule.end(), ms, sessions }),
  };
}

function emptyMinute(): Minute & { slow: number[] } {
  return { requests: 0, errors: 0, slow: marksMs.map(() => 0) };
}

function add(minute: Minute & { slow: number[] }, counts: Counts): void {
  minute.requests += counts.requests;
  minute.errors += counts.errors;
  for (let mark = 0; mark < marksMs.length; mark++)
    minute.slow[mark] = (minute.slow[mark] ?? 0) + (counts.slowRequests[mark] ?? 0);
}
