import type { JudgeDefinition } from '../app/index.ts';
import type { RevisionTraffic, RouterState } from './ports.ts';

/** What a router counted of one revision. */
export type TrafficSample = Pick<RevisionTraffic, 'requests' | 'errors' | 'latency'>;

/** The router's counts when something began; a revision that is not named had none. */
export interface Baseline {
  epoch: string;
  losses: number;
  revisions: Record<string, TrafficSample>;
}

/** What the numbers say. No data is neither pass nor fail. */
export type Verdict =
  { is: 'failed'; reason: string } | { is: 'passed' } | { is: 'inconclusive'; reason: string };

/** Share of requests that may be slower than the threshold: p95. */
const slowShare = 0.05;

/** The counts as they are now, to subtract from later ones. */
export function takeBaseline({ epoch, losses, revisions }: RouterState): Baseline {
  return {
    epoch,
    losses,
    revisions: Object.fromEntries(
      revisions.map(({ id, requests, errors, latency }) => [id, { requests, errors, latency }]),
    ),
  };
}

/** What came since the baseline; null when the router began to count anew since. */
export function sampleSince(baseline: Baseline, router: RouterState, revision: string): TrafficSample | null {
  if (router.epoch !== baseline.epoch) return null;
  const now = router.revisions.find(({ id }) => id === revision);
  const before = baseline.revisions[revision];
  if (!now) return { requests: 0, errors: 0, latency: [] };
  return {
    requests: now.requests - (before?.requests ?? 0),
    errors: now.errors - (before?.errors ?? 0),
    latency: now.latency.map(({ leMs, count }) => ({
      leMs,
      count: count - (before?.latency.find((edge) => edge.leMs === leMs)?.count ?? 0),
    })),
  };
}

/**
 * What several routers counted, as one. Of the edges of latency only those that all have are left: the next one above a
 * threshold then tells who was surely slower.
 */
export function sumOf(samples: readonly TrafficSample[]): TrafficSample {
  const [first, ...others] = samples;
  if (!first) return { requests: 0, errors: 0, latency: [] };
  return others.reduce((sum, { requests, errors, latency }) => {
    const counts = new Map(latency.map(({ leMs, count }) => [leMs, count]));
    const edges = sum.latency.filter(({ leMs }) => counts.has(leMs));
    return {
      requests: sum.requests + requests,
      errors: sum.errors + errors,
      latency: edges.map(({ leMs, count }) => ({ leMs, count: count + (counts.get(leMs) ?? 0) })),
    };
  }, first);
}

/**
 * Holds the candidate's traffic against the thresholds. One that is past them fails only if it is not better than the
 * stable revision at the same: what serves badly must not block its mend.
 *
 * @param seen.lost - Lines of the router's log were lost since the baseline: what is left says nothing.
 * @param seen.stable - Null when nothing is known of it.
 */
export function judge(
  rules: JudgeDefinition,
  seen: { candidate: TrafficSample | null; stable: TrafficSample | null; lost: boolean },
): Verdict {
  const { candidate, stable, lost } = seen;
  if (lost) return { is: 'inconclusive', reason: 'the router lost observations' };
  if (!candidate) return { is: 'inconclusive', reason: 'the router began to count anew' };
  const missing = Math.max(rules.minRequests, 1) - candidate.requests;
  if (missing > 0) return { is: 'inconclusive', reason: `about ${missing} more requests are needed` };
  const comparable = stable && stable.requests >= Math.max(rules.minRequests, 1) ? stable : null;
  const reasons = [
    tooManyErrors(rules.errorRate, candidate, comparable),
    tooSlow(rules.p95Ms, candidate, comparable),
  ].filter((reason) => reason !== null);
  return reasons[0] === undefined ? { is: 'passed' } : { is: 'failed', reason: reasons.join('; ') };
}

function tooManyErrors(
  allowed: number | null,
  candidate: TrafficSample,
  stable: TrafficSample | null,
): string | null {
  if (allowed === null) return null;
  const rate = candidate.errors / candidate.requests;
  const before = stable && stable.errors / stable.requests;
  if (rate <= allowed || (before !== null && rate < before)) return null;
  const beside = before === null ? '' : ` (the stable revision: ${percent(before)})`;
  return `${percent(rate)} of its ${candidate.requests} requests failed, ${percent(allowed)} are allowed${beside}`;
}

function tooSlow(
  allowedMs: number | null,
  candidate: TrafficSample,
  stable: TrafficSample | null,
): string | null {
  if (allowedMs === null) return null;
  const slow = shareSlower(candidate, allowedMs);
  const before = stable && shareSlower(stable, allowedMs);
  if (slow <= slowShare || (before !== null && slow < before)) return null;
  const beside = before === null ? '' : ` (the stable revision: ${percent(before)})`;
  return `${percent(slow)} of its ${candidate.requests} requests took longer than ${allowedMs} ms, 5 % may${beside}`;
}

/** Surely slower: counted from the first edge that is not below the threshold. */
function shareSlower({ requests, latency }: TrafficSample, allowedMs: number): number {
  const edges = latency.filter(({ leMs }) => leMs !== null && leMs >= allowedMs);
  const within = edges.toSorted((a, b) => (a.leMs ?? 0) - (b.leMs ?? 0))[0]?.count ?? requests;
  return requests === 0 ? 0 : Math.max(0, requests - within) / requests;
}

function percent(share: number): string {
  return `${Math.round(share * 1_000) / 10} %`;
}
