import { readFileSync } from 'node:fs';
import { workersOf } from './workers.ts';

/** Old workers that may finish what they have side by side: some megabytes each, and one a core for each change of routes. */
const usualMost = 64;

/** A worker with when it was started. */
export interface AgedWorker {
  pid: number;
  /** On its way out: it takes no new connections. */
  leaving: boolean;
  startTicks: number;
}

/**
 * A worker on its way out waits for its connections without end, since delivery says how long a drain takes. Here is
 * what bounds their number: beyond it the oldest are ended, and with them what they still have.
 *
 * @returns How many were ended.
 */
export function endOldest(masterPid: number): number {
  const aged = workersOf(masterPid).map((worker) => ({ ...worker, startTicks: startTicksOf(worker.pid) }));
  const oldest = beyond(aged, usualMost);
  for (const pid of oldest)
    try {
      process.kill(pid, 'SIGTERM');
    } catch {
      // It ended just now.
    }
  return oldest.length;
}

/** The oldest workers on their way out that are too many; those of the last two changes never are. */
export function beyond(workers: readonly AgedWorker[], usual: number): number[] {
  const leaving = workers.filter((one) => one.leaving).sort((a, b) => a.startTicks - b.startTicks);
  const most = Math.max(usual, 2 * (workers.length - leaving.length));
  return leaving.slice(0, Math.max(0, leaving.length - most)).map(({ pid }) => pid);
}

/** 0 for one that ended just now. */
function startTicksOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19] ?? 0);
  } catch {
    return 0;
  }
}
