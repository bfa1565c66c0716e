import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../diagnostics/index.ts';
import { createSupervisorClient } from './client.ts';
import { leanNode } from './lean-node.ts';
import { readLogTail } from './log-tail.ts';
import { exitAlreadyRunning, supervisorPaths, type SupervisorPaths } from './paths.ts';
import type { SupervisorControl } from './protocol.ts';

interface EnsureOptions {
  /** Node that runs it; this one by default. */
  nodePath?: string;
}

const startTimeoutMs = 60_000;
const lookEveryMs = 20;
const alreadyRunning = 'already running';

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
  const client = createSupervisorClient(paths.home);
  const deadline = performance.now() + startTimeoutMs;
  let attempt = spawnSupervisor(paths, nodePath);
  while (!(await answers(client))) {
    if (performance.now() > deadline) throw notStarted(paths, `no answer within ${startTimeoutMs} ms`);
    await sleep(lookEveryMs);
    if (attempt.outcome === null) continue;
    if (attempt.outcome !== alreadyRunning) throw notStarted(paths, attempt.outcome);
    // Another one held the home. It answers soon, or it was about to end: then this one's turn comes.
    if (!(await answers(client))) attempt = spawnSupervisor(paths, nodePath);
  }
}

/** A supervisor being started; `outcome` says how it ended, in words, once it has. */
interface Attempt {
  outcome: string | null;
}

function spawnSupervisor(paths: SupervisorPaths, nodePath: string): Attempt {
  const attempt: Attempt = { outcome: null };
  const log = openSync(paths.log, 'a', 0o600);
  try {
    // The same name as this file's: .ts in the repository, .js when compiled.
    const main = fileURLToPath(import.meta.url).replace('ensure-supervisor', 'main');
    const child = spawn(nodePath, [...leanNode, main, '--home', paths.home], {
      cwd: '/',
      // The compile cache halves the time to start: a successor should be there soon.
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', NODE_COMPILE_CACHE: join(paths.home, 'cache', 'compile') },
      detached: true,
      stdio: ['ignore', log, log],
    });
    child.unref();
    child.on('error', (error) => (attempt.outcome = error.message));
    child.on('exit', (code, signal) => {
      attempt.outcome = code === exitAlreadyRunning ? alreadyRunning : `it ended with ${signal ?? code}`;
    });
    return attempt;
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
