import type { JudgeDefinition } from '../app/index.ts';
import type { Charge } from './comparison.ts';
import type { Seen, ShareTotals, Totals } from './model.ts';
import { tooMany, tooManyByShare, unclustered, type Bounded, type Count } from './objective-test.ts';
import { number, oddsOf, percent } from './words.ts';

/** Share of requests that may be slower than a bound: p95. */
export const slowShare = 0.05;

const trust = 2;

/** So many times the stable revision's share is fine where that is above the bound: chance makes a difference as well. */
const beyondStable = 2;

/**
 * What was asked of the candidate. Where the stable revision breaks it, too, or nearly so, its own share says what may be:
 * what serves badly must not block its mend, and what strikes both is nobody's fault.
 */
export function objectives(rules: JudgeDefinition, seen: Seen): Charge[] {
  return [
    ...(rules.errorRate === null ? [] : [errorRate(rules.errorRate, rules, seen)]),
    ...(rules.p95Ms === null ? [] : [p95(rules.p95Ms, rules, seen)]),
  ];
}

function errorRate(allowed: number, rules: JudgeDefinition, seen: Seen): Charge {
  const words = (share: string) => `${share} failed, ${percent(allowed)} may`;
  return charge({ about: 'error-rate', allowed, countOf: failedOf, words }, rules, seen);
}

function p95(allowedMs: number, rules: JudgeDefinition, seen: Seen): Charge {
  const words = (share: string) => `${share} took longer than ${allowedMs} ms, ${percent(slowShare)} may`;
  return charge({ about: 'p95', allowed: slowShare, countOf: slowOf, words }, rules, seen);
}

/** A bound, what is counted for it, and what is told. */
interface Objective {
  about: 'error-rate' | 'p95';
  allowed: number;
  countOf: CountOf;
  words: (share: string) => string;
}

/** Told is what says most: the present share of traffic, all so far, or an earlier one. */
function charge(objective: Objective, rules: JudgeDefinition, seen: Seen): Charge {
  const { about } = objective;
  const present = { candidate: seen.candidate, stable: seen.stable };
  const all = [...seen.earlier, present].slice(-seen.shares);
  const bounded = (shares: readonly ShareTotals[]) =>
    shares.flatMap((one) => heldAgainst(objective, rules, one));
  const logE = tooManyByShare(bounded(all), seen.shares);
  const looks: Look[] = [
    { shares: [present], where: '' },
    { shares: all, where: ` under ${all.length} shares of traffic` },
    ...seen.earlier.map((one) => ({ shares: [one], where: ' under an earlier share of traffic' })),
  ];
  const [clearest] = looks.toSorted(
    (one, other) => tooMany(bounded(other.shares)) - tooMany(bounded(one.shares)),
  );
  const text = clearest ? told(clearest, objective) : '';
  return { trust, logE, evidence: { about, name: null, text, odds: oddsOf(logE), counts: null } };
}

/** Shares of traffic that are looked at together, and how that is said. */
interface Look {
  shares: readonly ShareTotals[];
  where: string;
}

function told({ shares, where }: Look, { countOf, words }: Objective): string {
  const requests = shares.reduce((sum, { candidate }) => sum + candidate.requests, 0);
  const bad = shares.reduce((sum, { candidate }) => sum + candidate.requests * ratio(countOf(candidate)), 0);
  const share = percent(ratio({ of: requests, bad }));
  const stable = shares.length === 1 ? shares[0]?.stable : null;
  const beside =
    stable && stable.requests > 0 ? `; ${percent(ratio(countOf(stable)))} on the old revision` : '';
  return `${words(`${share} of its ${number(requests)} requests${where}`)}${beside}`;
}

type CountOf = (totals: Totals) => Count;

/** Requests that failed, in the groups in which they came. */
export function failedOf({ requests, errors, failedSessions }: Totals): Count {
  return unclustered({ of: requests, bad: errors }, failedSessions);
}

/** Requests that were slow; nobody knows whose they were, so each session counts as one. */
export function slowOf({ requests, sessions, slow }: Totals): Count {
  const together = Math.max(1, requests / Math.max(1, sessions));
  return { of: requests / together, bad: slow / together };
}

/** What is held against which bound; nothing where too little was seen. */
function heldAgainst(
  { allowed, countOf }: Objective,
  { minRequests }: JudgeDefinition,
  { candidate, stable }: ShareTotals,
): Bounded[] {
  const enough = Math.max(1, minRequests);
  if (candidate.requests < enough) return [];
  const share = stable ? ratio(countOf(stable)) : 0;
  if (stable && stable.requests < enough && share > allowed) return [];
  const bound = Math.max(allowed, beyondStable * share);
  return bound < 1 ? [{ count: countOf(candidate), allowed: bound }] : [];
}

function ratio({ of, bad }: Count): number {
  return of === 0 ? 0 : bad / of;
}
