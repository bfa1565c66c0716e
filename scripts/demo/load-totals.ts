/** What the traffic of one phase of the demo met. */
export interface PhaseTotals {
  answered: number;
  failed: number;
  /** Answers by environment and revision: `production r2`. */
  revisions: Record<string, number>;
  /** Failed ones in the same way; `production none` for those that no copy of the app has answered. */
  failedBy: Record<string, number>;
}

/** A request that a user would have noticed. */
export interface FailedRequest {
  atMs: number;
  phase: string;
  /** `POST /api/media on production, connection kept` */
  request: string;
  /** Who answered so: `production r2`, `production none`. */
  by: string;
  /** `status 502`, `ECONNRESET`, `no answer within 10 s` */
  reason: string;
}

/** Everything that the traffic met since it began; each report replaces the one before. */
export interface LoadTotals {
  phases: Record<string, PhaseTotals>;
  /** Commits that `/version` named, by environment. */
  commits: Record<string, string[]>;
  /** The first of them; `phases` counts all. */
  failures: FailedRequest[];
  /** Longest time in which no request of any connection was answered. */
  longestGapMs: number;
  slowestMs: number;
  p50Ms: number;
  p99Ms: number;
}

export const noTotals: LoadTotals = {
  phases: {},
  commits: {},
  failures: [],
  longestGapMs: 0,
  slowestMs: 0,
  p50Ms: 0,
  p99Ms: 0,
};

/** Where the traffic goes; the first message to its process. */
export interface LoadPlan {
  port: number;
  /** Host header by environment; nobody asks one that has none. */
  hosts: Partial<Record<'production' | 'staging', string>>;
  phase: string;
}

export type LoadOrder =
  { kind: 'start'; plan: LoadPlan } | { kind: 'phase'; phase: string } | { kind: 'stop' };

/** `last` says that no request is on its way any more. */
export interface LoadReport {
  last: boolean;
  totals: LoadTotals;
}

/** Sums up all phases. */
export function sumOf(totals: LoadTotals): { answered: number; failed: number } {
  const phases = Object.values(totals.phases);
  return {
    answered: phases.reduce((sum, { answered }) => sum + answered, 0),
    failed: phases.reduce((sum, { failed }) => sum + failed, 0),
  };
}
