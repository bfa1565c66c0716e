import { canonicalJson, type Json, type NewEvent, type StoredEvent } from '../flow/index.ts';
import { CodedError } from '../diagnostics/index.ts';
import type { Database, Tx } from './database.ts';
import { appendEvents } from './events.ts';
import type { FlagVersionRow } from './schema.ts';

/** One version of the flags of an environment. */
export interface StoredFlags {
  app: string;
  environment: string;
  /** From 1, without gaps. */
  version: number;
  body: Json;
  createdAtMs: number;
}

/** A flow that changes flags in one of its turns. */
export interface FlowTurn {
  flowId: string;
  /** Of the claim that the turn goes by. */
  fence: number;
}

/** Keeps every version of the flags of every environment: people go back to old ones. */
export class FlagVersions {
  readonly #database: Database;
  readonly #wallMs: () => number;
  readonly #committed: (events: readonly StoredEvent[]) => void;

  constructor(database: Database, wallMs: () => number, committed: (events: readonly StoredEvent[]) => void) {
    this.#database = database;
    this.#wallMs = wallMs;
    this.#committed = committed;
  }

  /**
   * Adds a version together with the event that says who changed what, or neither of the two.
   *
   * @param by - Null when no flow does it.
   * @returns Whether it was added; false when that version stands already, for another writer came first.
   * @throws CodedError `store/stale-fence` when the flow has been claimed anew since: its next owner may have undone what
   * this change would do, and left no trace of it among the versions.
   */
  async add(
    flags: Omit<StoredFlags, 'createdAtMs'>,
    event: Omit<NewEvent, 'chain'>,
    by: FlowTurn | null = null,
  ): Promise<boolean> {
    const { app, environment, version } = flags;
    const atMs = Math.trunc(this.#wallMs());
    const row = { app, environment, version, body: canonicalJson(flags.body), created_at_ms: atMs };
    const stored = await this.#database.write(async (tx) => {
      if (by) await this.#requireOwn(tx, by);
      const insert = tx.insertInto('flag_versions').values(row);
      const done = await insert.onConflict((conflict) => conflict.doNothing()).executeTakeFirst();
      if ((done.numInsertedOrUpdatedRows ?? 0n) === 0n) return null;
      const events = [{ chain: `${app}/${environment}`, ...event }];
      return appendEvents(this.#database, tx, { events, atMs });
    });
    if (stored !== null) this.#committed(stored);
    return stored !== null;
  }

  /** On PostgreSQL whoever claims the flow meanwhile waits for this transaction; on SQLite it is alone anyway. */
  async #requireOwn(tx: Tx, { flowId, fence }: FlowTurn): Promise<void> {
    const select = tx.selectFrom('flows').select('fence').where('id', '=', flowId);
    const row = await (this.#database.kind === 'postgres' ? select.forShare() : select).executeTakeFirst();
    if (row?.fence === fence) return;
    throw new CodedError('store/stale-fence', `another owner has taken ${flowId} over; no flag was changed`, {
      help: 'nothing to do: the newer owner goes on',
    });
  }

  /** The newest version, or the one asked for. */
  async get(place: { app: string; environment: string }, version?: number): Promise<StoredFlags | null> {
    const { app, environment } = place;
    const row = await this.#database.read((db) => {
      const select = db
        .selectFrom('flag_versions')
        .selectAll()
        .where((flagRow) => flagRow.and({ app, environment }));
      const exact = version === undefined ? select : select.where('version', '=', version);
      return exact.orderBy('version', 'desc').limit(1).executeTakeFirst();
    });
    return row ? toFlags(row) : null;
  }

  /** Which version is the newest, for each environment that has flags. */
  async newest(): Promise<{ app: string; environment: string; version: number }[]> {
    return this.#database.read((db) =>
      db
        .selectFrom('flag_versions')
        .select(({ fn }) => ['app', 'environment', fn.max('version').as('version')])
        .groupBy(['app', 'environment'])
        .orderBy('app')
        .orderBy('environment')
        .execute(),
    );
  }
}

function toFlags({ app, environment, version, body, created_at_ms }: FlagVersionRow): StoredFlags {
  return { app, environment, version, body: JSON.parse(body) as Json, createdAtMs: created_at_ms };
}
