import { canonicalJson, type Json, type NewEvent, type StoredEvent } from '../flow/index.ts';
import type { Database } from './database.ts';
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
   * @returns Whether it was added; false when that version stands already, for another writer came first.
   */
  async add(flags: Omit<StoredFlags, 'createdAtMs'>, event: Omit<NewEvent, 'chain'>): Promise<boolean> {
    const { app, environment, version } = flags;
    const atMs = Math.trunc(this.#wallMs());
    const row = { app, environment, version, body: canonicalJson(flags.body), created_at_ms: atMs };
    const stored = await this.#database.write(async (tx) => {
      const insert = tx.insertInto('flag_versions').values(row);
      const done = await insert.onConflict((conflict) => conflict.doNothing()).executeTakeFirst();
      if ((done.numInsertedOrUpdatedRows ?? 0n) === 0n) return null;
      const events = [{ chain: `${app}/${environment}`, ...event }];
      return appendEvents(this.#database, tx, { events, atMs });
    });
    if (stored !== null) this.#committed(stored);
    return stored !== null;
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
