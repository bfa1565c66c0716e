import type { Json } from '../flow/index.ts';
import type { DesiredInstance, Revision } from './revision.ts';

/** A copy of one process of a revision, at an address of its own. */
export interface Endpoint {
  /** `r7-web-1`: unique within a scope. */
  instance: string;
  host: string;
  port: number;
}

/**
 * What a router should do for one scope. Absolute: it replaces whatever the scope had.
 * A revision with weight 0 gets no new request but keeps those it has.
 */
export interface Routes {
  /** `medianest/production` */
  scope: string;
  /** Host names, lower case, without port. `*` takes every host that no other scope names. */
  hosts: string[];
  revisions: RouteRevision[];
  /** Requests that go to a revision whatever its weight: testers of a canary, the preview address of a blue-green switch. */
  pins: Pin[];
  /** Sends a session to the revision that it saw first, while that has weight. */
  sticky: boolean;
  /** When true, every request is answered 503 with the maintenance page. */
  maintenance: boolean;
  /** Requests a minute and burst per client address; null for no limit. */
  rateLimit: { perMinute: number; burst: number } | null;
}

/** Sends what matches to one revision, even at weight 0. A pin to a revision without a copy is answered 503. */
export interface Pin {
  /** `r7` */
  revision: string;
  by:
    | { kind: 'header' | 'cookie'; name: string; value: string }
    /** One of the scope's own preview hosts: lower case, without port; not among `hosts`. */
    | { kind: 'host'; host: string };
}

export interface RouteRevision {
  /** `r7` */
  id: string;
  /** Share of new sessions in percent, 0-100. The weights of a scope sum to 100, or to 0 when nothing serves. */
  weightPercent: number;
  endpoints: Endpoint[];
}

/** What a router saw of one revision since its epoch. */
export interface RevisionTraffic {
  id: string;
  weightPercent: number;
  /** Requests and upgraded connections not finished yet. */
  inFlight: number;
  /** Of these, by the address of the copy that has them (`127.0.0.1:20001`); null where the router cannot tell. */
  inFlightAt: Record<string, number> | null;
  requests: number;
  /** Responses 5xx of the app itself, and the router's own 502 and 504 for it. */
  errors: number;
  /** The router's own 502 and 504 for it. */
  gatewayErrors: number;
  sessions: number;
  sessionsWithError: number;
  /** Time to the last byte, cumulative counts at each upper edge in ms; the last edge is Infinity, written as null. */
  latency: { leMs: number | null; count: number }[];
  /** Of the requests that `errors` counts, the newest, oldest first; null where the router does not keep them. */
  failures: FailedRequest[] | null;
}

/** A request that a revision did not answer as it should have. */
export interface FailedRequest {
  /** When it ended, by the clock of the router's machine. */
  atMs: number;
  method: string;
  /** Without its query, which may hold what is nobody's business; cut off where it is long. */
  path: string;
  /** What the user got; null when the answer broke off. */
  status: number | null;
  latencyMs: number;
  /** Address of the copy that it went to last (`127.0.0.1:20001`); null when it went to none, or when nobody knows. */
  copy: string | null;
}

/**
 * Sessions that drew their revision by the same lot, and what became of them. A session is in the lot that it drew last;
 * it counts when it drew, and once for each thing that happened to it since. All counts only grow within an epoch.
 */
export interface SessionLot {
  /** Shares in percent with which it was drawn, by revision; at least two, all above 0, in the order of the routes. */
  weights: Record<string, number>;
  /** By revision that was drawn. */
  drawn: Record<string, LotCounts>;
}

export interface LotCounts {
  sessions: number;
  /** Sessions that met an error, see `RevisionTraffic.errors`. */
  failed: number;
  /** Sessions of which a request took longer; edges rise, and are the same for all lots of a router. */
  slow: { overMs: number; count: number }[];
}

export interface RouterState {
  /** Changes when counts start again from zero. */
  epoch: string;
  /** How often observations were lost since the epoch began, such as those of a crashed predecessor. */
  losses: number;
  /** Highest fence seen for the scope, 0 when it has none. */
  fence: number;
  /** What the scope does now, or null when the router does not know it. */
  routes: Routes | null;
  /** Whether requests may go elsewhere than the routes say: a change has not succeeded yet, and is to be asked for again. */
  unsure: boolean;
  revisions: RevisionTraffic[];
  /** By the lot that was drawn, oldest first; null where the router does not tell. */
  lots: SessionLot[] | null;
}

/** Sends users to revisions. Two methods: weights and drains are desired state like everything else. */
export interface Router {
  /** Absolute, validated, atomic, durable when it returns; an equal call changes nothing. Refuses an older fence (`traffic/stale-fence`). */
  apply(desired: Routes, fence: number): Promise<void>;
  observe(scope: string): Promise<RouterState>;
}

/**
 * What a router can do beyond sending everyone to one revision. Data, so that what asks for more is refused in the
 * first check, before anything is made or moved.
 */
export interface RouterAbilities {
  /** Sends shares of new sessions to several revisions. */
  weights: boolean;
  /** Keeps a session at its revision. */
  sessions: boolean;
  /** What pins may look at. */
  pins: readonly Pin['by']['kind'][];
  /** Tells a header with `_` in its name from the same with `-`. */
  underscores: boolean;
  /** Counts requests, errors and latency by revision, which thresholds are held against. */
  counts: boolean;
  /** Draws by true lots, and tells what became of the sessions that drew. */
  lots: boolean;
  /** Tells which requests failed, see `RevisionTraffic.failures`. */
  failures: boolean;
  /** Limits the requests of each client address. */
  rateLimit: boolean;
}

/** Runs copies. Every method is absolute and may be repeated; an older fence is refused. */
export interface Target {
  start(instance: DesiredInstance, fence: number): Promise<void>;
  /** Undoes what somebody changed on the copy by hand, without a restart where it still runs; starts it when it has ended. */
  repair(instance: DesiredInstance, fence: number): Promise<void>;
  /** Asks for the copy's end: SIGTERM, grace, SIGKILL. */
  stop(instance: string, fence: number): Promise<void>;
  /** Runs a task to its end in the revision's files, image and environment, once for a key. */
  runCommand(
    command: { key: string; revision: Revision; name: string; command: string },
    fence: number,
  ): Promise<void>;
  /** Begins to bring what the revision needs onto the machines: images, networks. Asked again after a failure, it tries again. */
  prepare(revision: Revision, fence: number): Promise<void>;
}

/** Flags as a rollout wants them, all in one version. */
export interface FlagsChange {
  rollout: string;
  /** For people: the step, or why they go back. */
  reason: string;
  /** Made to this version, or not at all: what was seen may be another's by now. */
  seenVersion: number;
  /** As they become, by name. */
  flags: Record<string, Json>;
}

/** The feature flags of an environment, which are the same on all its machines. */
export interface FlagStore {
  /**
   * One new version, which apps are answered by when it returns; nothing where the version has moved on since. Refuses an
   * older fence (`store/stale-fence`): a rollout that was taken back meanwhile, before it had turned anything, leaves no
   * version that would tell.
   */
  set(change: FlagsChange, fence: number): Promise<void>;
}
