/** What users have seen during an update. */
export interface LoadResult {
  requests: number;
  /** By status or code of the error. */
  failures: Record<string, number>;
  /** By the version that answered. */
  answers: Record<string, { count: number; lastAtMs: number }>;
  /** The longest time in which nobody was answered; users ask every few milliseconds. */
  longestGapMs: number;
}
