import type { JudgeDefinition } from '../app/index.ts';
import type { Evidence, Totals } from './model.ts';
import type { Count } from './objective-test.ts';
import { failedOf, objectives, slowOf, slowShare } from './objectives.ts';
import { oddsText } from './words.ts';

/** Whether bounds are kept where there is nothing to compare with. */
export type Kept = { is: 'broken'; reason: string; evidence: Evidence[] } | { is: 'kept' | 'unknown' };

/** Bounds of what serves are looked at for good: chance may say that one is broken so many times less often. */
const stricter = 10;

/**
 * Holds what serves against the bounds of a judge: errors and times.
 *
 * @returns `unknown` where there are no bounds, fewer requests than they need to say anything, or where what was seen is
 *   past a bound by so little that it proves nothing.
 */
export function keepsBounds(rules: JudgeDefinition, totals: Totals): Kept {
  const alone = { candidate: totals, stable: null, earlier: [], shares: 1 };
  const charges = objectives(rules, {
    ...alone,
    edgesMs: [],
    drawn: [],
    stretches: null,
    dealt: null,
    probed: null,
    metrics: [],
    sessionsPerMinute: null,
  });
  // Each bound by itself has its share of the chance.
  const limit = Math.log((charges.length * stricter) / rules.falseAlarm);
  const broken = charges.filter(({ logE }) => logE >= limit).map(({ evidence }) => evidence);
  const [first] = broken;
  if (first)
    return {
      is: 'broken',
      reason: `${first.text}; odds against chance ${oddsText(first.odds ?? 1)}`,
      evidence: broken.map((one) => ({ ...one, says: 'harm' })),
    };
  const enough = charges.length > 0 && totals.requests >= Math.max(1, rules.minRequests);
  return { is: enough && isBelow(rules, totals) ? 'kept' : 'unknown' };
}

function isBelow({ errorRate, p95Ms }: JudgeDefinition, totals: Totals): boolean {
  const below = ({ of, bad }: Count, allowed: number) => bad < allowed * of;
  const fewFail = errorRate === null || below(failedOf(totals), errorRate);
  return fewFail && (p95Ms === null || below(slowOf(totals), slowShare));
}
