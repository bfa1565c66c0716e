import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** Sends a signal to a process group; one that is gone is fine. */
export function signalGroup(groupId: number, signal: NodeJS.Signals): void {
  signalOne(-groupId, signal);
}

function signalOne(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Whether a group still has a member that is more than a zombie. */
export function groupIsAlive(groupId: number): boolean {
  return processIds().some((pid) => {
    const stat = readProc(pid, 'stat').toString();
    // The name in parentheses may hold anything, so fields are counted from its end.
    const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return group === String(groupId) && state !== 'Z' && state !== 'X';
  });
}

/** Processes that carry the tracking id in the environment they were started with. */
export function findTracked(trackingId: string): number[] {
  const needle = Buffer.from(`RUNNER_TRACKING_ID=${trackingId}\0`);
  return processIds().filter((pid) => pid !== process.pid && readProc(pid, 'environ').includes(needle));
}

/**
 * Ends every process that carries the tracking id: SIGTERM, then SIGKILL to what is left, until none is.
 *
 * @returns How many there were.
 */
export async function endTracked(trackingId: string, graceMs: number = 500): Promise<number> {
  const found = findTracked(trackingId);
  if (found.length === 0) return 0;
  for (const pid of found) signalOne(pid, 'SIGTERM');
  for (let waitedMs = 0; waitedMs < graceMs; waitedMs += 25) {
    await delay(25);
    if (findTracked(trackingId).length === 0) return found.length;
  }
  for (let round = 0; round < 20; round++) {
    const left = findTracked(trackingId);
    if (left.length === 0) break;
    for (const pid of left) signalOne(pid, 'SIGKILL');
    await delay(25);
  }
  return found.length;
}

function processIds(): number[] {
  try {
    return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
  } catch {
    return [];
  }
}

/** Empty when the process is gone or not ours; a zombie's environment is empty too. */
function readProc(pid: number, file: string): Buffer {
  try {
    return readFileSync(`/proc/${pid}/${file}`);
  } catch {
    return Buffer.alloc(0);
  }
}
