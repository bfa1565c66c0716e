import { randomUUID } from 'node:crypto';
import type { Media, MediaKind, MediaPage, NewMedia } from '@medianest/shared';
import type { Database, Value } from './database.ts';

interface MediaRow {
  id: string;
  title: string;
  kind: MediaKind;
  creator: string;
  year: number | null;
  tags: string;
  created_at: string;
  poster_state: string | null;
  rating: number | string | null;
  rating_count: number | string;
}

export interface MediaQuery {
  /** Words that title, creator or tags must all hold, in any case. */
  words: string[];
  kind: MediaKind | null;
  limit: number;
}

const columns = `media.id, media.title, media.kind, media.creator, media.year, media.tags,
  media.created_at, posters.state AS poster_state,
  (SELECT avg(stars) FROM ratings WHERE ratings.media_id = media.id) AS rating,
  (SELECT count(*) FROM ratings WHERE ratings.media_id = media.id) AS rating_count`;
const source = 'media LEFT JOIN posters ON posters.media_id = media.id';

/** The library's items, and the worker's task that each new one brings. */
export class MediaStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async add(item: NewMedia): Promise<Media> {
    const id = randomUUID();
    const createdAt = new Date().toISOString();
    const { title, kind, creator, year, tags } = item;
    await this.#database.atomically([
      {
        sql: `INSERT INTO media (id, title, kind, creator, year, tags, created_at)
          VALUES ($1, $2, $3, $4, $5, $6, $7)`,
        values: [id, title, kind, creator, year, JSON.stringify(tags), createdAt],
      },
      {
        sql: 'INSERT INTO posters (media_id, changed_at) VALUES ($1, $2)',
        values: [id, createdAt],
      },
    ]);
    return { ...item, id, posterUrl: null, rating: null, ratingCount: 0, createdAt };
  }

  async find(id: string): Promise<Media | null> {
    const rows = await this.#database.rows<MediaRow>(
      `SELECT ${columns} FROM ${source} WHERE media.id = $1`,
      [id],
    );
    return rows[0] ? toMedia(rows[0]) : null;
  }

  async rate(mediaId: string, stars: number): Promise<void> {
    await this.#database.atomically([
      {
        sql: 'INSERT INTO ratings (id, media_id, stars, rated_at) VALUES ($1, $2, $3, $4)',
        values: [randomUUID(), mediaId, stars, new Date().toISOString()],
      },
    ]);
  }

  /** The newest items that match. */
  async search(query: MediaQuery): Promise<MediaPage> {
    const { where, values } = matching(query);
    const items = await this.#database.rows<MediaRow>(
      `SELECT ${columns} FROM ${source} WHERE ${where}
        ORDER BY media.created_at DESC, media.id LIMIT $${values.length + 1}`,
      [...values, query.limit],
    );
    const count = await this.#database.rows<{ total: number | string }>(
      `SELECT count(*) AS total FROM media WHERE ${where}`,
      values,
    );
    return { items: items.map(toMedia), total: Number(count[0]?.total ?? 0) };
  }
}

function matching({ words, kind }: MediaQuery): { where: string; values: Value[] } {
  const conditions = ['1 = 1'];
  const values: Value[] = [];
  for (const word of words) {
    values.push(`%${word.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`);
    conditions.push(
      `(media.title || ' ' || media.creator || ' ' || media.tags) COLLATE nocase
        LIKE $${values.length} ESCAPE '\\'`,
    );
  }
  if (kind !== null) {
    values.push(kind);
    conditions.push(`media.kind = $${values.length}`);
  }
  return { where: conditions.join(' AND '), values };
}

function toMedia(row: MediaRow): Media {
  const { id, title, kind, creator, year, created_at: createdAt } = row;
  const posterUrl = row.poster_state === 'done' ? `/api/media/${id}/poster` : null;
  const rating = row.rating === null ? null : Math.round(Number(row.rating) * 10) / 10;
  const ratingCount = Number(row.rating_count);
  const tags = JSON.parse(row.tags);
  return { id, title, kind, creator, year, tags, posterUrl, rating, ratingCount, createdAt };
}
