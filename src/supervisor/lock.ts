import { linkSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { identify, isAlive, readBootId, type Identity } from './proc.ts';

/*
 * A lock that a dead holder cannot keep, without flock (which Node lacks).
 * Holders are files 1, 2, 3 … in one folder; the highest number holds. Who finds the highest one dead links the next
 * number, which succeeds for one only. A file is never taken over, so no two can take it over at once.
 */

/** Takes the lock of a folder for this process. @returns null when taken, else who holds it. */
export function takeLock(folder: string): { holder: Identity } | null {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const bootId = readBootId();
  const self = identify(process.pid, bootId);
  if (!self)
    throw new Error('/proc does not show this process; the supervisor needs Linux with /proc mounted');
  const draft = join(folder, `draft-${process.pid}`);
  writeFileSync(draft, JSON.stringify(self), { mode: 0o600, flush: true });
  try {
    for (;;) {
      const highest = Math.max(0, ...generations(folder));
      const holder = highest === 0 ? null : readHolder(join(folder, String(highest)));
      if (holder && isAlive(holder, bootId)) {
        return holder.pid === self.pid ? null : { holder };
      }
      tryLink(draft, join(folder, String(highest + 1)));
      // Somebody slow may have created a number that was used and swept meanwhile: only the highest counts.
      for (const old of generations(folder)) {
        if (old <= highest) rmSync(join(folder, String(old)), { force: true });
      }
    }
  } finally {
    rmSync(draft, { force: true });
  }
}

function generations(folder: string): number[] {
  return readdirSync(folder)
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function readHolder(path: string): Identity | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Identity;
  } catch {
    return null;
  }
}

function tryLink(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
