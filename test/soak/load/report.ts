/** What users saw go wrong. */
export interface Failure {
  beganMs: number;
  endedMs: number;
  /** The turn of the story in which it ended. */
  turn: string;
  /** `GET /slow`, `chat`, `download` */
  what: string;
  /** `kept, used before, from port 40112` */
  connection: string;
  reason: string;
}

/** What users have seen so far. */
export interface Report {
  /** Chats and downloads count once each, when they are over. */
  requests: number;
  failed: number;
  /** The first hundred. */
  failures: Failure[];
  /** By version: answers that were as they should be. */
  answers: Record<string, number>;
  /** By version: answers 5xx that the version itself gave, and that it is known for. */
  ownFailures: Record<string, number>;
  /** Requests on connections of their own. */
  fresh: number;
  /** Requests on a connection that had been used before. */
  kept: number;
  chats: { open: number; messagesSent: number; messagesReceived: number; closes: Record<string, number> };
  downloads: { open: number; done: number; bytes: number };
  /** Answers of a canary to the users who asked for it by a header. */
  testersOnCanary: number;
  /** Of requests, without chats and downloads. */
  latencyMs: { p50: number; p99: number; max: number };
}

/** What a load is made of. */
export interface LoadSettings {
  port: number;
  /** Wanted of all users together; those who are not answered in time ask less often. */
  requestsPerSecond: number;
  /** WebSockets at any time, each a moment long. */
  chats: number;
  /** Downloads at any time. */
  downloads: number;
  downloadBytes: number;
  downloadMs: number;
  /** A connection that has not been used for so long is not used again; null uses it as long as it is there. */
  idleLimitMs: number | null;
  /** How often a session may go to another revision while one canary comes or goes; null where nothing is promised. */
  movesInTurn: number | null;
}

/** What the story says to its users; each is answered with a report. */
export type Word =
  /** Until then they do nothing. */
  | { say: 'begin' }
  | { say: 'report' }
  /** What happens from now on. */
  | { say: 'turn'; name: string; canary: boolean }
  /** A download and a chat of so long begin. */
  | { say: 'long'; ms: number }
  /** WebSockets that only the app ends. */
  | { say: 'stay'; count: number }
  /** No more chats and downloads; answered when those that are open are over. */
  | { say: 'quiet' }
  /** Nothing more; answered when everything is over. */
  | { say: 'stop' };
