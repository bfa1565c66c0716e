import { logOfMean, logOfSum } from './logarithms.ts';

/** Sessions that something happened to, of those that drew the candidate with the same chance. */
export interface Split {
  /** Chance of the candidate, 0-1, both excluded. */
  chance: number;
  candidate: number;
  stable: number;
}

/** How many times as often it may happen on the candidate; spread evenly over their logarithms. */
const ratios = [1.25, 1.5, 2, 2.7, 3.6, 5, 7, 10, 14, 20, 30, 50, 100, 300];

/**
 * Whether something happens more often to sessions of the candidate, at most `tolerated` times as often being fine.
 *
 * A session draws its revision by lot. If nothing depends on the revision, then of the sessions that it happened to each
 * is the candidate's with the chance of its lot, whatever else goes on: rates that drift, bursts, failures that strike
 * both. That leaves a product of Bernoulli likelihood ratios, averaged over ratios; it is a supermartingale for every
 * ratio up to the tolerated one, so that the look at which it is taken does not matter. It depends on sums alone.
 *
 * @param splits - Counts by chance; several of the same chance are the same as their sum.
 * @returns The natural logarithm of the e-value: odds against chance.
 * @see Ville, "Étude critique de la notion de collectif", 1939; Ramdas et al., arXiv:2210.01948, section 2
 */
export function lotTest(splits: readonly Split[], tolerated: number): number {
  return logOfMean(ratios.map((ratio) => likelihoodRatio(splits, tolerated * ratio, tolerated)));
}

/**
 * The same of each chance by itself, averaged, beside all of them together: a revision may do well with a tenth of the
 * traffic and break under half of it.
 *
 * @param shares - How many chances there will be, fixed before the first look.
 */
export function lotTestByShare(splits: readonly Split[], tolerated: number, shares: number): number {
  const ofEach = splits
    .slice(0, shares)
    .map((split): [number, number] => [0.5 / shares, lotTest([split], tolerated)]);
  return logOfSum([[0.5, lotTest(splits, tolerated)], ...ofEach]);
}

/** Ratios that would be fine, for proof that the candidate does no harm. */
const fineRatios = [0.1, 0.25, 0.5, 0.75, 1];

/**
 * The other way round: proof that it happens less than `harmful` times as often to sessions of the candidate.
 *
 * @returns The natural logarithm of the e-value against a ratio of `harmful` and more.
 */
export function noHarmTest(splits: readonly Split[], harmful: number): number {
  return logOfMean(fineRatios.map((ratio) => likelihoodRatio(splits, ratio, harmful)));
}

/** With ratio r a session that it happened to is the candidate's with the chance w·r / (w·r + 1 − w). */
function likelihoodRatio(splits: readonly Split[], ratio: number, against: number): number {
  return splits.reduce((sum, { chance, candidate, stable }) => {
    const scale = (some: number) => Math.log(chance * some + 1 - chance);
    return (
      sum + candidate * Math.log(ratio / against) - (candidate + stable) * (scale(ratio) - scale(against))
    );
  }, 0);
}
