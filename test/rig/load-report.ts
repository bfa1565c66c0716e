/** What users have seen so far. */
export interface LoadReport {
  requests: number;
  failed: number;
  /** The first of them, with time and reason. */
  failures: string[];
  /** Requests that failed while they were allowed to; not among `failed`. */
  excused: number;
  /** Answers by "version revision". */
  answers: Record<string, number>;
}

/** The same from the process of the users itself, which does not know what is allowed. */
export interface RawReport {
  requests: number;
  failed: number;
  /** No more than `keptFailures`. */
  failures: { beganMs: number; endedMs: number; what: string }[];
  answers: Record<string, number>;
}

/** Of more failures only the number is known. */
export const keptFailures = 20_000;
