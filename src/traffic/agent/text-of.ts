import { readFileSync } from 'node:fs';

/** A small file's text; empty when it cannot be read, as that of a process which has just ended. */
export function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
