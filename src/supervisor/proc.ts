import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** Which process a pid meant: pids are used again, these three together are not. */
export interface Identity {
  pid: number;
  /** Clock ticks after boot, field 22 of /proc/<pid>/stat. */
  startTicks: number;
  bootId: string;
  /** Session at the time of recording; its members are its kin. */
  session: number;
}

/** One line of the process table. */
export interface ProcessEntry {
  pid: number;
  group: number;
  session: number;
  startTicks: number;
}

const ticksPerSecond = 100;

/** Identifies this boot of the machine; empty where the kernel does not tell. */
export function readBootId(): string {
  return readQuietly('/proc/sys/kernel/random/boot_id').trim();
}

/** Reads one process; null when it is gone or only waits to be reaped. */
export function readProcess(pid: number): ProcessEntry | null {
  const entry = readStat(pid);
  return entry === null || entry.dead ? null : entry;
}

function readStat(pid: number): (ProcessEntry & { dead: boolean }) | null {
  const fields = statFields(pid);
  if (!fields) return null;
  const [state, , group, session] = fields;
  const dead = state === 'Z' || state === 'X';
  return { pid, group: Number(group), session: Number(session), startTicks: Number(fields[19]), dead };
}

/** Of /proc/<pid>/stat, from the third on; null when it is gone. */
function statFields(pid: number): string[] | null {
  const stat = readQuietly(`/proc/${pid}/stat`);
  // The name, in parentheses, may itself hold spaces and parentheses.
  return stat === '' ? null : stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** Identity of a process, also of one that has just died and waits to be reaped; null when it is gone. */
export function identify(pid: number, bootId: string): Identity | null {
  const entry = readStat(pid);
  return entry && { pid, startTicks: entry.startTicks, bootId, session: entry.session };
}

/** Whether the very process that was recorded still runs. */
export function isAlive(identity: Identity, bootId: string): boolean {
  if (identity.bootId !== bootId) return false;
  return readProcess(identity.pid)?.startTicks === identity.startTicks;
}

/** How long a process has been up, by the machine's own clock since boot. */
export function uptimeMs(identity: Identity): number {
  const sinceBoot = Number(readQuietly('/proc/uptime').split(' ')[0]);
  return Math.max(0, Math.round((sinceBoot - identity.startTicks / ticksPerSecond) * 1000));
}

/** All processes that run; zombies left out. */
export function listProcesses(): ProcessEntry[] {
  const pids = readdirQuietly('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => readProcess(Number(pid)) ?? []);
}

/** Value of a variable that a process was started with; null when unset, or when its environment may not be read. */
export function readVariable(pid: number, name: string): string | null {
  const found = readQuietly(`/proc/${pid}/environ`)
    .split('\0')
    .find((entry) => entry.startsWith(`${name}=`));
  return found?.slice(name.length + 1) ?? null;
}

/**
 * Processor time in ms that a process has used, with that of its children that have ended, and the memory in bytes that it
 * holds; null when it is gone.
 */
export function readUse(pid: number): { cpuMs: number; memoryBytes: number } | null {
  const fields = statFields(pid);
  if (!fields) return null;
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  const resident = /^VmRSS:\s+(\d+) kB/m.exec(readQuietly(`/proc/${pid}/status`))?.[1] ?? '0';
  return { cpuMs: (ticks * 1000) / ticksPerSecond, memoryBytes: Number(resident) * 1024 };
}

/** Inodes of the sockets that a process holds; null when that may not be read. */
export function readSocketInodes(pid: number): Set<number> | null {
  const inodes = new Set<number>();
  try {
    for (const fd of readdirSync(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(readLinkQuietly(`/proc/${pid}/fd/${fd}`))?.[1];
      if (inode) inodes.add(Number(inode));
    }
  } catch {
    return null;
  }
  return inodes;
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function readLinkQuietly(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function readdirQuietly(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
