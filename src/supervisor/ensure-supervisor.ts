import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../diagnostics/index.ts';
import { createSupervisorClient } from './client.ts';
import { readLogTail } from './log-tail.ts';
import { supervisorPaths, type SupervisorPaths } from './paths.ts';
import type { SupervisorControl } from './protocol.ts';

interface EnsureOptions {
  /** Node that runs it; this one by default. */
  nodePath?: string;
}

const startTimeoutMs = 15_000;
const lookEveryMs = 20;

/**
 * Gives the supervisor of a home, starting one when none answers. Safe when many do it at once: the home's lock lets
 * one live. The client starts a successor whenever a call finds nobody, until it has asked for a shutdown itself.
 *
 * The supervisor runs in a session of its own with next to no environment, so neither a closed terminal nor a group
 * kill of its starter reaches it. Its log is <home>/logs/supervisor.log, which it does not rotate.
 */
export async function ensureSupervisor(
  home: string,
  options: EnsureOptions = {},
): Promise<SupervisorControl> {
  const paths = supervisorPaths(resolve(home));
  const revive = () => start(paths, options);
  const client = createSupervisorClient(paths.home, { revive });
  await client.health();
  return client;
}

async function start(paths: SupervisorPaths, { nodePath = process.execPath }: EnsureOptions): Promise<void> {
  mkdirSync(paths.home, { recursive: true, mode: 0o700 });
  mkdirSync(dirname(paths.log), { recursive: true });
  const child = spawnSupervisor(paths, nodePath);
  let failed: string | null = null;
  child.on('error', (error) => (failed = error.message));
  // It finds another one already there with code 3, and that one answers soon.
  child.on('exit', (code, signal) => {
    if (code !== 3) failed = `it ended with ${signal ?? code}`;
  });
  const client = createSupervisorClient(paths.home);
  const deadline = performance.now() + startTimeoutMs;
  while (!(await answers(client))) {
    if (failed !== null) throw notStarted(paths, failed);
    if (performance.now() > deadline) throw notStarted(paths, `no answer within ${startTimeoutMs} ms`);
    await sleep(lookEveryMs);
  }
}

function spawnSupervisor(paths: SupervisorPaths, nodePath: string): ChildProcess {
  const log = openSync(paths.log, 'a', 0o600);
  try {
    // The same name as this file's: .ts in the repository, .js when compiled.
    const main = fileURLToPath(import.meta.url).replace('ensure-supervisor', 'main');
    const child = spawn(nodePath, [main, '--home', paths.home], {
      cwd: '/',
      env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
      detached: true,
      stdio: ['ignore', log, log],
    });
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

async function answers(client: SupervisorControl): Promise<boolean> {
  try {
    await client.health();
    return true;
  } catch (error) {
    if (error instanceof CodedError && error.code === 'supervisor/unreachable') return false;
    throw error;
  }
}

function notStarted(paths: SupervisorPaths, reason: string): CodedError {
  return new CodedError('supervisor/not-started', `the supervisor could not be started: ${reason}`, {
    notes: readLogTail(paths.log, 5),
    help: `look at ${paths.log}`,
  });
}
