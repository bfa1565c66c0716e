import { readdirSync, readFileSync } from 'node:fs';
import { until } from './wait.ts';

/** A process of this machine, as /proc tells it. */
export interface Seen {
  pid: number;
  session: number;
  command: string;
}

/** Every process that names the home in its arguments or its environment, except this one. */
export function processesOf(home: string): Seen[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      const command = read(`/proc/${name}/cmdline`);
      if (!command.includes(home) && !read(`/proc/${name}/environ`).includes(home)) return [];
      const stat = read(`/proc/${name}/stat`);
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (fields[0] === 'Z' || fields[3] === undefined) return [];
      return [
        { pid: Number(name), session: Number(fields[3]), command: command.replaceAll('\0', ' ').trim() },
      ];
    });
}

/** A zombie runs nothing any more. */
export function isRunning(pid: number): boolean {
  const stat = read(`/proc/${pid}/stat`);
  return stat !== '' && !/\) [ZX] /.test(stat);
}

/** Sends a signal; a process that has ended by itself is fine. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Kills every process of the home as a machine that goes down does: asked by none, and none born meanwhile is left. */
export async function powerOff(home: string): Promise<void> {
  await until('nothing runs any more', () => {
    const left = processesOf(home);
    for (const { pid } of left) signal(pid, 'SIGKILL');
    return left.length === 0;
  });
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
