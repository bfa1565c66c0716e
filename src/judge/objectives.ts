import type { JudgeDefinition } from '../app/index.ts';
import type { Charge } from './comparison.ts';
import type { Seen, Totals } from './model.ts';
import { tooMany, unclustered, type Count } from './objective-test.ts';
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

function errorRate(allowed: number, rules: JudgeDefinition, { candidate, stable, shares }: Seen): Charge {
  const text = `${shareOf(candidate, failedOf)} failed, ${percent(allowed)} may${beside(stable, failedOf)}`;
  const logE = broken(rules, { candidate, stable, allowed, countOf: failedOf }) - Math.log(shares);
  return {
    trust,
    logE,
    evidence: { about: 'error-rate', name: null, text, odds: oddsOf(logE), counts: null },
  };
}

function p95(allowedMs: number, rules: JudgeDefinition, { candidate, stable, shares }: Seen): Charge {
  const text = `${shareOf(candidate, slowOf)} took longer than ${allowedMs} ms, ${percent(slowShare)} may${beside(stable, slowOf)}`;
  const logE = broken(rules, { candidate, stable, allowed: slowShare, countOf: slowOf }) - Math.log(shares);
  return { trust, logE, evidence: { about: 'p95', name: null, text, odds: oddsOf(logE), counts: null } };
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

function broken(
  { minRequests }: JudgeDefinition,
  seen: { candidate: Totals; stable: Totals | null; allowed: number; countOf: CountOf },
): number {
  const { candidate, stable, allowed, countOf } = seen;
  const enough = Math.max(1, minRequests);
  if (candidate.requests < enough) return 0;
  const share = stable ? ratio(countOf(stable)) : 0;
  if (stable && stable.requests < enough && share > allowed) return 0;
  const bound = Math.max(allowed, beyondStable * share);
  return bound < 1 ? tooMany(countOf(candidate), bound) : 0;
}

function shareOf(totals: Totals, countOf: CountOf): string {
  return `${percent(ratio(countOf(totals)))} of its ${number(totals.requests)} requests`;
}

function beside(stable: Totals | null, countOf: CountOf): string {
  return stable && stable.requests > 0 ? `; ${percent(ratio(countOf(stable)))} on the old revision` : '';
}

function ratio({ of, bad }: Count): number {
  return of === 0 ? 0 : bad / of;
}
