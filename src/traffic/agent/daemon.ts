import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** A program beside the agent: a session of its own, which no end of the agent's ends. */
export interface Daemon {
  readonly pid: number;
  /** Whether the very process that was started still runs; never another one that has its number by now. */
  alive(): boolean;
  /** Does nothing when it has ended. */
  signal(name: NodeJS.Signals): void;
  /** @returns false when it still runs after the time. */
  ended(timeoutMs: number): Promise<boolean>;
}

interface DaemonStart {
  argv: readonly string[];
  /** Both streams are appended here. */
  logFile: string;
  /** Remembers which process it is, for the next agent. */
  identityFile: string;
  /** Handed over as descriptors from 3 on. */
  sockets?: readonly number[];
  /** All of its environment, when it needs more than a path. */
  environment?: Readonly<Record<string, string>>;
}

const lookEveryMs = 50;
const usualEnvironment = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' };

/**
 * Starts a program that stays in the foreground. Nothing of the agent's environment goes along, so that whoever ends
 * the agent's family does not end the program with it: that is the agent's to do, politely.
 */
export async function startDaemon(start: DaemonStart): Promise<Daemon> {
  const { argv, logFile, identityFile, sockets = [], environment = usualEnvironment } = start;
  const [command = '', ...rest] = argv;
  const log = openSync(logFile, 'a', 0o600);
  const child = spawn(command, rest, {
    detached: true,
    stdio: ['ignore', log, log, ...sockets],
    cwd: '/',
    env: environment,
  });
  closeSync(log);
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  child.unref();
  const pid = child.pid ?? 0;
  const startTicks = startTicksOf(pid) ?? '';
  await writeFile(identityFile, JSON.stringify({ pid, startTicks }), { mode: 0o600 });
  return daemonOf(pid, () => startTicksOf(pid) === startTicks);
}

/** The program that an earlier agent started, when it still runs. */
export async function findDaemon(identityFile: string): Promise<Daemon | null> {
  try {
    const { pid, startTicks } = JSON.parse(readFileSync(identityFile, 'utf8')) as Record<string, unknown>;
    if (typeof pid === 'number' && typeof startTicks === 'string') {
      const daemon = daemonOf(pid, () => startTicksOf(pid) === startTicks);
      if (daemon.alive()) return daemon;
    }
  } catch {
    // None was started, or its file is damaged: then whoever holds the port says so.
  }
  await rm(identityFile, { force: true });
  return null;
}

/** A process by its number, for as long as `alive` says that it is still the one that is meant. */
export function daemonOf(pid: number, alive: () => boolean): Daemon {
  return {
    pid,
    alive,
    signal: (name) => {
      try {
        if (alive()) process.kill(pid, name);
      } catch (error) {
        // Otherwise it ended just now.
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    },
    async ended(timeoutMs) {
      for (const deadline = performance.now() + timeoutMs; alive(); await sleep(lookEveryMs))
        if (performance.now() > deadline) return false;
      return true;
    },
  };
}

/** When a process started, which with its number tells it from all others; undefined when it is gone or a zombie. */
function startTicksOf(pid: number): string | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
