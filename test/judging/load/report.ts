/** How many sessions begin, and where. */
export interface LoadSettings {
  port: number;
  /** Half of them keep the cookie that they get and ask three times; the others ask once. */
  sessionsPerSecond: number;
  /** It ends by itself after so long. */
  longestMs: number;
}

/** What users have seen so far. */
export interface Report {
  sessions: number;
  requests: number;
  /** Requests that were not answered 200, by the version that the user was on; empty where there was none to see. */
  failures: Record<string, number>;
  /** The first of the failures of nobody's. */
  unexplained: string[];
}
