import type { MediaKind } from '@medianest/shared';
import type { Cache } from './cache.ts';
import type { Database } from './database.ts';

/** A poster that should be drawn. */
export interface PosterTask {
  mediaId: string;
  title: string;
  kind: MediaKind;
}

/** A worker that died leaves its task behind; after this long another one takes it. */
const abandonedAfterMs = 30_000;

interface Options {
  now?: () => number;
  /** Posters that were asked for; without one the database is asked each time. */
  cache?: Cache | null;
}

/** Posters waiting to be drawn, in the database so that none is lost with a process. */
export class PosterQueue {
  readonly #database: Database;
  readonly #now: () => number;
  readonly #cache: Cache | null;

  constructor(database: Database, { now = Date.now, cache = null }: Options = {}) {
    this.#database = database;
    this.#now = now;
    this.#cache = cache;
  }

  /** Takes the task that has waited longest, or null. Two workers never get the same one. */
  async take(): Promise<PosterTask | null> {
    const taken = await this.#database.rows<{ media_id: string }>(
      `UPDATE posters SET state = 'drawing', attempts = attempts + 1, changed_at = $1
        WHERE media_id = (SELECT media_id FROM posters
            WHERE state = 'waiting' OR (state = 'drawing' AND changed_at < $2)
            ORDER BY changed_at LIMIT 1)
          AND (state = 'waiting' OR (state = 'drawing' AND changed_at < $2))
        RETURNING media_id`,
      [this.#time(0), this.#time(-abandonedAfterMs)],
    );
    const mediaId = taken[0]?.media_id;
    if (mediaId === undefined) return null;
    const rows = await this.#database.rows<{ title: string; kind: MediaKind }>(
      'SELECT title, kind FROM media WHERE id = $1',
      [mediaId],
    );
    return rows[0] ? { mediaId, title: rows[0].title, kind: rows[0].kind } : null;
  }

  async finish(mediaId: string, svg: string): Promise<void> {
    await this.#database.rows(
      `UPDATE posters SET state = 'done', svg = $1, changed_at = $2 WHERE media_id = $3
        RETURNING media_id`,
      [svg, this.#time(0), mediaId],
    );
  }

  /** A poster never changes once it is drawn, so a cache may keep it for as long as it likes. */
  async poster(mediaId: string): Promise<string | null> {
    const key = `poster:${mediaId}`;
    const cached = (await this.#cache?.get(key)) ?? null;
    if (cached !== null) return cached;
    const drawn = await this.#drawn(mediaId);
    if (drawn !== null) await this.#cache?.set(key, drawn);
    return drawn;
  }

  /** The posters drawn last, straight from the database. */
  async newest(limit: number): Promise<{ mediaId: string; svg: string }[]> {
    const rows = await this.#database.rows<{ media_id: string; svg: string }>(
      `SELECT media_id, svg FROM posters WHERE state = 'done'
        ORDER BY changed_at DESC, media_id LIMIT $1`,
      [limit],
    );
    return rows.map(({ media_id: mediaId, svg }) => ({ mediaId, svg }));
  }

  async #drawn(mediaId: string): Promise<string | null> {
    const rows = await this.#database.rows<{ svg: string | null }>(
      'SELECT svg FROM posters WHERE media_id = $1',
      [mediaId],
    );
    return rows[0]?.svg ?? null;
  }

  #time(offsetMs: number): string {
    return new Date(this.#now() + offsetMs).toISOString();
  }
}
