import { constants } from 'node:fs';
import { copyFile, lstat, mkdir, readlink, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { WorkTreeCopy } from './spec.ts';

/** Copies at once. */
const width = 32;

/** Makes a fresh checkout look like the work tree that it was copied from; git then sees the same changes. */
export async function overlay(directory: string, { folder, changed, deleted }: WorkTreeCopy): Promise<void> {
  // Folders give way to files and files to folders only when what goes has gone first.
  for (const path of deleted) await rm(join(directory, path), { recursive: true, force: true });
  const rest = [...changed];
  const work = async (): Promise<void> => {
    for (let path = rest.shift(); path !== undefined; path = rest.shift())
      await place(join(folder, path), join(directory, path));
  };
  await Promise.all(Array.from({ length: Math.min(width, changed.length) }, work));
}

async function place(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true });
  await mkdir(dirname(to), { recursive: true });
  if ((await lstat(from)).isSymbolicLink()) await symlink(await readlink(from), to);
  else await copyFile(from, to, constants.COPYFILE_FICLONE);
}
