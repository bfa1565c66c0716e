import { createHash } from 'node:crypto';
import { link, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Routes } from '../../delivery/index.ts';
import { messageOf } from './log.ts';

/** What the router must still know after a restart. */
export interface StoredScope {
  routes: Routes;
  fence: number;
}

/**
 * What was found on disk.
 *
 * - `none`: no file yet, a first start.
 * - `current`: the file is whole.
 * - `previous`: the file is damaged or gone; the copy before the last change is in force.
 * - `damaged`: there were files, and none can be read. Every request is answered 503 until routes are applied.
 */
export interface LoadedState {
  source: 'none' | 'current' | 'previous' | 'damaged';
  scopes: StoredScope[];
  problems: string[];
}

/** Reads the state; never throws. A damaged file is moved aside, so that it is neither lost nor copied over a good one. */
export async function loadState(path: string): Promise<LoadedState> {
  const current = await readOne(path);
  if (current.kind === 'whole') return { source: 'current', scopes: current.scopes, problems: [] };
  const previous = await readOne(`${path}.previous`);
  if (current.kind === 'missing' && previous.kind === 'missing')
    return { source: 'none', scopes: [], problems: [] };
  const problems = [problemOf(path, current)];
  if (current.kind === 'damaged') await rename(path, `${path}.damaged`).catch(() => {});
  if (previous.kind === 'whole') return { source: 'previous', scopes: previous.scopes, problems };
  problems.push(problemOf(`${path}.previous`, previous));
  return { source: 'damaged', scopes: [], problems };
}

/**
 * Replaces the state so that a crash at any moment leaves a whole file: the new one or the old one.
 * What was there becomes the previous copy.
 */
export async function saveState(path: string, scopes: readonly StoredScope[]): Promise<void> {
  const body = JSON.stringify({ scopes });
  const temporary = `${path}.${process.pid}.tmp`;
  const text = `${JSON.stringify({ format: 1, sha256: sha256(body) })}\n${body}\n`;
  await writeFile(temporary, text, { mode: 0o600, flush: true });
  await keepPrevious(path);
  await rename(temporary, path);
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

type OneFile =
  { kind: 'missing' } | { kind: 'damaged'; reason: string } | { kind: 'whole'; scopes: StoredScope[] };

async function readOne(path: string): Promise<OneFile> {
  try {
    const [head = '', body = ''] = (await readFile(path, 'utf8')).split('\n');
    const { format, sha256: expected } = JSON.parse(head) as { format?: unknown; sha256?: unknown };
    if (format !== 1) return { kind: 'damaged', reason: `unknown format ${JSON.stringify(format)}` };
    if (sha256(body) !== expected) return { kind: 'damaged', reason: 'checksum does not match' };
    return { kind: 'whole', scopes: (JSON.parse(body) as { scopes: StoredScope[] }).scopes };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { kind: 'missing' };
    return { kind: 'damaged', reason: messageOf(error) };
  }
}

function problemOf(path: string, file: OneFile): string {
  if (file.kind === 'damaged') return `${path} is damaged: ${file.reason}`;
  return `${path} is missing`;
}

async function keepPrevious(path: string): Promise<void> {
  const temporary = `${path}.previous.${process.pid}.tmp`;
  await rm(temporary, { force: true });
  try {
    await link(path, temporary);
    await rename(temporary, `${path}.previous`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
