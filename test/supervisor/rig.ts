import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ensureSupervisor,
  type ProcessSpec,
  type ProcessStatus,
  type SupervisorControl,
} from '../../src/supervisor/index.ts';

/** A supervisor of its own in a temp folder, which leaves nothing behind. */
export interface Rig {
  home: string;
  supervisor: SupervisorControl;
  /** A spec of this rig: a process that stays, unless told otherwise. */
  spec(change?: Partial<ProcessSpec>): ProcessSpec;
  log(id?: string): string;
  status(id?: string): Promise<ProcessStatus | undefined>;
  /** Waits until a process shows what is asked for. */
  until(id: string, ready: (status: ProcessStatus) => boolean): Promise<ProcessStatus>;
  gone(id: string): Promise<void>;
  /** SIGKILL, and waits until it is gone. */
  killSupervisor(): Promise<number>;
  close(): Promise<void>;
}

export async function openRig(): Promise<Rig> {
  const home = mkdtempSync(join(tmpdir(), 'slipway-supervisor-'));
  const supervisor = await ensureSupervisor(home);
  const logFile = (id: string) => join(home, 'logs', `${id}.log`);
  const status = async (id = 'app') => (await supervisor.list()).find((one) => one.id === id);
  return {
    home,
    supervisor,
    spec: (change = {}) => ({
      id: 'app',
      scope: 'medianest/production',
      argv: ['/bin/sleep', '1000'],
      cwd: home,
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
      logFile: logFile(change.id ?? 'app'),
      restart: 'always',
      needsPort: false,
      stopGraceMs: 5000,
      ...change,
    }),
    log: (id = 'app') => readFileSync(logFile(id), 'utf8'),
    status,
    until: (id, ready) =>
      waitFor(async () => {
        const now = await status(id);
        return now && ready(now) ? now : null;
      }),
    gone: async (id) => void (await waitFor(async () => ((await status(id)) ? null : true))),
    killSupervisor: async () => {
      const { pid } = await supervisor.health();
      process.kill(pid, 'SIGKILL');
      await waitFor(async () => (isRunning(pid) ? null : true));
      return pid;
    },
    close: async () => {
      await supervisor.shutdown({ stopAll: true });
      const left = processesOf(home);
      for (const pid of left) process.kill(pid, 'SIGKILL');
      rmSync(home, { recursive: true, force: true });
      if (left.length > 0) throw new Error(`left running: ${left.join(', ')}`);
    },
  };
}

/** Asks again until there is an answer; the test's own time limit is the limit. */
export async function waitFor<T>(ask: () => Promise<T | null>): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    await sleep(20);
  }
}

export function isRunning(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** Everything that runs on this machine and mentions the home in its arguments, environment or working directory. */
export function processesOf(home: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => isRunning(Number(name)) && mentions(name, home))
    .map(Number);
}

function mentions(pid: string, home: string): boolean {
  try {
    return ['cmdline', 'environ'].some((file) => readFileSync(`/proc/${pid}/${file}`, 'utf8').includes(home));
  } catch {
    return false;
  }
}
