import type { Count } from './objective-test.ts';

/** What became of sessions; all counts only grow. */
export interface SessionCounts {
  sessions: number;
  /** Sessions that met an error. */
  failed: number;
  /** Sessions of which a request took longer than each of the edges looked at, in their order. */
  slow: number[];
}

/** Sessions that drew between the candidate and the stable revision with the same chance. */
export interface DrawnSessions {
  /** Chance of the candidate among the two, 0-1. */
  chance: number;
  candidate: SessionCounts;
  stable: SessionCounts;
}

/**
 * How slow both revisions were, stretch of time by stretch of time. A copy that stands still for a moment makes all slow
 * who are there, which is one event and not many.
 */
export interface Stretches {
  /** Of each. */
  lengthMs: number;
  /** Number of the stretch that is under way. */
  at: number;
  /** What it has brought so far. */
  open: { candidate: SessionCounts; stable: SessionCounts };
  /** What each stake on the stretches that are over has become, as a natural logarithm: by edge, then by stake. */
  wealth: number[][];
  /** Slow sessions of the candidate, no more than a few of each stretch: by chance, then by edge. */
  slow: { chance: number; slow: number[] }[];
}

/** What a revision answered, whoever asked; all counts only grow. */
export interface Totals {
  requests: number;
  errors: number;
  sessions: number;
  /** Sessions that met an error. */
  failedSessions: number;
  /** Requests that surely took longer than `JudgeDefinition.p95Ms`; 0 without that bound. */
  slow: number;
}

/** What both revisions answered while the candidate had one share of the traffic. */
export interface ShareTotals {
  candidate: Totals;
  /** Once the candidate has all traffic, of the share before. Null when there is nothing to compare with. */
  stable: Totals | null;
}

/** Sessions that a router dealt out in turn, not by lot: told by what an interval brought. */
export interface DealtSessions {
  /** Natural logarithm of the e-value so far, see `two-sample.ts`. */
  logE: number;
  candidate: { sessions: number; failed: number };
  stable: { sessions: number; failed: number };
}

/** The readings of one metric so far. */
export interface MetricRecord {
  name: string;
  /** Readings that gave a value of the candidate. */
  readings: number;
  /** Consecutive readings past the bound, up to the last. */
  past: number;
  /** The last values; null when there was none. */
  candidate: number | null;
  stable: number | null;
  /** Why the last reading gave no value; null when it gave one. */
  trouble: string | null;
  /** The one of several machines that the candidate's last value comes from. */
  machine?: string;
}

/** All that a verdict rests on. Nothing of it depends on the clock, or on the order in which equal windows came. */
export interface Seen {
  /** Time within which the users' slow sessions are counted, in ms: as many as `SessionCounts.slow` has entries. */
  edgesMs: readonly number[];
  /** Of users, by chance. Empty where the router does not tell lots. */
  drawn: readonly DrawnSessions[];
  /** Of those, how slow they were from stretch to stretch; null where sessions are taken to be slow by themselves. */
  stretches: Stretches | null;
  /** Null where the router tells lots. */
  dealt: DealtSessions | null;
  /** Requests that Slipway sent itself; all by one chance. Null without probes. */
  probed: DrawnSessions | null;
  /** Since the present share of traffic began, see `ShareTotals`. */
  candidate: Totals;
  stable: Totals | null;
  /** Of the shares of traffic before, in their order. */
  earlier: readonly ShareTotals[];
  /** How many shares of traffic the rollout has, one after the other: each is looked at by itself, too. At least 1. */
  shares: number;
  metrics: readonly MetricRecord[];
  /** New sessions of the candidate a minute, for forecasts; null when not known. */
  sessionsPerMinute: number | null;
}

/** One thing that was looked at, and what it says. */
export interface Evidence {
  about: 'errors' | 'slowness' | 'error-rate' | 'p95' | 'probes' | 'metric';
  /** `metric` only. */
  name: string | null;
  /** `harm`: enough to take it back. `good`: proven. `open`: neither. `unknown`: the source did not answer. */
  says: 'harm' | 'good' | 'open' | 'unknown';
  /** What was seen, for people: "9 of 310 sessions failed on the new revision, 12 of 2,790 on the old". */
  text: string;
  /** How many times likelier this is of a revision that does harm than of one that does not; null where no odds are told. */
  odds: number | null;
  /** What the text sets side by side, for pictures; null where it tells of something else. */
  counts: { candidate: Count; stable: Count } | null;
}

/** About how much more must be seen before anything can be proven. */
export interface Needed {
  sessions: number;
  /** At the present traffic; null when not known. */
  minutes: number | null;
}

/** What the numbers say. No data is neither passed nor failed. */
export type Verdict =
  /** Harm is proven. `reason` is one sentence, of the strongest evidence. */
  | { is: 'failed'; reason: string; evidence: Evidence[] }
  /** That it does no harm is proven. */
  | { is: 'passed'; evidence: Evidence[] }
  | { is: 'inconclusive'; reason: string; evidence: Evidence[]; needed: Needed | null }
  /** Nothing was proven, and a source that should tell did not answer. */
  | { is: 'errored'; reason: string; evidence: Evidence[] };
