import type { Database } from './database.ts';
import type { SecretRow } from './schema.ts';

/** Which secret. */
export interface SecretName {
  app: string;
  environment: string;
  name: string;
}

/** One version of a secret, encrypted; this room never sees the value. */
export interface StoredSecret extends SecretName {
  /** From 1, without gaps. */
  version: number;
  ciphertext: string;
  createdAtMs: number;
}

/** Keeps every version of every secret: a rollback needs the old ones. */
export class Secrets {
  readonly #database: Database;
  readonly #wallMs: () => number;
  readonly #committed: () => void;

  constructor(database: Database, wallMs: () => number, committed: () => void) {
    this.#database = database;
    this.#wallMs = wallMs;
    this.#committed = committed;
  }

  /** Adds the next version. */
  async put(secret: SecretName & { ciphertext: string }): Promise<StoredSecret> {
    const { app, environment, name, ciphertext } = secret;
    const created_at_ms = Math.trunc(this.#wallMs());
    const row = await this.#database.write(async (tx) => {
      await this.#database.queue(tx, 'secrets');
      const newest = await tx
        .selectFrom('secrets')
        .select(({ fn }) => fn.max('version').as('version'))
        .where((secretRow) => secretRow.and({ app, environment, name }))
        .executeTakeFirst();
      const version = (newest?.version ?? 0) + 1;
      const values = { app, environment, name, version, ciphertext, created_at_ms };
      await tx.insertInto('secrets').values(values).execute();
      return values;
    });
    this.#committed();
    return toSecret(row);
  }

  /** The newest version, or the one asked for. */
  async get({
    app,
    environment,
    name,
    version,
  }: SecretName & { version?: number }): Promise<StoredSecret | null> {
    const row = await this.#database.read((db) => {
      const select = db
        .selectFrom('secrets')
        .selectAll()
        .where((secretRow) => secretRow.and({ app, environment, name }));
      const exact = version === undefined ? select : select.where('version', '=', version);
      return exact.orderBy('version', 'desc').limit(1).executeTakeFirst();
    });
    return row ? toSecret(row) : null;
  }

  /** All versions, by environment, name and version. */
  async list({ app, environment }: { app: string; environment?: string }): Promise<StoredSecret[]> {
    const rows = await this.#database.read((db) => {
      const select = db.selectFrom('secrets').selectAll().where('app', '=', app);
      const chosen = environment === undefined ? select : select.where('environment', '=', environment);
      return chosen.orderBy('environment').orderBy('name').orderBy('version').execute();
    });
    return rows.map(toSecret);
  }
}

function toSecret(row: SecretRow): StoredSecret {
  const { app, environment, name, version, ciphertext } = row;
  return { app, environment, name, version, ciphertext, createdAtMs: row.created_at_ms };
}
