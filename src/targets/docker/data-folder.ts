import { opendir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';

const placeholders = ['.gitkeep', '.keep', '.gitignore'];

/** Whether a file is in a commit only to keep its folder there, which Git does not do by itself. */
export function isPlaceholder(path: string): boolean {
  return placeholders.includes(path.slice(path.lastIndexOf('/') + 1));
}

/**
 * Tells whether a path of a release is a place for data: there is nothing, or a folder that holds placeholders alone.
 *
 * @returns The folders in it, outer ones first; null where the release has a file or real content there.
 */
export async function foldersOfData(path: string): Promise<string[] | null> {
  const found = await stat(path).catch(() => null);
  if (found === null) return [];
  if (!found.isDirectory()) return null;
  const folders: string[] = [];
  for await (const entry of await opendir(path, { recursive: true })) {
    if (entry.isDirectory()) folders.push(relative(path, join(entry.parentPath, entry.name)));
    else if (!isPlaceholder(entry.name)) return null;
  }
  return folders;
}
