import { mayBeAbove, shiftBetween } from './mann-whitney.ts';
import { marksMs, type Minute, type Rule } from './peer.ts';

/** The judge's own numbers: 98 % confidence, and a shift beyond a quarter of its estimate. */
const rule = { quantile: 2.326_347_9, tolerance: 0.25 };
const slow = marksMs.indexOf(250);

/**
 * Kayenta's NetflixACAJudge: one point a minute and revision of two metrics, the share of requests that failed and that
 * took longer than 250 ms. When the rollout would leave the shares, it compares the points of both revisions: a metric is
 * High when the lower end of the 98 % interval of the Mann-Whitney shift is above a quarter of the estimated shift. With
 * two metrics of equal weight one that is High leaves a score of 50, below the marginal threshold of 75 that Spinnaker's
 * documentation shows, and the canary fails. Minutes without traffic have no value and are left out. With few points the
 * interval ends at the smallest difference that there is, so a canary fails once all of its points are above.
 *
 * @see spinnaker/kayenta kayenta-judge NetflixACAJudge.scala and MannWhitneyClassifier.scala (tolerance 0.25, confLevel 0.98)
 */
export function kayenta(): Rule {
  const points = { errors: series(), slow: series() };
  return {
    minute(canary, stable) {
      addPoint(points.errors, canary, stable, ({ errors }) => errors);
      addPoint(points.slow, canary, stable, (minute) => minute.slow[slow] ?? 0);
      return false;
    },
    end: () => isHigh(points.errors) || isHigh(points.slow),
  };
}

interface Series {
  canary: number[];
  stable: number[];
}

function series(): Series {
  return { canary: [], stable: [] };
}

function addPoint(
  { canary, stable }: Series,
  ours: Minute,
  others: Minute,
  of: (minute: Minute) => number,
): void {
  if (ours.requests > 0) canary.push(of(ours) / ours.requests);
  if (others.requests > 0) stable.push(of(others) / others.requests);
}

function isHigh({ canary, stable }: Series): boolean {
  if (canary.length === 0 || stable.length === 0) return false;
  // Quick to tell, and mostly so: an interval that holds 0 is not above anything.
  const shift = mayBeAbove(stable, canary, rule.quantile)
    ? shiftBetween(stable, canary, rule.quantile)
    : null;
  return shift !== null && shift.lower > rule.tolerance * Math.abs(shift.estimate);
}
