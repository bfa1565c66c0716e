import { setTimeout as sleep } from 'node:timers/promises';
import { Kysely, sql, SqliteDialect, type SqliteDatabase, type Transaction } from 'kysely';
import { asStoreError, failureKind } from './failures.ts';
import { migrate } from './migrations.ts';
import { postgresDialect } from './postgres.ts';
import type { DatabaseKind, Tables } from './schema.ts';
import { adaptSqlite, openSqlite } from './sqlite.ts';

/** Queries of a transaction. */
export type Tx = Transaction<Tables>;

/** Where the rows are: one PostgreSQL database, or one SQLite file. */
export type DatabasePlace = { url: string } | { file: string };

/** Names of the advisory locks that writers on PostgreSQL queue for; SQLite has one writer at a time anyway. */
const advisoryLocks = { migrations: 7_503_001, events: 7_503_002, heads: 7_503_003, secrets: 7_503_004 };

const patienceMs = 15_000;
const longestPauseMs = 100;

/** A database of either kind: reads, and short write transactions that are repeated when another writer was in the way. */
export class Database {
  readonly kind: DatabaseKind;
  /** The database in words that may be printed. */
  readonly place: string;
  readonly #kysely: Kysely<Tables>;

  private constructor(kind: DatabaseKind, place: string, kysely: Kysely<Tables>) {
    this.kind = kind;
    this.place = place;
    this.#kysely = kysely;
  }

  /** @throws CodedError `store/unreachable`, `store/damaged`, `store/newer-schema`, `store/busy`, `store/disk-full` */
  static async open(place: DatabasePlace): Promise<Database> {
    if ('file' in place) return Database.#openFile(place.file);
    const kysely = new Kysely<Tables>({ dialect: postgresDialect(place.url) });
    return new Database('postgres', printableUrl(place.url), kysely).#migrated();
  }

  async #migrated(): Promise<Database> {
    try {
      await this.write(async (tx) => {
        await this.queue(tx, 'migrations');
        await migrate(tx, this.kind);
      });
      return this;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  static async #openFile(file: string): Promise<Database> {
    const place = `the database ${file}`;
    const opened = await repeated(place, () => Promise.resolve(openSqlite(file)));
    return Database.overSqlite(adaptSqlite(opened), place);
  }

  /** For tests that pull the plug. */
  static async overSqlite(database: SqliteDatabase, place: string): Promise<Database> {
    return new Database(
      'sqlite',
      place,
      new Kysely({ dialect: new SqliteDialect({ database }) }),
    ).#migrated();
  }

  /** Runs queries outside a transaction; each sees what was committed when it started. */
  async read<T>(work: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
    return repeated(this.place, () => work(this.#kysely));
  }

  /**
   * Runs `work` in one transaction. It may run several times, and on SQLite nothing else runs meanwhile, so it must await
   * nothing but its own queries.
   */
  async write<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return repeated(this.place, () => this.#kysely.transaction().execute(work));
  }

  /** Waits until no other transaction holds the same lock; it ends with this transaction. */
  async queue(tx: Tx, lock: keyof typeof advisoryLocks): Promise<void> {
    if (this.kind === 'postgres') await sql`select pg_advisory_xact_lock(${advisoryLocks[lock]})`.execute(tx);
  }

  async close(): Promise<void> {
    await this.#kysely.destroy();
  }
}

/** Repeats what only another writer stood in the way of; anything else is thrown in Slipway's words. */
async function repeated<T>(place: string, attempt: () => Promise<T>): Promise<T> {
  const endMs = performance.now() + patienceMs;
  for (let pauseMs = 1; ; pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
    try {
      return await attempt();
    } catch (error) {
      const kind = failureKind(error);
      const passing = kind === 'busy' || kind === 'conflict';
      if (!passing || performance.now() > endMs) throw asStoreError(error, place);
    }
    await sleep(pauseMs * (0.5 + Math.random()));
  }
}

function printableUrl(url: string): string {
  if (!URL.canParse(url)) return 'the database of SLIPWAY_DATABASE_URL';
  const { host, pathname } = new URL(url);
  return `the PostgreSQL database ${host}${pathname}`;
}
