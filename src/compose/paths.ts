import type { Scalar } from './tree.ts';

/** Joins a folder, relative to the project's root, and a path; `.` is the root itself, absolute paths stay. */
export function joinPath(folder: string, path: string): string {
  if (path.startsWith('/')) return path;
  const parts: string[] = [];
  for (const part of `${folder}/${path}`.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else parts.push(part);
  }
  return parts.length === 0 ? '.' : parts.join('/');
}

/** The folder of a file. */
export function folderOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
}

/** Whether a joined path leaves the project's root. */
export function leavesRoot(path: string): boolean {
  return path === '..' || path.startsWith('../');
}

/** A written path, seen from the project's root. */
export function pathOf(tree: Scalar, path: string): string {
  return joinPath(tree.folder, path);
}
