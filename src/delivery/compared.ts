import type { ObservedTimer } from '../flow/index.ts';
import {
  addCounts,
  type DealtSessions,
  type DrawnSessions,
  type Interval,
  type MetricRecord,
  type SessionCounts,
  type ShareTotals,
  type Stretches,
  type Totals,
} from '../judge/index.ts';
import type { LotCounts, RouterState, SessionLot } from './ports.ts';

/**
 * What the candidate and the stable revision have shown beside each other: sums of what was counted from look to look, so
 * that a router which begins anew, or loses a while, takes nothing from them and adds nothing.
 */
export interface Compared {
  /** Index of the step whose share of traffic this is. */
  share: number;
  /** How many shares there were to be when the first began; nobody who hurries makes them fewer. */
  shares: number;
  /** Since the candidate first had traffic, and since it has the present share. */
  since: ObservedTimer;
  shareSince: ObservedTimer;
  /** Times that tell slow sessions; empty until they are chosen by what the stable revision had needed before. */
  edgesMs: number[];
  /** By machine: up to where its router's counts are in the sums. */
  readings: Record<string, Reading>;
  /** Since the present share began; of the stable revision what was known last, once it has none. */
  candidate: Totals;
  stable: Totals | null;
  /** The same of the shares before, in their order. */
  earlier: ShareTotals[];
  /** By chance, since the first traffic. */
  drawn: DrawnSessions[];
  /** Of those; null where each session counts by itself. */
  stretches: Stretches | null;
  /** Where a router tells no lots. */
  dealt: DealtSessions | null;
  /** What a router that tells none has brought since there were sessions of both: two samples need both. */
  undealt: Interval | null;
  probed: DrawnSessions | null;
  /** Up to where the counts of Slipway's own requests are in the sum. */
  probesRead: { epoch: string; candidate: SessionCounts; stable: SessionCounts } | null;
  /** By name; each with the reading that it counted last. */
  metrics: Record<string, MetricRecord & { id: string }>;
}

/** The counts of one router at a look. */
export interface Reading {
  epoch: string;
  losses: number;
  candidate: Totals;
  stable: Totals;
  /** Null where it tells none. */
  lots: DrawnSessions[] | null;
}

export const noTotals: Totals = { requests: 0, errors: 0, sessions: 0, failedSessions: 0, slow: 0 };

/** Whose counts are read, and what is slow. */
export interface Reader {
  candidate: string;
  stable: string | null;
  edgesMs: readonly number[];
  /** See `JudgeDefinition.p95Ms`. */
  slowerThanMs: number | null;
}

/** What a router has counted of both since its epoch. */
export function readRouter(router: RouterState, reader: Reader): Reading {
  const { epoch, losses, lots } = router;
  const totals = (id: string | null) => totalsOf(router, id, reader.slowerThanMs);
  return {
    epoch,
    losses,
    candidate: totals(reader.candidate),
    stable: totals(reader.stable),
    // One of an older version does not know them.
    lots: lots ? lotsByChance(lots, reader) : null,
  };
}

/** What came between two readings of one router; null when some of it was lost, so that all of it says nothing. */
export function between(before: Reading, now: Reading): Omit<Reading, 'epoch' | 'losses'> | null {
  if (now.epoch !== before.epoch) return now;
  if (now.losses !== before.losses) return null;
  return {
    candidate: minus(now.candidate, before.candidate),
    stable: minus(now.stable, before.stable),
    // One that has told none for a while is read from here on.
    lots: now.lots && (before.lots ? now.lots.map((lot) => lotMinus(lot, before.lots ?? [])) : []),
  };
}

/** Both sums by chance. */
export function addDrawn(sums: readonly DrawnSessions[], more: readonly DrawnSessions[]): DrawnSessions[] {
  const chances = new Set([...sums, ...more].map(({ chance }) => chance));
  return [...chances].map((chance) => {
    const all = [...sums, ...more].filter((one) => one.chance === chance);
    const total = (side: 'candidate' | 'stable') => all.map((one) => one[side]).reduce(addCounts);
    return { chance, candidate: total('candidate'), stable: total('stable') };
  });
}

export function addTotals(one: Totals, other: Totals): Totals {
  return combine(one, other, (a, b) => a + b);
}

/** Counts of sessions by the edges that a reader looks at: those of the router that are the next above. */
export function countsOf({ sessions, failed, slow }: LotCounts, edgesMs: readonly number[]): SessionCounts {
  return {
    sessions,
    failed,
    slow: edgesMs.map((edgeMs) => slow.find(({ overMs }) => overMs >= edgeMs)?.count ?? 0),
  };
}

/** What came since. Whoever was slow by other edges says nothing by these. */
export function countsMinus(now: SessionCounts, before: SessionCounts | undefined): SessionCounts {
  if (!before) return now;
  return {
    sessions: Math.max(0, now.sessions - before.sessions),
    failed: Math.max(0, now.failed - before.failed),
    slow: now.slow.map((count, index) => Math.max(0, count - (before.slow[index] ?? count))),
  };
}

/** Without what says who was slow. */
export function withoutSlow(counts: SessionCounts): SessionCounts {
  return { ...counts, slow: counts.slow.map(() => 0) };
}

function lotsByChance(lots: readonly SessionLot[], { candidate, stable, edgesMs }: Reader): DrawnSessions[] {
  const all = lots.flatMap(({ weights, drawn }) => {
    const [won, lost] = [weights[candidate], stable === null ? undefined : weights[stable]];
    if (won === undefined || lost === undefined) return [];
    const counts = (id: string) => countsOf(drawn[id] ?? { sessions: 0, failed: 0, slow: [] }, edgesMs);
    return [{ chance: won / (won + lost), candidate: counts(candidate), stable: counts(stable ?? '') }];
  });
  // Beside a third revision, two lots may have the same chance.
  return addDrawn([], all);
}

function lotMinus(now: DrawnSessions, before: readonly DrawnSessions[]): DrawnSessions {
  const then = before.find(({ chance }) => chance === now.chance);
  return {
    chance: now.chance,
    candidate: countsMinus(now.candidate, then?.candidate),
    stable: countsMinus(now.stable, then?.stable),
  };
}

function totalsOf({ revisions }: RouterState, id: string | null, slowerThanMs: number | null): Totals {
  const traffic = revisions.find((one) => one.id === id);
  if (!traffic) return noTotals;
  const { requests, errors, sessions, sessionsWithError: failedSessions, latency } = traffic;
  return { requests, errors, sessions, failedSessions, slow: slowerThan(latency, slowerThanMs) };
}

/** Surely slower: counted from the first edge that is not below the bound. */
function slowerThan(latency: RouterState['revisions'][number]['latency'], boundMs: number | null): number {
  const timed = latency.at(-1)?.count ?? 0;
  if (boundMs === null || timed === 0) return 0;
  return timed - (latency.find(({ leMs }) => leMs !== null && leMs >= boundMs)?.count ?? timed);
}

function minus(now: Totals, before: Totals): Totals {
  return combine(now, before, (a, b) => Math.max(0, a - b));
}

function combine(one: Totals, other: Totals, by: (one: number, other: number) => number): Totals {
  return {
    requests: by(one.requests, other.requests),
    errors: by(one.errors, other.errors),
    sessions: by(one.sessions, other.sessions),
    failedSessions: by(one.failedSessions, other.failedSessions),
    slow: by(one.slow, other.slow),
  };
}
