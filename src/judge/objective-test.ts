import { logOfMean, logOfSum } from './logarithms.ts';

/** So many of so many; need not be whole, see `unclustered`. */
export interface Count {
  of: number;
  bad: number;
}

/** What was counted, and which share of it may be bad: 0-1, both excluded. */
export interface Bounded {
  count: Count;
  allowed: number;
}

/** By how much a share may be above what is allowed. */
const worse = [1.25, 1.5, 2, 3, 4, 6, 10, 20, 50, 100];
/** And below. Half of the trust goes to no failure at all, which is what most good revisions show. */
const better: readonly (readonly [trust: number, times: number])[] = [
  [0.5, 0],
  [0.1, 0.1],
  [0.15, 0.25],
  [0.15, 0.5],
  [0.1, 0.75],
];

/**
 * Whether more is bad than may be. Several counts, each with a bound of its own, are looked at together: as if all were
 * past their bounds by the same factor.
 *
 * @returns The natural logarithm of the e-value against "at most the allowed share of each".
 * @see Waudby-Smith, Ramdas, arXiv:2010.09686 (betting on bounded means; here a mixture of likelihood ratios)
 */
export function tooMany(counts: readonly Bounded[]): number {
  return logOfMean(
    worse.map((times) =>
      counts.reduce(
        (sum, { count, allowed }) => sum + likelihoodRatio(count, beyond(allowed, times), allowed),
        0,
      ),
    ),
  );
}

/**
 * The same of each count by itself, averaged, beside all of them together: what keeps a bound under a tenth of the traffic
 * may break it under half, and what breaks it by a little does so under both.
 *
 * @param shares - How many counts there will be, fixed before the first look; those to come say nothing yet.
 */
export function tooManyByShare(counts: readonly Bounded[], shares: number): number {
  const ofEach = Array.from({ length: shares }, (_, index) => tooMany(counts.slice(index, index + 1)));
  return logOfSum([
    [0.5, tooMany(counts)],
    [0.5, logOfMean(ofEach)],
  ]);
}

/** No share is above all: then half-way there. */
function beyond(allowed: number, times: number): number {
  return allowed * times < 1 ? allowed * times : (1 + allowed) / 2;
}

/** Whether surely fewer are bad. @returns The natural logarithm of the e-value against "at least the allowed share". */
export function surelyFewer(count: Count, allowed: number): number {
  return logOfSum(better.map(([trust, times]) => [trust, likelihoodRatio(count, allowed * times, allowed)]));
}

/**
 * About how many more, as good as those before, prove that fewer are bad; null when these do not look like it.
 *
 * @param proof - Logarithm of the e-value that is proof.
 */
export function neededForProof(count: Count, allowed: number, proof: number): number | null {
  const grown = (times: number) => surelyFewer({ of: count.of * times, bad: count.bad * times }, allowed);
  if (count.of === 0) return Math.ceil((proof + Math.log(2)) / -Math.log(1 - allowed));
  if (grown(1) >= proof) return 0;
  let [low, high] = [1, 2];
  while (grown(high) < proof) {
    [low, high] = [high, high * 2];
    if (count.of * high > 1e9) return null;
  }
  for (let round = 0; round < 20; round++) {
    const middle = (low + high) / 2;
    if (grown(middle) < proof) low = middle;
    else high = middle;
  }
  return Math.ceil(count.of * (high - 1));
}

/**
 * Requests of one session fail together, so each says less than one of a session of its own. Bad requests count as the
 * groups in which they come, and all requests shrink by as much.
 *
 * @param groups - How many sessions the bad requests belong to; one that was bad before is not among them, so at least one.
 * @see Kish, "Survey Sampling", 1965, section 5.4 (design effect)
 */
export function unclustered({ of, bad }: Count, groups: number): Count {
  const together = bad > 0 ? Math.max(1, bad / Math.max(1, groups)) : 1;
  return { of: of / together, bad: bad / together };
}

function likelihoodRatio({ of, bad }: Count, share: number, against: number): number {
  const forBad = bad === 0 ? 0 : bad * Math.log(share / against);
  const forGood = of === bad ? 0 : (of - bad) * Math.log((1 - share) / (1 - against));
  return forBad + forGood;
}
