import { readFileSync } from 'node:fs';

const lines = 8;

/** The last lines of a program's log; empty when there is none. */
export function logTail(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-lines);
  } catch {
    return [];
  }
}
