import { logOfMean } from './logarithms.ts';
import { lotTest, lotTestByShare, type Split } from './lot-test.ts';
import type { DealtSessions, DrawnSessions, Evidence, Seen, SessionCounts } from './model.ts';
import { oddsOf, sideBySide } from './words.ts';

/** What speaks against the candidate: evidence with its weight among all that the judge looks at. */
export interface Charge {
  /** Shares of trust in the kinds of evidence; only their proportions count. */
  trust: number;
  /** Natural logarithm of the e-value. */
  logE: number;
  evidence: Omit<Evidence, 'says'>;
}

/** So many times as often as on the stable revision a session may fail, and be slow: less is nobody's harm. */
const toleratedFailures = 1.1;
const toleratedSlowness = 1.25;

const trusts = { errors: 4, slowness: 2, probes: 2 };

/** The candidate's sessions beside those of the stable revision at the same time. */
export function comparisons(seen: Seen): Charge[] {
  const { drawn, edgesMs, shares, probed, dealt } = seen;
  const charges = dealt ? [ofDealt(dealt)] : [errors(drawn, shares), slowness(drawn, edgesMs, shares)];
  return probed ? [...charges, ofProbes(probed, edgesMs)] : charges;
}

function errors(drawn: readonly DrawnSessions[], shares: number): Charge {
  const logE = lotTestByShare(splitsOf(drawn, failed), toleratedFailures, shares);
  return charge('errors', logE, { counts: sumsOf(drawn, failed), what: 'sessions|failed' });
}

/** The edges share the trust evenly, as they were chosen before the first look; what is told is the one that says most. */
function slowness(drawn: readonly DrawnSessions[], edgesMs: readonly number[], shares: number): Charge {
  const all = edgesMs.map((edgeMs, index) => {
    const slow = ({ slow }: SessionCounts) => slow[index] ?? 0;
    return { edgeMs, slow, logE: lotTestByShare(splitsOf(drawn, slow), toleratedSlowness, shares) };
  });
  const clearest = all.toSorted((a, b) => b.logE - a.logE)[0];
  const told = clearest && {
    counts: sumsOf(drawn, clearest.slow),
    what: `sessions|had to wait longer than ${edgeText(clearest.edgeMs)}`,
  };
  return charge('slowness', logOfMean(all.map(({ logE }) => logE)), told);
}

function ofDealt({ logE, candidate, stable }: DealtSessions): Charge {
  const count = ({ sessions, failed }: DealtSessions['stable']) => ({ of: sessions, bad: failed });
  const counts = { candidate: count(candidate), stable: count(stable) };
  return charge('errors', logE, { counts, what: 'sessions|failed' });
}

function ofProbes(probed: DrawnSessions, edgesMs: readonly number[]): Charge {
  const slow = edgesMs.map((_, index) =>
    lotTest(
      splitsOf([probed], ({ slow }) => slow[index] ?? 0),
      toleratedSlowness,
    ),
  );
  const logE = logOfMean([lotTest(splitsOf([probed], failed), toleratedFailures), logOfMean(slow)]);
  const counts = sumsOf([probed], failed);
  return charge('probes', logE, { counts, what: "of Slipway's own requests|failed" });
}

type Sums = NonNullable<Evidence['counts']>;

/** @param told - Nothing where there was nothing to look at. */
function charge(about: keyof typeof trusts, logE: number, told?: { counts: Sums; what: string }): Charge {
  const text = told
    ? sideBySide(told.counts.candidate, told.counts.stable, told.what)
    : 'no times were looked at';
  const counts = told?.counts ?? null;
  return { trust: trusts[about], logE, evidence: { about, name: null, text, odds: oddsOf(logE), counts } };
}

const failed = ({ failed }: SessionCounts) => failed;

/** Those of each chance that somebody else drew as well, or that nobody drew, say nothing. */
export function splitsOf(drawn: readonly DrawnSessions[], bad: (counts: SessionCounts) => number): Split[] {
  return drawn.map(({ chance, candidate, stable }) => ({
    chance,
    candidate: bad(candidate),
    stable: bad(stable),
  }));
}

function sumsOf(drawn: readonly DrawnSessions[], bad: (counts: SessionCounts) => number): Sums {
  const sum = (side: 'candidate' | 'stable') => ({
    of: drawn.reduce((total, one) => total + one[side].sessions, 0),
    bad: drawn.reduce((total, one) => total + bad(one[side]), 0),
  });
  return { candidate: sum('candidate'), stable: sum('stable') };
}

function edgeText(edgeMs: number): string {
  return edgeMs < 1_000 ? `${Math.round(edgeMs)} ms` : `${Number((edgeMs / 1_000).toPrecision(2))} s`;
}
