/** What users have seen so far. */
export interface LoadReport {
  requests: number;
  failed: number;
  /** The first fifty, with time and reason. */
  failures: string[];
  /** Answers by "version revision". */
  answers: Record<string, number>;
}
