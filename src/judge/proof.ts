import type { JudgeDefinition } from '../app/index.ts';
import { splitsOf } from './comparison.ts';
import { noHarmTest } from './lot-test.ts';
import type { Needed, Seen } from './model.ts';
import { neededForProof, surelyFewer, type Count } from './objective-test.ts';
import { failedOf, slowOf, slowShare } from './objectives.ts';

/** Odds of 20 : 1 are proof that a candidate is good: who errs here waits a little less, and is still watched. */
const proof = Math.log(20);
/** Twice as many failures as on the stable revision would be harm. */
const harmful = 2;

/** Whether it is proven that the candidate does no harm, and if not, about how much more must be seen. */
export function proveGood(rules: JudgeDefinition, seen: Seen): { proven: boolean; needed: Needed | null } {
  const bounds = boundsOf(rules, seen);
  const comparable = rules.errorRate === null && rules.p95Ms === null;
  const asGood =
    comparable &&
    noHarmTest(
      splitsOf(seen.drawn, ({ failed }) => failed),
      harmful,
    ) >= proof;
  if (asGood || bounds.every(({ count, allowed }) => surelyFewer(count, allowed) >= proof))
    return { proven: true, needed: null };
  const missing = bounds.map(({ count, allowed, sessionsEach }) => {
    const more = neededForProof(count, allowed, proof);
    return more === null ? null : more * sessionsEach;
  });
  return { proven: false, needed: neededOf(missing, seen.sessionsPerMinute) };
}

interface Bound {
  count: Count;
  allowed: number;
  /** Sessions that one more of what is counted takes. */
  sessionsEach: number;
}

function boundsOf(rules: JudgeDefinition, { candidate, drawn, probed }: Seen): Bound[] {
  const { errorRate, p95Ms, provenBelow } = rules;
  const sessionsEach = candidate.requests > 0 ? candidate.sessions / candidate.requests : 1;
  const asked = [
    ...(errorRate === null ? [] : [{ count: failedOf(candidate), allowed: errorRate, sessionsEach }]),
    ...(p95Ms === null ? [] : [{ count: slowOf(candidate), allowed: slowShare, sessionsEach: 1 }]),
  ];
  if (asked.length > 0) return asked;
  // Slipway's own requests are proof as good as those of users.
  const sessions = [...drawn, ...(probed ? [probed] : [])].map((one) => one.candidate);
  const lots = { of: sum(sessions.map((one) => one.sessions)), bad: sum(sessions.map((one) => one.failed)) };
  const all = { of: candidate.sessions, bad: candidate.failedSessions };
  // Those that had no lot to draw, as once all traffic is the candidate's, count as well. Some are in both: nobody knows
  // which, so neither sessions nor failures are added up.
  const count = { of: Math.max(all.of, lots.of), bad: Math.max(all.bad, lots.bad) };
  return [{ count, allowed: provenBelow, sessionsEach: 1 }];
}

function neededOf(missing: (number | null)[], sessionsPerMinute: number | null): Needed | null {
  const known = missing.filter((one) => one !== null);
  if (known.length < missing.length || known.length === 0) return null;
  const sessions = Math.ceil(Math.max(...known));
  const minutes = sessionsPerMinute ? sessions / sessionsPerMinute : null;
  return { sessions, minutes };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
