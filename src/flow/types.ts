/*
 * A flow is one durable state machine: a run, an environment, later a backup or a preview's life.
 *
 *            create                       claim (fence + 1, lease)
 *   (none) ─────────► waiting ───────────────────────────────────► claimed
 *                      ▲   ▲    due: wakeAt reached, or a signal      │  │
 *                      │   └──────────────────────────────────────────┘  │ commit with `done`
 *                      │      commit: phase + data + events, only if      ▼
 *                      │      the fence is still mine                    done
 *                      └── lease ran out unrenewed: claimed again by another owner, with a higher fence;
 *                          the late owner's commit then matches no row
 */

/** Any value that JSON can hold. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A flow as stored. `data` is the engine's own state; the store never looks into it. */
export interface Flow<Data = unknown> {
  id: string;
  /** Which engine plans it: `run` or `environment`. */
  kind: string;
  /** The engine's name for where the flow stands; a string for people and queries, its data is in `data`. */
  phase: string;
  data: Data;
  /** When the flow wants to be looked at next, in wall-clock ms; null means only a signal wakes it. */
  wakeAtMs: number | null;
  /** Grows by one with every claim; travels with every side effect. */
  fence: number;
  done: boolean;
}

/** A message to a flow. Signals are rows: kept until a commit consumes them, read in the order sent. */
export interface Signal {
  /** Ascending within the store. */
  id: number;
  flowId: string;
  name: string;
  payload: Json;
}

/** An event about to be written. */
export interface NewEvent {
  /** Which chain it belongs to: `medianest/production`, or `server`. */
  chain: string;
  type: string;
  /** Who decided: a user (`ana`), or `slipway` itself. */
  actor: string;
  data: Json;
}

/** An event as written: a link of its chain. */
export interface StoredEvent extends NewEvent {
  /** Place in the whole log, ascending; not part of the hash. */
  id: number;
  /** Place in its chain, from 1 without gaps. */
  sequence: number;
  atMs: number;
  /** Hash of the link before, or 64 zeros for the first. Hex, SHA-256. */
  previousHash: string;
  hash: string;
}

/** What a tick wants to become true, in one transaction. */
export interface Transition<Data = unknown> {
  phase: string;
  data: Data;
  wakeAtMs: number | null;
  done?: boolean;
  events: NewEvent[];
  /** Ids of the signals that this tick has taken into account. */
  consumed: number[];
  /** Flows to create with it; one that exists already is left as it is. */
  create?: { id: string; kind: string; phase: string; data: unknown; wakeAtMs: number | null }[];
  /** Signals to other flows. */
  send?: { flowId: string; name: string; payload: Json }[];
}

/** A claimed flow with its unconsumed signals. */
export interface Claim {
  flow: Flow;
  signals: Signal[];
  /** How many claims in a row were given back before this one; 0 or absent after a commit. Durable, for the back-off. */
  failures?: number;
}

/** How a commit ended. `stale`: another owner has claimed the flow since, so nothing was written. */
export type CommitResult = 'committed' | 'stale';

/**
 * Keeps flows. All methods are atomic; `now` is the caller's wall clock in ms.
 *
 * A lease is judged by observed time: `claim` may take over another owner's flow only when this process has itself
 * seen the same lease (owner and fence) unchanged for `leaseMs` of its own monotonic clock, or when the owner ran on this
 * machine and is provably dead. A wall clock that jumps therefore ends no lease.
 */
export interface FlowStore {
  create(flow: Omit<Flow, 'fence' | 'done'>, events?: NewEvent[]): Promise<void>;
  /** Claims one flow that is due or has unconsumed signals; null when there is none. */
  claim(owner: string, nowMs: number, leaseMs: number): Promise<Claim | null>;
  /** Writes the transition if the claim's fence still stands. A signal that came meanwhile makes the flow due at once. */
  commit(claim: Claim, transition: Transition, nowMs: number): Promise<CommitResult>;
  /** Gives a claim back unchanged, due again at `wakeAtMs`. */
  release(claim: Claim, wakeAtMs: number): Promise<void>;
  signal(flowId: string, name: string, payload: Json): Promise<void>;
  get(id: string): Promise<Flow | null>;
  /** By id; with `newest`, at most so many of those touched last, newest first. */
  list(filter?: { kind?: string; done?: boolean; newest?: number }): Promise<Flow[]>;
}

/** What an engine's adapter is given for one tick. */
export interface TickContext {
  nowMs: number;
  fence: number;
  signals: Signal[];
}

/** An engine with its adapters, wired: looks at the world, acts or moves on. */
export interface FlowHandler<Data = unknown> {
  kind: string;
  /** May perform side effects, all absolute and fenced; returns what to commit. A throw releases the claim with a back-off. */
  tick(flow: Flow<Data>, context: TickContext): Promise<Transition<Data>>;
}
