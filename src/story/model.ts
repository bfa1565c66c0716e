import type { Evidence, Needed, Verdict } from '../judge/index.ts';

/** How a moment was for those who use the app. */
export type Tone = 'plain' | 'good' | 'bad';

/** One thing that happened. */
export interface Moment {
  atMs: number;
  /** Who decided it: a person, or Slipway itself by what it saw. */
  who: string;
  /** One sentence, as people say it. */
  says: string;
  tone: Tone;
  /** What it rests on, a line each. */
  notes: string[];
}

/** What the judge said at a share of the traffic. */
export interface Judged {
  atMs: number;
  weightPercent: number;
  verdict: Verdict['is'];
  /** One sentence; null when the evidence says it all. */
  reason: string | null;
  evidence: Evidence[];
  /** How much more would have had to be seen; null when nothing more was needed, or when nobody knows. */
  needed: Needed | null;
}

/** A request that the candidate failed. */
export interface FailedRequest {
  atMs: number;
  method: string;
  /** Without its query. */
  path: string;
  /** What the user got; null when the answer broke off. */
  status: number | null;
  latencyMs: number;
  /** `r7-web-1`; null when nobody knows which copy had it. */
  copy: string | null;
}

/** From this moment on the candidate had this share of the traffic, 0-100. */
export interface Share {
  atMs: number;
  weightPercent: number;
}

/** A commit that came in with a release. */
export interface ChangedCommit {
  commit: string;
  title: string;
  author: string;
}

/** A file that a release changed; lines are null for one that is not text. */
export interface ChangedFile {
  path: string;
  added: number | null;
  removed: number | null;
}

/** What a release has that the one before had not. */
export interface Change {
  /** Of the release that served before. */
  base: string;
  /** Newest first. */
  commits: ChangedCommit[];
  files: ChangedFile[];
  /** How many commits and files were left out of the lists. */
  moreCommits: number;
  moreFiles: number;
}

/** What came of it: the rollouts that followed in the environment, until one succeeded. */
export interface Sequel {
  rollout: string;
  kind: 'deploy' | 'rollback';
  title: string;
  actor: string;
  outcome: Outcome;
  endedAtMs: number | null;
}

/** `under way` until it has ended. */
export type Outcome = 'succeeded' | 'failed' | 'aborted' | 'superseded' | 'under way';

/** All that is known of one rollout, for somebody who was not there. */
export interface Story {
  rollout: string;
  app: string;
  environment: string;
  kind: 'deploy' | 'rollback';
  outcome: Outcome;
  /** Why it ended as it did, in one sentence; empty while it is under way. */
  reason: string;
  /** The revision that came, and the one that served before; null when it did not get that far, or nothing served. */
  revision: string | null;
  from: string | null;
  commit: string;
  title: string;
  /** Digest of the release. */
  release: string;
  actor: string;
  requestedAtMs: number;
  endedAtMs: number | null;
  /** In the order in which they happened. */
  moments: Moment[];
  shares: Share[];
  verdicts: Judged[];
  /** The newest that it failed when it was taken back, oldest first; empty too where its router keeps none. */
  requests: FailedRequest[];
  /** Last lines of the log of what failed. */
  logTail: string[];
  /** Null when nothing served before, or when its commit is not known any more. */
  change: Change | null;
  sequels: Sequel[];
}
