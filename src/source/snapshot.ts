import { constants } from 'node:fs';
import { copyFile, lstat, mkdir, readlink, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CodedError } from '../diagnostics/index.ts';
import type { ChangedPath, WorkTree } from './work-tree.ts';

/** How a work tree differed from HEAD when it was looked at. Plain JSON. */
export interface Snapshot {
  /** Copies of what is changed or new, by their paths. */
  folder: string;
  changed: string[];
  deleted: string[];
  /** Repositories inside this one, which are left out. */
  leftOut: string[];
}

/** Copies at once. */
const width = 32;

/**
 * Copies what differs from HEAD aside, so that a run sees one moment of a tree that people go on working in. Takes files
 * as they lie there: no filter, no line ending is applied.
 *
 * @param folder - Where copies go, in the place of what lies there; made when there are any.
 * @throws CodedError `source/unreadable-file`
 */
export async function takeSnapshot({ root, changed }: WorkTree, folder: string): Promise<Snapshot> {
  await rm(folder, { recursive: true, force: true });
  const snapshot: Snapshot = { folder, changed: [], deleted: [], leftOut: [] };
  const rest = [...changed];
  const work = async (): Promise<void> => {
    for (let file = rest.shift(); file; file = rest.shift())
      snapshot[await keep(root, file, folder)].push(file.path);
  };
  await Promise.all(Array.from({ length: Math.min(width, changed.length) }, work));
  for (const list of [snapshot.changed, snapshot.deleted, snapshot.leftOut]) list.sort();
  return snapshot;
}

async function keep(
  root: string,
  { path, isRepository }: ChangedPath,
  folder: string,
): Promise<'changed' | 'deleted' | 'leftOut'> {
  if (isRepository) return 'leftOut';
  const from = join(root, path);
  const found = await lstat(from).catch(() => null);
  // A folder stands where the file was: what it holds is listed by itself.
  if (!found || found.isDirectory()) return 'deleted';
  if (!found.isFile() && !found.isSymbolicLink()) return 'leftOut';
  const to = join(folder, path);
  await mkdir(dirname(to), { recursive: true });
  if (found.isSymbolicLink()) await symlink(await readlink(from), to);
  else await copyFile(from, to, constants.COPYFILE_FICLONE).catch((error: unknown) => refuse(path, error));
  return 'changed';
}

function refuse(path: string, error: unknown): never {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'EACCES' && code !== 'EPERM') throw error;
  throw new CodedError('source/unreadable-file', `"${path}" is not committed, and you may not read it`, {
    help: 'make it readable, name it in .gitignore, or run what is committed: slipway run --committed',
    cause: error,
  });
}
