import { readFileSync } from 'node:fs';
import { kinOf, listProcesses, readSocketInodes } from '../../supervisor/index.ts';

/** Who listens where a probe was answered. `unknown` where the kernel does not let us look. */
export type Ownership = 'ours' | 'unknown' | { other: string };

/** Addresses that take connections to 127.0.0.1, as /proc/net writes them, the one that the kernel prefers first. */
const preference = [
  ['/proc/net/tcp', '0100007F'],
  ['/proc/net/tcp6', '0000000000000000FFFF00000100007F'],
  ['/proc/net/tcp', '00000000'],
  ['/proc/net/tcp6', '00000000000000000000000000000000'],
] as const;

const listening = '0A';

/** Whether the port is held by this process or its kin, so that nobody else's answer passes for a copy's health. */
export function whoListens(port: number, pid: number): Ownership {
  const wanted = listenersOf(port);
  if (wanted.size === 0) return 'unknown';
  let blind = false;
  for (const kin of kinOf(pid)) {
    const held = readSocketInodes(kin.pid);
    blind ||= held === null;
    for (const inode of held ?? []) wanted.delete(inode);
    if (wanted.size === 0) return 'ours';
  }
  return blind ? 'unknown' : { other: describeHolder(wanted) };
}

function listenersOf(port: number): Set<number> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const [file, address] of preference) {
    const inodes = readTable(file)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[1] === address + suffix && fields[3] === listening)
      .map((fields) => Number(fields[9]));
    if (inodes.length > 0) return new Set(inodes);
  }
  return new Set();
}

function readTable(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch {
    return [];
  }
}

function describeHolder(inodes: ReadonlySet<number>): string {
  const holder = listProcesses().find(({ pid }) => {
    const held = readSocketInodes(pid);
    return held !== null && !held.isDisjointFrom(inodes);
  });
  return holder ? `process ${holder.pid}` : 'a process of another user';
}
