import { canonicalJson, type Json } from '../flow/index.ts';
import type { Database } from './database.ts';
import type { DocumentRow } from './schema.ts';

/** A named piece of JSON, such as an app or the settings of an environment. */
export interface StoredDocument {
  kind: string;
  id: string;
  body: Json;
  updatedAtMs: number;
}

/** Keeps documents; the last `put` wins. */
export class Documents {
  readonly #database: Database;
  readonly #wallMs: () => number;
  readonly #committed: () => void;

  constructor(database: Database, wallMs: () => number, committed: () => void) {
    this.#database = database;
    this.#wallMs = wallMs;
    this.#committed = committed;
  }

  async get(kind: string, id: string): Promise<StoredDocument | null> {
    const row = await this.#database.read((db) =>
      db.selectFrom('documents').selectAll().where('kind', '=', kind).where('id', '=', id).executeTakeFirst(),
    );
    return row ? toDocument(row) : null;
  }

  async put(kind: string, id: string, body: Json): Promise<void> {
    const content = { body: canonicalJson(body), updated_at_ms: Math.trunc(this.#wallMs()) };
    await this.#database.write((tx) =>
      tx
        .insertInto('documents')
        .values({ kind, id, ...content })
        .onConflict((conflict) => conflict.columns(['kind', 'id']).doUpdateSet(content))
        .execute(),
    );
    this.#committed();
  }

  /**
   * Puts `after` where `before` still stands; a `before` of null means that there is none.
   *
   * @returns Whether it was put; false when another writer came first.
   */
  async replace(
    kind: string,
    id: string,
    { before, after }: { before: Json; after: Json },
  ): Promise<boolean> {
    const content = { body: canonicalJson(after), updated_at_ms: Math.trunc(this.#wallMs()) };
    const changed = await this.#database.write(async (tx) => {
      if (before === null) {
        const insert = tx.insertInto('documents').values({ kind, id, ...content });
        return insert.onConflict((conflict) => conflict.doNothing()).executeTakeFirst();
      }
      const update = tx.updateTable('documents').set(content).where('kind', '=', kind).where('id', '=', id);
      return update.where('body', '=', canonicalJson(before)).executeTakeFirst();
    });
    const rows =
      'numUpdatedRows' in changed ? changed.numUpdatedRows : (changed.numInsertedOrUpdatedRows ?? 0n);
    if (rows > 0n) this.#committed();
    return rows > 0n;
  }

  /** By id. */
  async list(kind: string): Promise<StoredDocument[]> {
    const rows = await this.#database.read((db) =>
      db.selectFrom('documents').selectAll().where('kind', '=', kind).orderBy('id').execute(),
    );
    return rows.map(toDocument);
  }

  /** Does nothing when there is none. */
  async delete(kind: string, id: string): Promise<void> {
    await this.#database.write((tx) =>
      tx.deleteFrom('documents').where('kind', '=', kind).where('id', '=', id).execute(),
    );
    this.#committed();
  }
}

function toDocument(row: DocumentRow): StoredDocument {
  return { kind: row.kind, id: row.id, body: JSON.parse(row.body) as Json, updatedAtMs: row.updated_at_ms };
}
