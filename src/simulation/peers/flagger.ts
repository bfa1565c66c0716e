import { marksMs, type Minute, type Rule } from './peer.ts';

/** As its documentation shows it: success rate at least 99 %, p99 at most 500 ms, five failed checks. */
const rule = { maxErrorShare: 0.01, maxSlowShare: 0.01, threshold: 5 };
const p99 = marksMs.indexOf(500);

/**
 * Flagger: each minute both metrics of the canary are held against their bounds. A check that fails is counted, one
 * without traffic as well, and passed ones take nothing off; with five failed, the next check goes back.
 *
 * @see https://docs.flagger.app/usage/metrics (the bounds); fluxcd/flagger pkg/controller/scheduler.go, advanceCanary, and
 * scheduler_metrics.go, runBuiltinMetricChecks ("no values found" is a failed check)
 */
export function flagger(): Rule {
  let failed = 0;
  return {
    minute(canary) {
      if (failed >= rule.threshold) return true;
      if (!passes(canary)) failed++;
      return false;
    },
    end: () => false,
  };
}

function passes({ requests, errors, slow }: Minute): boolean {
  if (requests === 0) return false;
  return errors / requests <= rule.maxErrorShare && (slow[p99] ?? 0) / requests <= rule.maxSlowShare;
}
