import type { FailedRequest } from '../../delivery/index.ts';
import type { LedgerSnapshot } from '../embedded/ledger.ts';
import type { BookSnapshot } from '../embedded/lot-book.ts';
import type { Outcome } from '../embedded/revision-counts.ts';
import type { StoredScope } from '../embedded/state-file.ts';
import type { AgentSettings } from './settings.ts';

/*
 * A router that is another's program (HAProxy, nginx) runs beside an agent of ours: a small process that keeps routes,
 * fences and counts, and speaks to the program through a driver. Users' requests never pass the agent; when it ends or
 * is replaced, the program goes on.
 *
 *   client ──control socket──► agent (routes, fences, counts) ──driver──► program ◄── users
 *                                ▲                                           │
 *                                └──────────── what it saw, line by line ────┘
 */

/** One finished request, as the program's log tells it. */
export interface Observation {
  scope: string;
  revision: string;
  /** See `sessionHash`. */
  session: number;
  outcome: Outcome;
  /** The lot by which this request's session was drawn, see `lotText`; null when it had a home, or was pinned. */
  lot: string | null;
  /** What was asked for, of a request that failed; null of others, and where the log does not say. */
  failed: FailedAsk | null;
}

/** What a log tells of a request that failed; its time is null where the log has none. */
export type FailedAsk = Pick<FailedRequest, 'method' | 'path' | 'status' | 'copy'> & { atMs: number | null };

/** Requests that are not finished yet, over all processes of the program. */
export interface InFlight {
  scope: string;
  revision: string;
  count: number;
  /** Those at a copy, by its address `host:port`; left out by a program that does not tell. */
  at?: Record<string, number> | undefined;
}

/** What a driver tells the agent. */
export interface DriverEvents {
  finished(observation: Observation): void;
  /** Observations are missing for certain or perhaps: no verdict may rest on the counts. */
  lost(reason: string): void;
  /** The program ended though nobody asked for it. The agent calls `start` again. */
  ended(reason: string): void;
}

/** Where a driver had come to in the program's log; JSON, for the next agent. */
export type LogPosition = unknown;

/**
 * Speaks to one program. The agent calls one method at a time, except for `inFlight`, `settle` and `problems`.
 * Failures are CodedErrors.
 */
export interface RouterDriver {
  /**
   * Finds the program running, or starts it, and makes it serve these scopes; follows its log from `position` on, or
   * from now on when that is null.
   *
   * @param scopes - Null when the routes were lost: what runs, or else the last configuration on disk, goes on; where
   * there is neither, every request is answered 503.
   */
  start(scopes: readonly StoredScope[] | null, position: LogPosition): Promise<void>;
  /**
   * Refuses what the program would refuse, and changes nothing.
   *
   * @throws CodedError `traffic/configuration-refused` with the program's words as notes.
   */
  check(scopes: readonly StoredScope[]): Promise<void>;
  /**
   * Makes the program serve exactly these scopes: every request that begins after the return follows them, and none
   * is lost on the way. What is on disk says the same before it returns, so that a restart of the program, by whomever,
   * serves them, too. Equal scopes change nothing.
   */
  serve(scopes: readonly StoredScope[]): Promise<void>;
  /** Revisions that left the routes are named while they have requests in flight. */
  inFlight(): Promise<InFlight[]>;
  /** Returns when everything that the program has logged until now has been told to `finished`. */
  settle(): Promise<void>;
  /** The address that users reach. */
  listening(): { host: string; port: number } | null;
  /** What a person should look at; empty when all is well. */
  problems(): string[];
  /** Lets go of the program, which goes on. @returns Where the next agent takes the log up. */
  detach(): Promise<LogPosition>;
  /** Ends the program: no new connections, open requests may finish within this time. */
  stop(drainMs: number): Promise<void>;
}

/** Makes a driver; touches nothing. */
export type DriverFactory = (settings: AgentSettings, events: DriverEvents) => RouterDriver;

/** What an agent leaves for its successor. */
export interface Parting {
  epoch: string;
  losses: number;
  ledger: LedgerSnapshot;
  /** Absent from an agent that did not follow sessions. */
  lots?: BookSnapshot;
  position: LogPosition;
}
