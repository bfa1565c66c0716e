import { createHash, randomInt } from 'node:crypto';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { removeAbandoned, stagingPrefix } from './abandoned.ts';

/** Entries that nobody restored for so long are removed, as GitHub does. */
const keptMs = 7 * 24 * 60 * 60 * 1000;
/** What all entries of an app may take together, as on GitHub; the ones longest unused go first. */
export const cacheLimitBytes = 10 * 1024 ** 3;

/** What is looked for. */
export interface CacheQuery {
  /** Whose entries may be seen, the nearest first. */
  refs: string[];
  /** Of paths and packing: only entries of one of these fit. */
  versions: string[];
  key: string;
  restoreKeys: string[];
}

/** A hit. */
export interface FoundCache {
  id: number;
  key: string;
  /** Absolute; a packed tar whose names are relative to the workspace. */
  archive: string;
}

/** What is to be kept. */
export interface NewCache {
  ref: string;
  version: string;
  key: string;
  /** Absolute; taken away from there. On the same file system as the store. */
  archive: string;
  sizeBytes: number;
}

interface EntryMeta {
  id: number;
  ref: string;
  key: string;
  version: string;
  createdAtMs: number;
  sizeBytes: number;
}

interface Entry {
  meta: EntryMeta;
  directory: string;
  usedAtMs: number;
}

/**
 * Finds an entry: ref by ref, the key itself, then the newest that begins with it, then the newest that begins with the
 * first restore key that has one. What is found counts as used.
 */
export async function findCache(cacheDirectory: string, query: CacheQuery): Promise<FoundCache | null> {
  const fitting = (await readEntries(cacheDirectory)).filter(({ meta }) =>
    query.versions.includes(meta.version),
  );
  const newestFirst = fitting.sort((a, b) => b.meta.createdAtMs - a.meta.createdAtMs);
  for (const ref of query.refs) {
    const hit = pick(
      newestFirst.filter(({ meta }) => meta.ref === ref),
      query,
    );
    if (!hit) continue;
    const now = new Date();
    await utimes(join(hit.directory, 'meta.json'), now, now);
    return { id: hit.meta.id, key: hit.meta.key, archive: join(hit.directory, 'archive') };
  }
  return null;
}

function pick(newestFirst: readonly Entry[], { key, restoreKeys }: CacheQuery): Entry | undefined {
  const exact = newestFirst.find(({ meta }) => meta.key === key);
  if (exact) return exact;
  for (const prefix of [key, ...restoreKeys]) {
    const hit = newestFirst.find(({ meta }) => meta.key.startsWith(prefix));
    if (hit) return hit;
  }
  return undefined;
}

/** How an attempt to keep an entry ended. */
export type Published = { kind: 'stored'; id: number } | { kind: 'taken' } | { kind: 'too-large' };

/** Keeps an entry. None is ever changed: one that exists, or that another job saves first, stays. */
export async function publishCache(
  cacheDirectory: string,
  { archive, ...entry }: NewCache,
  limitBytes: number = cacheLimitBytes,
): Promise<Published> {
  if (entry.sizeBytes > limitBytes) return { kind: 'too-large' };
  const name = `entry-${sha256(JSON.stringify([entry.ref, entry.version, entry.key])).slice(0, 40)}`;
  const meta: EntryMeta = { id: randomInt(1, 2 ** 47), ...entry, createdAtMs: Date.now() };
  await mkdir(cacheDirectory, { recursive: true });
  const staging = await mkdtemp(join(cacheDirectory, stagingPrefix));
  try {
    await rename(archive, join(staging, 'archive'));
    await writeFile(join(staging, 'meta.json'), JSON.stringify(meta));
    await chmod(staging, 0o755);
    await rename(staging, join(cacheDirectory, name));
    return { kind: 'stored', id: meta.id };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return { kind: 'taken' };
    throw error;
  } finally {
    await rm(staging, { recursive: true, force: true });
    await evict(cacheDirectory, limitBytes);
    await removeAbandoned(cacheDirectory);
  }
}

/** Removes what nobody used for long, and the longest unused of what is too much. */
async function evict(cacheDirectory: string, limitBytes: number): Promise<void> {
  const entries = await readEntries(cacheDirectory);
  let keptBytes = 0;
  for (const { meta, directory, usedAtMs } of entries.sort((a, b) => b.usedAtMs - a.usedAtMs)) {
    keptBytes += meta.sizeBytes;
    if (keptBytes > limitBytes || Date.now() - usedAtMs > keptMs)
      await rm(directory, { recursive: true, force: true });
  }
}

async function readEntries(cacheDirectory: string): Promise<Entry[]> {
  const names = await readdir(cacheDirectory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const entries = names.filter((name) => name.startsWith('entry-'));
  const read = await Promise.all(entries.map((name) => readEntry(join(cacheDirectory, name))));
  return read.filter((entry) => entry !== null);
}

/** Null for one that another job removes at this moment, or that an older version of Slipway kept in another form. */
async function readEntry(directory: string): Promise<Entry | null> {
  const path = join(directory, 'meta.json');
  const [text, stats] = await Promise.all([
    readFile(path, 'utf8').catch(() => null),
    stat(path).catch(() => null),
  ]);
  if (text === null || !stats) return null;
  const meta = JSON.parse(text) as EntryMeta;
  return meta.sizeBytes === undefined ? null : { meta, directory, usedAtMs: stats.mtimeMs };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
