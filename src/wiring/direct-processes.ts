import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessSpec, ProcessStatus, Supervisor } from '../supervisor/index.ts';

interface Child {
  spec: ProcessSpec;
  process: ChildProcess;
  startedAtMs: number;
}

/**
 * Runs one-shot processes as children of this process: what `slipway run` uses in place of the supervisor, since nothing
 * there need survive the command. Each has a process group of its own, so that its end takes its family along.
 */
export class DirectProcesses implements Supervisor {
  private readonly children = new Map<string, Child>();
  private readonly ending = new Set<Promise<void>>();

  ensure(spec: ProcessSpec): Promise<void> {
    if (!this.children.has(spec.id)) this.children.set(spec.id, start(spec));
    return Promise.resolve();
  }

  remove(id: string): Promise<void> {
    const child = this.children.get(id);
    if (!child || !isRunning(child)) {
      this.children.delete(id);
      return Promise.resolve();
    }
    const end: Promise<void> = endChild(child).finally(() => {
      this.ending.delete(end);
      this.children.delete(id);
    });
    this.ending.add(end);
    return Promise.resolve();
  }

  list(scope?: string): Promise<ProcessStatus[]> {
    const all = [...this.children.values()].filter(({ spec }) => scope === undefined || spec.scope === scope);
    return Promise.resolve(all.map(statusOf));
  }

  /** Ends whatever still runs. */
  async endAll(): Promise<void> {
    for (const id of this.children.keys()) await this.remove(id);
    await Promise.all(this.ending);
  }
}

function start(spec: ProcessSpec): Child {
  const [command = '', ...args] = spec.argv;
  const log = openSync(spec.logFile, 'a', 0o600);
  try {
    const child = spawn(command, args, {
      cwd: spec.cwd,
      env: spec.env,
      detached: true,
      stdio: ['ignore', log, log],
    });
    child.on('error', () => {});
    return { spec, process: child, startedAtMs: performance.now() };
  } finally {
    closeSync(log);
  }
}

function isRunning({ process: { exitCode, signalCode, pid } }: Child): boolean {
  return pid !== undefined && exitCode === null && signalCode === null;
}

async function endChild(child: Child): Promise<void> {
  const deadline = performance.now() + child.spec.stopGraceMs;
  kill(child, 'SIGTERM');
  let again = false;
  while (isRunning(child)) {
    if (!again && performance.now() > deadline) {
      again = true;
      kill(child, 'SIGKILL');
    }
    await sleep(20);
  }
  kill(child, 'SIGKILL');
}

function kill({ process: { pid } }: Child, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // The whole group has ended already.
  }
}

function statusOf(child: Child): ProcessStatus {
  const { spec, process: running } = child;
  return {
    id: spec.id,
    scope: spec.scope,
    phase: isRunning(child) ? 'running' : 'exited',
    pid: running.pid ?? null,
    port: null,
    restarts: 0,
    uptimeMs: performance.now() - child.startedAtMs,
    exitCode: running.exitCode,
    exitSignal: running.signalCode,
    problem: null,
    logFile: spec.logFile,
  };
}
