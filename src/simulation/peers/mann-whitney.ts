/** How far one sample lies above another. */
export interface Shift {
  /** Hodges and Lehmann's estimate. */
  estimate: number;
  /** Of the confidence interval. */
  lower: number;
}

/**
 * The shift between two samples by the Mann-Whitney test: its estimate and the lower end of its confidence interval, as R's
 * `wilcox.test` computes them without exact tables: the shift at which the normal deviate, with ties and continuity
 * corrected, is 0 or the quantile.
 *
 * @param quantile - Of the normal distribution: 2.326 for 98 % confidence.
 * @returns Null where all values are the same: there is no interval.
 * @see spinnaker/kayenta kayenta-mannwhitney MannWhitney.scala, calculateConfidenceInterval
 */
export function shiftBetween(
  control: readonly number[],
  experiment: readonly number[],
  quantile: number,
): Shift | null {
  const low = Math.min(...experiment) - Math.max(...control);
  const high = Math.max(...experiment) - Math.min(...control);
  if (low === high) return null;
  const root = (wanted: number) => rootOf((shift) => deviate(control, experiment, shift) - wanted, low, high);
  return { estimate: root(0), lower: root(quantile) };
}

/** Whether the lower end of the interval is above 0: only then `shiftBetween` need be asked. */
export function mayBeAbove(
  control: readonly number[],
  experiment: readonly number[],
  quantile: number,
): boolean {
  return Math.min(...experiment) > Math.max(...control) || deviate(control, experiment, 0) > quantile;
}

/** Falls as the shift grows. */
function rootOf(falling: (at: number) => number, low: number, high: number): number {
  if (falling(low) <= 0) return low;
  if (falling(high) >= 0) return high;
  let [left, right] = [low, high];
  for (let round = 0; round < 30; round++) {
    const middle = (left + right) / 2;
    if (falling(middle) > 0) left = middle;
    else right = middle;
  }
  return left;
}

/** How far the experiment, moved down by the shift, ranks above the control. */
function deviate(control: readonly number[], experiment: readonly number[], shift: number): number {
  const moved = experiment.map((value) => value - shift);
  let above = 0;
  for (const one of moved) for (const other of control) above += one > other ? 1 : one === other ? 0.5 : 0;
  const [m, n] = [experiment.length, control.length];
  const all = m + n;
  const ties = tieTerm([...moved, ...control]);
  const variance = ((m * n) / 12) * (all + 1 - ties / (all * (all - 1)));
  const difference = above - (m * n) / 2;
  return variance <= 0 ? 0 : (difference - Math.sign(difference) * 0.5) / Math.sqrt(variance);
}

/** The sum of t³ − t over groups of t equal values. */
function tieTerm(values: number[]): number {
  values.sort((a, b) => a - b);
  let [sum, group] = [0, 1];
  for (let index = 1; index <= values.length; index++) {
    if (values[index] === values[index - 1]) group++;
    else {
      sum += group ** 3 - group;
      group = 1;
    }
  }
  return sum;
}
