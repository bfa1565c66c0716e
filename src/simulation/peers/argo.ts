import type { Rule } from './peer.ts';

/** `successCondition: result[0] >= 0.99`, every minute; the limits are its defaults. */
const rule = { minSuccessShare: 0.99, failureLimit: 0, consecutiveErrorLimit: 4 };

/**
 * Argo Rollouts: an analysis beside the rollout measures the canary's success rate each minute. More failed measurements
 * than `failureLimit`, 0 by default, end it, and so do more than four in a row without a value: a query without traffic
 * has no `result[0]`. No measurement is inconclusive, as only a success condition is given.
 *
 * @see https://argo-rollouts.readthedocs.io/en/stable/features/analysis (failureLimit, consecutiveErrorLimit);
 * argoproj/argo-rollouts analysis/analysis.go, assessMetricStatus
 */
export function argo(): Rule {
  let failed = 0;
  let withoutValue = 0;
  return {
    minute({ requests, errors }) {
      withoutValue = requests === 0 ? withoutValue + 1 : 0;
      if (requests > 0 && 1 - errors / requests < rule.minSuccessShare) failed++;
      return failed > rule.failureLimit || withoutValue > rule.consecutiveErrorLimit;
    },
    end: () => false,
  };
}
