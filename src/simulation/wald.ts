import { edgesOf } from './rollout.ts';
import { failedSessionShare, slowerThan, type Candidate, type Traffic } from './traffic.ts';

/**
 * About how many sessions, of both revisions, the quickest test needs that knows beforehand how much worse the candidate
 * is, looks only at whose the bad sessions are, and errs as seldom.
 *
 * Of the sessions that go bad a share p = w·a / (w·a + (1 − w)·b) is the candidate's, where w is its share of the traffic
 * and a and b are the shares of bad sessions; if it were as good, w would be. Each bad session then brings
 * KL(p ‖ w) = p ln(p/w) + (1 − p) ln((1 − p)/(1 − w)) of evidence on average, and by Wald's identity a test that stops
 * when its likelihood ratio reaches 1/α needs ln(1/α) / KL of them, what is shot over the mark not counted. No test with
 * power one that errs as seldom needs fewer. A share w·a + (1 − w)·b of all sessions goes bad.
 *
 * @param weight - The candidate's share of traffic, 0-1, both excluded.
 * @returns Infinity for a candidate that is no worse.
 * @see Wald, "Sequential Analysis", 1947, section 3.5 and appendix A.3
 */
export function waldSessions(
  { traffic, candidate }: { traffic: Traffic; candidate: Candidate },
  weight: number,
  falseAlarm: number,
): number {
  const failed: [number, number] = [
    failedSessionShare(traffic, candidate.errorShare),
    failedSessionShare(traffic, traffic.errorShare),
  ];
  const slow = edgesOf(traffic).map((edgeMs): [number, number] => [
    slowSessionShare(edgeMs, traffic, candidate.slowdown),
    slowSessionShare(edgeMs, traffic, 1),
  ]);
  // Who knows how the candidate is bad looks at what tells most.
  return Math.min(
    ...[failed, ...slow].map(([ours, others]) => -Math.log(falseAlarm) / gain(ours, others, weight)),
  );
}

/** Evidence that a session of either revision brings on average. */
function gain(ours: number, others: number, weight: number): number {
  if (ours <= others) return 0;
  const bad = weight * ours + (1 - weight) * others;
  const share = (weight * ours) / bad;
  const rest = share === 1 ? 0 : (1 - share) * Math.log((1 - share) / (1 - weight));
  return bad * (share * Math.log(share / weight) + rest);
}

function slowSessionShare(
  edgeMs: number,
  { latency, requestsPerSession }: Traffic,
  slowdown: number,
): number {
  return 1 - (1 - slowerThan(edgeMs, latency, slowdown)) ** requestsPerSession;
}
