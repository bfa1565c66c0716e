import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeLevels } from '../app/index.ts';
import { judge, type Seen, type ShareTotals, type Totals } from './index.ts';
import { tooMany, tooManyByShare, type Bounded } from './objective-test.ts';

const bounded: fc.Arbitrary<Bounded> = fc
  .record({
    good: fc.nat(5_000),
    bad: fc.nat(300),
    allowed: fc.double({ min: 0.001, max: 0.9, noNaN: true }),
  })
  .map(({ good, bad, allowed }) => ({ count: { of: good + bad, bad }, allowed }));
const shares = fc.array(bounded, { minLength: 1, maxLength: 6 });

/** One more of the last share is counted. */
function next(counts: readonly Bounded[], bad: 0 | 1): Bounded[] {
  const last = counts.at(-1);
  if (!last) return [];
  const count = { of: last.count.of + 1, bad: last.count.bad + bad };
  return [...counts.slice(0, -1), { ...last, count }];
}

describe('a bound over several shares of traffic', () => {
  test('is no likelier to look broken after one more request, as long as it is kept', () => {
    fc.assert(
      fc.property(shares, fc.nat(3), fc.double({ min: 0, max: 1, noNaN: true }), (counts, more, part) => {
        const chance = (counts.at(-1)?.allowed ?? 0) * part;
        const all = counts.length + more;
        const now = tooManyByShare(counts, all);
        const grown = (bad: 0 | 1) => Math.exp(tooManyByShare(next(counts, bad), all) - now);
        expect(chance * grown(1) + (1 - chance) * grown(0)).toBeLessThanOrEqual(1 + 1e-6);
      }),
    );
  });

  test('that is to come changes nothing, and one alone is looked at as before', () => {
    fc.assert(
      fc.property(shares, bounded, (counts, one) => {
        const all = counts.length + 1;
        const begun = [...counts, { ...one, count: { of: 0, bad: 0 } }];
        expect(tooManyByShare(begun, all)).toBeCloseTo(tooManyByShare(counts, all), 6);
        expect(tooManyByShare([one], 1)).toBeCloseTo(tooMany([one]), 6);
        expect(tooManyByShare([], 3)).toBeCloseTo(0, 9);
      }),
    );
  });

  test('loses little of what one share says, and of what all say together', () => {
    fc.assert(
      fc.property(shares, (counts) => {
        const logE = tooManyByShare(counts, counts.length);
        const each = Math.max(...counts.map((one) => tooMany([one])));
        expect(logE).toBeGreaterThanOrEqual(tooMany(counts) - Math.log(2) - 1e-6);
        expect(logE).toBeGreaterThanOrEqual(each - Math.log(2 * counts.length) - 1e-6);
      }),
    );
  });
});

describe('what was asked of it, over shares', () => {
  const rules = { ...judgeLevels.balanced, errorRate: 0.01 };
  const totals = (requests: number, errors: number): Totals => ({
    requests,
    errors,
    sessions: requests,
    failedSessions: errors,
    slow: 0,
  });
  const verdict = (earlier: ShareTotals[], present: ShareTotals) => {
    const nothing = { edgesMs: [], drawn: [], stretches: null, dealt: null, probed: null, metrics: [] };
    const seen: Seen = { ...nothing, ...present, earlier, shares: 3, sessionsPerMinute: null };
    return judge(rules, seen);
  };
  const share = (candidate: Totals, stable: Totals): ShareTotals => ({ candidate, stable });

  test('a bound that is broken by a little is seen by two shares where neither would be enough', () => {
    const first = share(totals(2_000, 36), totals(18_000, 60));
    const second = share(totals(2_500, 45), totals(6_000, 20));
    expect(verdict([], first).is).not.toBe('failed');
    expect(verdict([], second).is).not.toBe('failed');
    expect(verdict([first], second)).toMatchObject({
      is: 'failed',
      reason: expect.stringMatching(
        /^1.8 % of its 4,500 requests under 2 shares of traffic failed, 1 % may; odds against chance /,
      ) as string,
    });
  });

  test('one that is broken by the last share alone is told of that share', () => {
    const first = share(totals(2_000, 2), totals(18_000, 20));
    const second = share(totals(1_000, 80), totals(1_000, 2));
    expect(verdict([first], second)).toMatchObject({
      is: 'failed',
      reason: expect.stringMatching(
        /^8 % of its 1,000 requests failed, 1 % may; 0.2 % on the old revision; odds/,
      ) as string,
    });
  });

  test('what strikes both under one share takes nobody back, though the candidate has more of that share', () => {
    const calm = share(totals(1_000, 0), totals(9_000, 0));
    const struck = share(totals(50_000, 5_000), totals(50_000, 5_000));
    expect(verdict([calm], struck).is).not.toBe('failed');
  });

  test('a share with too few requests says nothing', () => {
    const few = share(totals(49, 49), totals(441, 0));
    expect(verdict([few], share(totals(49, 49), totals(49, 0))).is).not.toBe('failed');
  });
});
