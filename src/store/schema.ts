import type { Generated } from 'kysely';

/*
 * Columns are text and whole numbers only, so that one set of queries serves both databases: JSON is canonical text,
 * times are wall-clock ms, truth is 0 or 1.
 */

export type DatabaseKind = 'sqlite' | 'postgres';

export interface FlowRow {
  id: string;
  kind: string;
  phase: string;
  data: string;
  wake_at_ms: number | null;
  /** A flow given back rests until then, signals or not; a new signal ends the rest. */
  rest_until_ms: number | null;
  fence: number;
  done: number;
  /** Null exactly when nobody has claimed it. */
  lease_owner: string | null;
  /** `OwnerProcess` as JSON. */
  lease_process: string | null;
  failures: number;
  /** When it was last created, committed or given back; the flow that waited longest is claimed first. */
  touched_at_ms: number;
}

export interface SignalRow {
  id: Generated<number>;
  flow_id: string;
  name: string;
  payload: string;
}

export interface EventRow {
  id: Generated<number>;
  chain: string;
  sequence: number;
  at_ms: number;
  type: string;
  actor: string;
  data: string;
  previous_hash: string;
  hash: string;
}

export interface ChainHeadRow {
  chain: string;
  sequence: number;
  hash: string;
}

export interface ReleaseRow {
  digest: string;
  app: string;
  commit_id: string;
  body: string;
  created_at_ms: number;
}

export interface DocumentRow {
  kind: string;
  id: string;
  body: string;
  updated_at_ms: number;
}

export interface SecretRow {
  app: string;
  environment: string;
  name: string;
  version: number;
  ciphertext: string;
  created_at_ms: number;
}

export interface FlagVersionRow {
  app: string;
  environment: string;
  version: number;
  body: string;
  created_at_ms: number;
}

/** The tables, for Kysely. */
export interface Tables {
  flows: FlowRow;
  signals: SignalRow;
  events: EventRow;
  chain_heads: ChainHeadRow;
  releases: ReleaseRow;
  documents: DocumentRow;
  secrets: SecretRow;
  flag_versions: FlagVersionRow;
  schema_version: { version: number };
}
