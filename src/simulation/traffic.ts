/** How users come, and what happens to them whatever the revision. */
export interface Traffic {
  requestsPerMinute: number;
  /** Every session makes as many, all within the second in which it begins. */
  requestsPerSession: number;
  /** Share of the stable revision's requests that fail at first, 0-1. */
  errorShare: number;
  /** `apart`: each request fails by itself. `together`: a bad session fails with all of its requests. */
  failures: 'apart' | 'together';
  /** By the end of the rollout both revisions fail so many times as often as at first; 1 for no change. */
  drift: number;
  /** Times in which some requests fail on both revisions; null for none. */
  bursts: Bursts | null;
  /** Times in which a revision stands still, each by itself; null for none. */
  stalls: Stalls | null;
  latency: Latency;
  /** The candidate's caches are cold at first: null for not. */
  coldStart: { forMs: number; times: number } | null;
}

/** Something that strikes both revisions at once: a database that is busy, a network that stutters. */
export interface Bursts {
  /** From the begin of one to the next, on average. */
  everyMs: number;
  lastsMs: number;
  /** Of requests that fail meanwhile, 0-1. */
  errorShare: number;
}

/** Something that strikes one revision at a time, and all of it: garbage is collected, the machine is busy. */
export interface Stalls {
  /** From the begin of one to the next, on average. */
  everyMs: number;
  lastsMs: number;
}

/** Log-normal, as times of requests mostly are. */
export interface Latency {
  medianMs: number;
  /** Standard deviation of the logarithm: 0.6 makes p95 2.7 times the median. */
  spread: number;
}

/** What the new revision is like. */
export interface Candidate {
  name: string;
  /** Share of its requests that fail at first, 0-1. */
  errorShare: number;
  /** All of its requests take so many times as long. */
  slowdown: number;
}

export const usualLatency: Latency = { medianMs: 80, spread: 0.6 };

/** Traffic without anything special. */
export function steadyTraffic(requestsPerMinute: number): Traffic {
  return {
    requestsPerMinute,
    requestsPerSession: 5,
    errorShare: 0.002,
    failures: 'apart',
    drift: 1,
    bursts: null,
    stalls: null,
    latency: usualLatency,
    coldStart: null,
  };
}

/** Half a minute of every five minutes or so a fifth of all requests fails, on both revisions. */
export const usualBursts: Bursts = { everyMs: 300_000, lastsMs: 30_000, errorShare: 0.2 };

/** A second every minute or so. */
export const usualStalls: Stalls = { everyMs: 60_000, lastsMs: 1_000 };

/** Share of sessions with a request that fails, while requests fail with this share. */
export function failedSessionShare(
  { failures, requestsPerSession }: Pick<Traffic, 'failures' | 'requestsPerSession'>,
  errorShare: number,
): number {
  return failures === 'together' ? errorShare : 1 - (1 - errorShare) ** requestsPerSession;
}

/** Share of requests that take longer than an edge, 0-1. */
export function slowerThan(edgeMs: number, { medianMs, spread }: Latency, slowdown: number): number {
  return upperTail(Math.log(edgeMs / (medianMs * slowdown)) / spread);
}

/** The time within which this share of requests is answered. @param share - 0-1, both excluded. */
export function quantileMs(share: number, { medianMs, spread }: Latency): number {
  let [low, high] = [-8, 8];
  for (let round = 0; round < 60; round++) {
    const middle = (low + high) / 2;
    if (1 - upperTail(middle) < share) low = middle;
    else high = middle;
  }
  return medianMs * Math.exp(spread * low);
}

/** How likely a standard normal number is larger. @see Abramowitz, Stegun, 26.2.17 (errs by less than 7.5e-8) */
export function upperTail(z: number): number {
  if (z < 0) return 1 - upperTail(-z);
  const t = 1 / (1 + 0.231_641_9 * z);
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  const series =
    t *
    (0.319_381_53 + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
  return density * series;
}
