import type { DealtSessions } from './model.ts';

/** Sessions that an interval brought, and how many of them failed. */
export interface Interval {
  candidate: { sessions: number; failed: number };
  stable: { sessions: number; failed: number };
}

export const nothingDealt: DealtSessions = {
  logE: 0,
  candidate: { sessions: 0, failed: 0 },
  stable: { sessions: 0, failed: 0 },
};

/** What is known before the first interval: a few made-up sessions. */
const prior = { failed: 0.18, sessions: 0.36 };

/**
 * Adds an interval to the comparison of two samples, for routers that deal sessions out in turn and tell no lots: what is
 * expected comes from earlier intervals, and how the new one turned out is held against it. Other than lots it needs
 * sessions that fail independently of each other.
 *
 * @see Turner, Ly, Grünwald, "Generic E-variables for exact sequential k-sample tests", arXiv:2106.02693
 */
export function addInterval(before: DealtSessions, interval: Interval): DealtSessions {
  const [candidate, stable] = [whole(interval.candidate), whole(interval.stable)];
  return {
    logE: before.logE + gain(before, candidate, stable),
    candidate: sum(before.candidate, candidate),
    stable: sum(before.stable, stable),
  };
}

type Sessions = Interval['candidate'];

function gain(before: DealtSessions, candidate: Sessions, stable: Sessions): number {
  const total = candidate.sessions + stable.sessions;
  if (total === 0) return 0;
  const [ofCandidate, ofStable] = [expected(before.candidate), expected(before.stable)];
  // A candidate that looks better gives no reason to bet against it.
  if (ofCandidate <= ofStable) return 0;
  const ofBoth = (candidate.sessions * ofCandidate + stable.sessions * ofStable) / total;
  return likelihoodRatio(candidate, ofCandidate, ofBoth) + likelihoodRatio(stable, ofStable, ofBoth);
}

function expected({ sessions, failed }: Sessions): number {
  return (failed + prior.failed) / (sessions + prior.sessions);
}

/** A session may fail an interval later than it began. */
function whole({ sessions, failed }: Sessions): Sessions {
  return { sessions: Math.max(sessions, failed), failed };
}

function sum(one: Sessions, other: Sessions): Sessions {
  return { sessions: one.sessions + other.sessions, failed: one.failed + other.failed };
}

function likelihoodRatio({ sessions, failed }: Sessions, share: number, against: number): number {
  return failed * Math.log(share / against) + (sessions - failed) * Math.log((1 - share) / (1 - against));
}
