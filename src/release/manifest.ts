import { createHash, hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '../diagnostics/index.ts';
import { eachOf } from './each-of.ts';

/** One file of a release. Modes as git has them: 100644, 100755 executable, 120000 symbolic link. */
export type ManifestFile =
  | { path: string; mode: '100644' | '100755'; sizeBytes: number; sha256: string }
  | { path: string; mode: '120000'; target: string };

/** What a release's digest is the hash of. */
export interface Manifest {
  format: 1;
  app: string;
  commit: string;
  /** Exact version, or null for the machine's own. */
  node: string | null;
  /** Digest of the app's definition, defaults included. */
  definition: string;
  /** Sorted by key; absent when it has none. */
  images?: { key: string; id: string; digest: string | null }[];
  /** Sorted by path. */
  files: ManifestFile[];
}

/** Larger files are hashed in pieces instead of being read whole. */
const wholeFileBytes = 8 * 1024 * 1024;

/** The manifest's one way to be written; the same content gives the same bytes. */
export function manifestText({ format, app, commit, node, definition, images, files }: Manifest): string {
  const head = JSON.stringify({ format, app, commit, node, definition, images });
  const lines = files.map((file) => JSON.stringify(file));
  return `${head.slice(0, -1)},"files":[\n${lines.join(',\n')}\n]}\n`;
}

/** `sha256:` and the hash of a text. */
export function digestOf(text: string): string {
  return `sha256:${hash('sha256', text)}`;
}

/**
 * Hashes every file of a folder, several at a time.
 *
 * @throws CodedError `release/special-file` for what is neither file, folder nor symbolic link.
 */
export async function hashFiles(directory: string): Promise<ManifestFile[]> {
  const paths: string[] = [];
  await collect(directory, '', paths);
  const files = await eachOf(paths, (path) => describe(directory, path));
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function collect(directory: string, prefix: string, paths: string[]): Promise<void> {
  const entries = await readdir(join(directory, prefix), { withFileTypes: true });
  for (const entry of entries) {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    if (entry.isDirectory()) await collect(directory, path, paths);
    else paths.push(path);
  }
}

async function describe(directory: string, path: string): Promise<ManifestFile> {
  const full = join(directory, path);
  const stats = await lstat(full);
  if (stats.isSymbolicLink()) return { path, mode: '120000', target: await readlink(full) };
  if (!stats.isFile()) {
    throw new CodedError('release/special-file', `${path} is neither a file, a folder nor a symbolic link`, {
      help: 'leave sockets, pipes and devices out of the artifact',
    });
  }
  const mode = (stats.mode & 0o100) === 0 ? '100644' : '100755';
  return { path, mode, sizeBytes: stats.size, sha256: await hashFile(full, stats.size) };
}

async function hashFile(file: string, sizeBytes: number): Promise<string> {
  if (sizeBytes <= wholeFileBytes) return hash('sha256', await readFile(file));
  const hasher = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 1024 * 1024 }))
    hasher.update(chunk as Buffer);
  return hasher.digest('hex');
}
