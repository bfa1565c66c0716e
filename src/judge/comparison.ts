import type { JudgeDefinition } from '../app/index.ts';
import { logOfMean } from './logarithms.ts';
import { lotTest, lotTestByShare, type Split } from './lot-test.ts';
import type { DealtSessions, DrawnSessions, Evidence, Seen, SessionCounts, Stretches } from './model.ts';
import { betOnStretches, fewEachStretch } from './stretches.ts';
import { oddsOf, sideBySide } from './words.ts';

/** What speaks against the candidate: evidence with its weight among all that the judge looks at. */
export interface Charge {
  /** Shares of trust in the kinds of evidence; only their proportions count. */
  trust: number;
  /** Natural logarithm of the e-value. */
  logE: number;
  evidence: Omit<Evidence, 'says'>;
}

/** So many times as often as on the stable revision a session may fail, or be slow: less is nobody's harm. */
const tolerated = 1.1;

const trusts = { errors: 3, slowness: 2, probes: 2 };

/** The candidate's sessions beside those of the stable revision at the same time. */
export function comparisons({ probes, warmUpMs }: JudgeDefinition, seen: Seen): Charge[] {
  // Who was slow before counts among all sessions, and not among the slow ones: that has to be told.
  const since = warmUpMs > 0 ? ' after the warm-up' : '';
  const charges = ofUsers(seen, since);
  return probes === null ? charges : [...charges, ofProbes(seen, since)];
}

/** Some routers may tell lots and others deal sessions out; then both share the trust in failures. */
function ofUsers({ drawn, edgesMs, stretches, shares, dealt }: Seen, since: string): Charge[] {
  if (dealt && drawn.length === 0) return [ofDealt(dealt)];
  const lots = [errors(drawn, shares), slowness(drawn, { edgesMs, since, stretches }, shares)];
  if (!dealt) return lots;
  const half = (one: Charge) => ({ ...one, trust: one.trust / 2 });
  return [ofDealt(dealt), ...lots].map((one) => (one.evidence.about === 'errors' ? half(one) : one));
}

function errors(drawn: readonly DrawnSessions[], shares: number): Charge {
  const logE = lotTestByShare(splitsOf(drawn, failed), tolerated, shares);
  return charge('errors', logE, { counts: sumsOf(drawn, failed), what: 'sessions|failed' });
}

/** The edges share the trust evenly, as they were chosen before the first look; what is told is the one that says most. */
function slowness(
  drawn: readonly DrawnSessions[],
  { edgesMs, since, stretches }: Slow,
  shares: number,
): Charge {
  const test = (splits: Split[]) => lotTestByShare(splits, tolerated, shares);
  const troubles = edgesMs.map((edgeMs, index) => slowerThan(edgeMs, index, since));
  const each = (lots: readonly DrawnSessions[]) => troubles.map((one) => looked(lots, one, test));
  const all = each(drawn);
  const clearest = clearestOf(all);
  const told = clearest
    ? { counts: sumsOf(drawn, clearest.bad), what: `sessions|${clearest.happened}` }
    : 'no times were looked at';
  return charge('slowness', Math.min(meanOf(all), lasting(stretches, drawn, each)), told);
}

/** Slowness says no more than is left of it where many who are slow at once are one event. */
function lasting(
  stretches: Stretches | null,
  drawn: readonly DrawnSessions[],
  each: (lots: readonly DrawnSessions[]) => { logE: number }[],
): number {
  if (!stretches) return Infinity;
  return logOfMean([betOnStretches(stretches), meanOf(each(fewEachStretch(stretches, drawn)))]);
}

function meanOf(all: readonly { logE: number }[]): number {
  return logOfMean(all.map(({ logE }) => logE));
}

/** Beyond which times a session is slow, and since when that is looked at, in words. */
interface Slow {
  edgesMs: readonly number[];
  since: string;
  stretches: Stretches | null;
}

/** What may happen to a session, in words and as a count. */
interface Trouble {
  happened: string;
  bad: (counts: SessionCounts) => number;
}

function slowerThan(edgeMs: number, index: number, since: string): Trouble {
  const happened = `had to wait longer than ${edgeText(edgeMs)}${since}`;
  return { happened, bad: ({ slow }) => slow[index] ?? 0 };
}

function looked(drawn: readonly DrawnSessions[], trouble: Trouble, test: (splits: Split[]) => number) {
  return { ...trouble, logE: test(splitsOf(drawn, trouble.bad)) };
}

function clearestOf<T extends { logE: number }>(all: readonly T[]): T | undefined {
  return all.toSorted((one, other) => other.logE - one.logE)[0];
}

function ofDealt({ logE, candidate, stable }: DealtSessions): Charge {
  const count = ({ sessions, failed }: DealtSessions['stable']) => ({ of: sessions, bad: failed });
  const counts = { candidate: count(candidate), stable: count(stable) };
  return charge('errors', logE, { counts, what: 'sessions|failed' });
}

/** Failures and slowness share the trust evenly; what is told is the one that says most, and no slowness that says nothing. */
function ofProbes({ probed, edgesMs }: Seen, since: string): Charge {
  if (!probed) return charge('probes', 0, "none of Slipway's own requests was counted yet");
  const test = (splits: Split[]) => lotTest(splits, tolerated);
  const failures = looked([probed], { happened: 'failed', bad: failed }, test);
  const slow = edgesMs.map((edgeMs, index) => looked([probed], slowerThan(edgeMs, index, since), test));
  const { bad, happened } = clearestOf([failures, ...slow.filter(({ logE }) => logE > 0)]) ?? failures;
  const logE = logOfMean([failures.logE, logOfMean(slow.map((one) => one.logE))]);
  return charge('probes', logE, {
    counts: sumsOf([probed], bad),
    what: `of Slipway's own requests|${happened}`,
  });
}

type Sums = NonNullable<Evidence['counts']>;

/** @param told - Why in words where there was nothing to look at. */
function charge(
  about: keyof typeof trusts,
  logE: number,
  told: { counts: Sums; what: string } | string,
): Charge {
  const counts = typeof told === 'string' ? null : told.counts;
  const text =
    typeof told === 'string' ? told : sideBySide(told.counts.candidate, told.counts.stable, told.what);
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
