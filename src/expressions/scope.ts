import type { Value } from './value.ts';

/** How the job or step stands, for the status functions. */
export interface Status {
  /** With names: whether those jobs, needed directly or not, succeeded; only a job's `if` may name jobs. */
  success(jobs?: readonly string[]): boolean;
  /** With names: whether one of those jobs failed. */
  failure(jobs?: readonly string[]): boolean;
  always(): boolean;
  cancelled(): boolean;
}

/** What an expression can see where it stands. */
export interface Scope {
  /** `github`, `env`, `steps`, …; names ignore case. Only those listed exist. */
  contexts: Record<string, Value>;
  /** Absent where status functions may not be called. */
  status?: Status;
  /** Hash over the files that match, or an empty text; absent where `hashFiles` may not be called. */
  hashFiles?: (patterns: string[]) => string;
}
