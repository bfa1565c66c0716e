import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const mostBytes = 64 * 1024;

/** The last lines of a log, from at most its last 64 KiB; empty when there is none. Never throws. */
export function readLogTail(file: string, lines: number): string[] {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch {
    return [];
  }
  try {
    const sizeBytes = fstatSync(fd).size;
    const length = Math.min(sizeBytes, mostBytes);
    const buffer = Buffer.alloc(length);
    const got = readSync(fd, buffer, 0, length, sizeBytes - length);
    const all = buffer.toString('utf8', 0, got).split(/\r?\n/);
    if (length < sizeBytes) all.shift();
    if (all.at(-1) === '') all.pop();
    return all.slice(-lines);
  } catch {
    return [];
  } finally {
    closeSync(fd);
  }
}
