import { readFileSync } from 'node:fs';

/** A process, so exactly that another one which got its number later is not taken for it. */
export interface Owner {
  pid: number;
  /** Field 22 of /proc/PID/stat, in clock ticks since the machine started. */
  startTime: string;
  /** /proc/sys/kernel/random/boot_id */
  bootId: string;
}

/** This process. */
export function currentOwner(): Owner {
  return { pid: process.pid, startTime: startTimeOf('self') ?? '', bootId: bootId() };
}

/** Whether the process still runs. */
export function isAlive({ pid, startTime, bootId: boot }: Owner): boolean {
  return boot === bootId() && startTimeOf(pid) === startTime;
}

function bootId(): string {
  return readOr('', '/proc/sys/kernel/random/boot_id').trim();
}

/** Null when there is no such process, or only what is left of one. */
function startTimeOf(pid: number | 'self'): string | null {
  const stat = readOr('', `/proc/${pid}/stat`);
  // The name in parentheses may itself hold blanks and parentheses; the state is field 3.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return stat === '' || fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null);
}

function readOr(otherwise: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return otherwise;
  }
}
