import { createHash } from 'node:crypto';
import {
  canonicalJson,
  firstPreviousHash,
  linkHash,
  type Json,
  type NewEvent,
  type StoredEvent,
} from '../flow/index.ts';
import type { Database, Tx } from './database.ts';
import type { EventRow } from './schema.ts';

/** Which events to read. */
export interface EventQuery {
  chain?: string;
  type?: string;
  /** Only events with a higher id. Ids ascend in the order of commits, so a reader that goes on from its last id misses none. */
  afterId?: number;
  /** At most so many; 1000 if not said. */
  limit?: number;
  /** `oldest` (if not said) from `afterId` on, or the `newest`, newest first. */
  first?: 'oldest' | 'newest';
}

/** The newest link of a chain, as the database has it. */
export interface ChainTip {
  chain: string;
  sequence: number;
  hash: string;
}

/** SHA-256 in hex: the hash of the event chains. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/**
 * Writes events as the next links of their chains. The last thing that a transaction does: on PostgreSQL all writers of
 * events queue from here to their commit, so that ids ascend in the order of commits.
 */
export async function appendEvents(
  database: Database,
  tx: Tx,
  { events, atMs }: { events: readonly NewEvent[]; atMs: number },
): Promise<StoredEvent[]> {
  if (events.length === 0) return [];
  await database.queue(tx, 'events');
  const tips = await tipsOf(tx, new Set(events.map((event) => event.chain)));
  const stored: StoredEvent[] = [];
  for (const event of events) {
    const tip = tips.get(event.chain) ?? { chain: event.chain, sequence: 0, hash: firstPreviousHash };
    const link = nextLink(event, tip, atMs);
    stored.push({ ...link, id: await insertLink(tx, link) });
    tips.set(event.chain, { chain: event.chain, sequence: link.sequence, hash: link.hash });
  }
  await saveTips(tx, [...tips.values()]);
  return stored;
}

function nextLink(event: NewEvent, tip: ChainTip, atMs: number): Omit<StoredEvent, 'id'> {
  const link = {
    chain: event.chain,
    sequence: tip.sequence + 1,
    atMs: Math.trunc(atMs),
    type: event.type,
    actor: event.actor,
    data: JSON.parse(canonicalJson(event.data)) as Json,
    previousHash: tip.hash,
  };
  return { ...link, hash: linkHash(link, sha256) };
}

async function insertLink(tx: Tx, link: Omit<StoredEvent, 'id'>): Promise<number> {
  const { chain, sequence, type, actor, hash } = link;
  const data = canonicalJson(link.data);
  const row = await tx
    .insertInto('events')
    .values({ chain, sequence, at_ms: link.atMs, type, actor, data, previous_hash: link.previousHash, hash })
    .returning('id')
    .executeTakeFirstOrThrow();
  return row.id;
}

async function tipsOf(tx: Tx, chains: ReadonlySet<string>): Promise<Map<string, ChainTip>> {
  const rows = await tx
    .selectFrom('chain_heads')
    .selectAll()
    .where('chain', 'in', [...chains])
    .execute();
  return new Map(rows.map((row) => [row.chain, row]));
}

async function saveTips(tx: Tx, tips: readonly ChainTip[]): Promise<void> {
  await tx
    .insertInto('chain_heads')
    .values([...tips])
    .onConflict((conflict) =>
      conflict.column('chain').doUpdateSet((row) => ({
        sequence: row.ref('excluded.sequence'),
        hash: row.ref('excluded.hash'),
      })),
    )
    .execute();
}

/** Reads events in order. */
export async function listEvents(database: Database, query: EventQuery = {}): Promise<StoredEvent[]> {
  const rows = await database.read((db) => {
    let select = db.selectFrom('events').selectAll();
    if (query.chain !== undefined) select = select.where('chain', '=', query.chain);
    if (query.type !== undefined) select = select.where('type', '=', query.type);
    if (query.afterId !== undefined) select = select.where('id', '>', query.afterId);
    return select
      .orderBy('id', query.first === 'newest' ? 'desc' : 'asc')
      .limit(query.limit ?? 1000)
      .execute();
  });
  return rows.map(toEvent);
}

/** All chains with their newest links, by name. */
export async function listChains(database: Database): Promise<ChainTip[]> {
  return database.read((db) => db.selectFrom('chain_heads').selectAll().orderBy('chain').execute());
}

const pageSize = 500;

/** The links of one chain by sequence, page by page; a chain may outgrow the memory. */
export async function* readLinks(database: Database, chain: string): AsyncGenerator<StoredEvent> {
  for (let after = Number.NEGATIVE_INFINITY; ;) {
    const rows = await database.read((db) => {
      const select = db.selectFrom('events').selectAll().where('chain', '=', chain);
      const next = Number.isFinite(after) ? select.where('sequence', '>', after) : select;
      return next.orderBy('sequence').limit(pageSize).execute();
    });
    for (const row of rows) yield toEvent(row);
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageSize) return;
    after = last.sequence;
  }
}

type SavedEventRow = Omit<EventRow, 'id'> & { id: number };

function toEvent(row: SavedEventRow): StoredEvent {
  const { id, chain, sequence, type, actor, hash } = row;
  return {
    id,
    chain,
    sequence,
    atMs: row.at_ms,
    type,
    actor,
    data: parsedOrText(row.data),
    previousHash: row.previous_hash,
    hash,
  };
}

/** Data that somebody damaged is shown as it is; its hash then gives it away. */
function parsedOrText(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}
