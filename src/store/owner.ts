import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** The process behind an owner, exactly enough to prove it dead later. */
export interface OwnerProcess {
  pid: number;
  /** Field 22 of /proc/PID/stat, in clock ticks since boot; empty where there is no /proc. */
  startTime: string;
  /** /proc/sys/kernel/random/boot_id; empty where there is no /proc. */
  bootId: string;
  hostname: string;
  /** The pid means something only in here; absent when unknown. */
  pidNamespace?: string;
}

/** Who claims flows: a name that is unique among the servers of one database, and the process behind it. */
export interface Owner extends OwnerProcess {
  id: string;
}

/** This process as an owner. Never throws; what the machine does not tell stays empty, and is then never proof of death. */
export function currentOwner(id: string): Owner {
  return {
    id,
    pid: process.pid,
    startTime: processState('self')?.startTime ?? '',
    bootId: readOr('', () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    hostname: hostname(),
    pidNamespace: readOr('', () => readlinkSync('/proc/self/ns/pid')),
  };
}

/** The lease's column for an owner: everything but its name. */
export function ownerProcess(owner: Owner): OwnerProcess {
  const { pid, startTime, bootId, hostname, pidNamespace } = owner;
  return { pid, startTime, bootId, hostname, pidNamespace: pidNamespace ?? '' };
}

/**
 * Whether `other` certainly no longer runs, as seen from `self`. False whenever there is any doubt: another machine or
 * pid namespace, an unreadable /proc.
 */
export function isProvablyDead(other: OwnerProcess, self: OwnerProcess): boolean {
  const sameMachine =
    self.bootId !== '' &&
    self.startTime !== '' &&
    other.startTime !== '' &&
    other.hostname === self.hostname &&
    (other.pidNamespace ?? '') === (self.pidNamespace ?? '');
  if (!sameMachine || other.bootId !== self.bootId) return false;
  const state = processState(other.pid);
  if (state === null) return processState('self') !== null;
  return state.ended || state.startTime !== other.startTime;
}

/** Null when there is no such process (or no /proc). A zombie has ended: it runs no code any more. */
function processState(pid: number | 'self'): { startTime: string; ended: boolean } | null {
  const stat = readOr('', () => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // The name in parentheses may itself hold blanks and parentheses; state is field 3, start time field 22.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const startTime = fields[19];
  return startTime === undefined ? null : { startTime, ended: fields[0] === 'Z' || fields[0] === 'X' };
}

function readOr<T>(otherwise: T, read: () => T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
