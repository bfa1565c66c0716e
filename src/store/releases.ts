import { CodedError } from '../diagnostics/index.ts';
import { canonicalJson, type Json } from '../flow/index.ts';
import type { Database } from './database.ts';
import type { ReleaseRow } from './schema.ts';

/** A release as kept: what it is found by, and the whole of it as JSON. */
export interface ReleaseRecord {
  /** Of its content; its identity. */
  digest: string;
  app: string;
  commit: string;
  body: Json;
  createdAtMs: number;
}

/** Keeps releases, which never change. */
export class Releases {
  readonly #database: Database;
  readonly #wallMs: () => number;
  readonly #committed: () => void;

  constructor(database: Database, wallMs: () => number, committed: () => void) {
    this.#database = database;
    this.#wallMs = wallMs;
    this.#committed = committed;
  }

  /**
   * Keeps a release; the same one again changes nothing and returns the first.
   *
   * @throws CodedError `store/release-differs` when the digest stands for something else already.
   */
  async put(release: Omit<ReleaseRecord, 'createdAtMs'>): Promise<ReleaseRecord> {
    const { digest, app, commit } = release;
    const body = canonicalJson(release.body);
    const row = await this.#database.write(async (tx) => {
      await tx
        .insertInto('releases')
        .values({ digest, app, commit_id: commit, body, created_at_ms: Math.trunc(this.#wallMs()) })
        .onConflict((conflict) => conflict.column('digest').doNothing())
        .execute();
      return tx.selectFrom('releases').selectAll().where('digest', '=', digest).executeTakeFirstOrThrow();
    });
    if (row.app !== app || row.commit_id !== commit || row.body !== body) throw releaseDiffers(row, release);
    this.#committed();
    return toRelease(row);
  }

  async get(digest: string): Promise<ReleaseRecord | null> {
    const row = await this.#database.read((db) =>
      db.selectFrom('releases').selectAll().where('digest', '=', digest).executeTakeFirst(),
    );
    return row ? toRelease(row) : null;
  }

  /** The releases of one commit, newest first. */
  async find({ app, commit }: { app: string; commit: string }): Promise<ReleaseRecord[]> {
    return this.list({ app, commit });
  }

  /** Newest first. */
  async list(filter: { app?: string; commit?: string; limit?: number } = {}): Promise<ReleaseRecord[]> {
    const rows = await this.#database.read((db) => {
      let select = db.selectFrom('releases').selectAll();
      if (filter.app !== undefined) select = select.where('app', '=', filter.app);
      if (filter.commit !== undefined) select = select.where('commit_id', '=', filter.commit);
      return select
        .orderBy('created_at_ms', 'desc')
        .orderBy('digest')
        .limit(filter.limit ?? 1000)
        .execute();
    });
    return rows.map(toRelease);
  }
}

function toRelease(row: ReleaseRow): ReleaseRecord {
  const { digest, app } = row;
  return {
    digest,
    app,
    commit: row.commit_id,
    body: JSON.parse(row.body) as Json,
    createdAtMs: row.created_at_ms,
  };
}

function releaseDiffers(
  kept: ReleaseRow,
  given: { digest: string; app: string; commit: string },
): CodedError {
  return new CodedError(
    'store/release-differs',
    `release ${given.digest} is kept already, with other facts`,
    {
      notes: [`kept: ${kept.app} at ${kept.commit_id}`, `given: ${given.app} at ${given.commit}`],
      help: 'a release never changes: make a new one from the commit',
    },
  );
}
