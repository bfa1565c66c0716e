import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { removeAbandoned, stagingPrefix } from './abandoned.ts';
import { glob } from './glob.ts';
import type { JobDirectories } from './spec.ts';

/** Entries that nobody restored for so long are removed, as GitHub does. */
const keptMs = 7 * 24 * 60 * 60 * 1000;

/** Which files a cache is about; the same paths and key name the same entry. */
export interface CacheQuery {
  paths: string[];
  key: string;
  restoreKeys: string[];
}

interface EntryMeta {
  key: string;
  version: string;
  createdAtMs: number;
}

/** A hit. */
export interface CacheEntry {
  key: string;
  directory: string;
}

/** Finds the entry of the key, or else the newest whose key starts with the first restore key that has one. */
export async function findCache(cacheDirectory: string, query: CacheQuery): Promise<CacheEntry | null> {
  const version = versionOf(query.paths);
  const entries = (await readEntries(cacheDirectory)).filter((entry) => entry.meta.version === version);
  const newestFirst = entries.sort((a, b) => b.meta.createdAtMs - a.meta.createdAtMs);
  const hit =
    newestFirst.find(({ meta }) => meta.key === query.key) ??
    [query.key, ...query.restoreKeys]
      .map((prefix) => newestFirst.find(({ meta }) => meta.key.startsWith(prefix)))
      .find((entry) => entry !== undefined);
  return hit ? { key: hit.meta.key, directory: hit.directory } : null;
}

/** Lays the files of an entry back where they were, over what is there. */
export async function restoreCache(entry: CacheEntry, directories: JobDirectories): Promise<void> {
  for (const [name, root] of anchors(directories)) {
    const source = join(entry.directory, name);
    if (existsSync(source)) await cp(source, root, { recursive: true, force: true, verbatimSymlinks: true });
  }
  const now = new Date();
  await utimes(join(entry.directory, 'meta.json'), now, now);
}

/**
 * Saves the files under the key. An entry is never changed: one that exists, or that another job saves first, stays.
 *
 * @returns How many files were saved; null when the key is taken, 0 when the paths hold nothing.
 */
export async function saveCache(
  cacheDirectory: string,
  query: CacheQuery,
  directories: JobDirectories,
): Promise<number | null> {
  const version = versionOf(query.paths);
  const final = join(cacheDirectory, `entry-${sha256(`${version} ${query.key}`).slice(0, 40)}`);
  if (existsSync(final)) return null;
  await mkdir(cacheDirectory, { recursive: true });
  const staging = await mkdtemp(join(cacheDirectory, stagingPrefix));
  try {
    const count = await copyIn(query.paths, directories, staging);
    if (count === 0) return 0;
    const meta: EntryMeta = { key: query.key, version, createdAtMs: Date.now() };
    await writeFile(join(staging, 'meta.json'), JSON.stringify(meta));
    return (await publish(staging, final)) ? count : null;
  } finally {
    await rm(staging, { recursive: true, force: true });
    await removeStale(cacheDirectory);
    await removeAbandoned(cacheDirectory);
  }
}

async function publish(staging: string, final: string): Promise<boolean> {
  try {
    await rename(staging, final);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return false;
    throw error;
  }
}

/** Whole directories are copied as they are, links and modes included; patterns file by file. */
async function copyIn(paths: string[], directories: JobDirectories, staging: string): Promise<number> {
  const { workspace, home } = directories;
  const found = glob(paths, { root: workspace, home });
  const whole = found.searchPaths.filter((path) => existsSync(path) && isPlain(path, paths, directories));
  const loose = found.files.filter(
    (file) => !whole.some((path) => file === path || file.startsWith(path + sep)),
  );
  for (const path of [...whole, ...loose]) {
    const [name, root] = anchors(directories).find(([, anchor]) => isWithin(path, anchor)) ?? ['root', sep];
    await cp(path, join(staging, name, relative(root, path)), { recursive: true, verbatimSymlinks: true });
  }
  return found.files.length;
}

/** Whether the author named this very path, without wildcard and without taking anything away again. */
function isPlain(path: string, paths: string[], { workspace, home }: JobDirectories): boolean {
  if (paths.some((line) => line.trim().startsWith('!'))) return false;
  return paths.some(
    (line) => !/[*?[]/.test(line) && glob([line], { root: workspace, home }).searchPaths[0] === path,
  );
}

/** Paths are kept relative to these, since a job's directories differ from run to run. */
function anchors(directories: JobDirectories): [string, string][] {
  return [
    ['workspace', directories.workspace],
    ['home', directories.home],
    ['temp', directories.temp],
    ['root', sep],
  ];
}

function isWithin(path: string, anchor: string): boolean {
  return path === anchor || path.startsWith(anchor === sep ? sep : anchor + sep);
}

async function readEntries(cacheDirectory: string): Promise<{ meta: EntryMeta; directory: string }[]> {
  const names = existsSync(cacheDirectory) ? await readdir(cacheDirectory) : [];
  const entries = names.filter((name) => name.startsWith('entry-'));
  const read = entries.map(async (name) => {
    const directory = join(cacheDirectory, name);
    const text = await readFile(join(directory, 'meta.json'), 'utf8').catch(() => null);
    return text === null ? [] : [{ meta: JSON.parse(text) as EntryMeta, directory }];
  });
  return (await Promise.all(read)).flat();
}

async function removeStale(cacheDirectory: string): Promise<void> {
  for (const { directory } of await readEntries(cacheDirectory)) {
    const stats = await stat(join(directory, 'meta.json')).catch(() => null);
    if (stats && Date.now() - stats.mtimeMs > keptMs) await rm(directory, { recursive: true, force: true });
  }
}

function versionOf(paths: string[]): string {
  return sha256(paths.map((path) => path.trim()).join('\n')).slice(0, 16);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
