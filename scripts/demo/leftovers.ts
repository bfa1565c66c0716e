import { readFileSync, readdirSync } from 'node:fs';

/**
 * Processes that belong to a folder: its path is in their environment, or they are a Node that was given it. A shell
 * or an editor that somebody opened there is not one of them.
 *
 * @param folder - With a random part in its name.
 * @returns Their ids; none where there is no /proc.
 */
export function processesOf(folder: string): number[] {
  let names: string[];
  try {
    names = readdirSync('/proc');
  } catch {
    return [];
  }
  return names.filter((name) => /^\d+$/.test(name) && belongs(Number(name), folder)).map(Number);
}

function belongs(pid: number, folder: string): boolean {
  if (pid === process.pid) return false;
  const environment = read(pid, 'environ').filter((entry) => !/^(OLD)?PWD=|^_=/.test(entry));
  if (environment.some((entry) => entry.includes(folder))) return true;
  const [program = '', ...words] = read(pid, 'cmdline');
  return /(^|\/)node$/.test(program) && words.some((word) => word.includes(folder));
}

function read(pid: number, file: 'environ' | 'cmdline'): string[] {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8').split('\0').filter(Boolean);
  } catch {
    return [];
  }
}

/** Kills what belongs to a folder, until nothing does; what is born meanwhile, too. */
export function killProcessesOf(folder: string): number[] {
  const killed = new Set<number>();
  for (let round = 0; round < 40; round++) {
    const found = processesOf(folder);
    if (found.length === 0) break;
    for (const pid of found) {
      killed.add(pid);
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It was faster.
      }
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  }
  return [...killed];
}
