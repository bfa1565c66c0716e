import { spawn, type ChildProcess } from 'node:child_process';
import { CodedError } from '../../diagnostics/index.ts';
import { successorArgv, wantsTls } from './arguments.ts';
import type { LedgerSnapshot } from './ledger.ts';
import type { BookNews, BookSnapshot } from './lot-book.ts';
import type { StoredScope } from './state-file.ts';

/** What a process hands to its successor. Its open requests stay with it, and are counted there until they end. */
export interface Handover {
  epoch: string;
  losses: number;
  scopes: StoredScope[];
  ledger: LedgerSnapshot;
  /** Absent from a process that did not follow sessions. */
  lots?: BookSnapshot;
  stateDamaged: boolean;
  problems: string[];
  /** Control sockets of processes that still have open requests, the one handing over included. */
  predecessors: string[];
}

/** What a process tells its successor when its last request has ended: all that it saw since it handed over. */
export interface LastCounts {
  /** Its control socket. */
  path: string;
  ledger: LedgerSnapshot;
  /** Absent from a process that did not follow sessions. */
  lots?: BookNews;
}

/** How long a successor may take until it has confirmed. */
const confirmTimeoutMs = 20_000;

/**
 * Starts a successor with our listening sockets. It outlives us, and writes to the same log.
 *
 * @param argv - The whole command line; ours when undefined.
 */
export function spawnSuccessor(parts: {
  argv: readonly string[] | undefined;
  listenFd: number;
  tlsListenFd: number | null;
  ownControl: string;
}): ChildProcess {
  const base = parts.argv ?? [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  // A socket that nobody accepts from would let its clients wait for nothing.
  const tlsListenFd = wantsTls(base) ? parts.tlsListenFd : null;
  const [command = process.execPath, ...rest] = successorArgv(base, {
    listenFd: 3,
    tlsListenFd: tlsListenFd === null ? null : 4,
    predecessor: parts.ownControl,
  });
  return spawn(command, rest, {
    detached: true,
    stdio: ['ignore', 1, 2, parts.listenFd, ...(tlsListenFd === null ? [] : [tlsListenFd])],
    cwd: process.cwd(),
  });
}

/**
 * Waits until the successor confirms. When it ends or is silent instead, it is killed and nothing has changed.
 *
 * @throws CodedError `traffic/upgrade-failed`
 */
export async function confirmation(child: ChildProcess, confirmed: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const failed = new Promise<never>((_, reject) => {
    child.once('error', (error) => reject(upgradeFailed(`it could not be started: ${error.message}`, error)));
    child.once('exit', (code, signal) =>
      reject(upgradeFailed(`it ended with ${signal ?? `exit code ${code}`}`)),
    );
    timer = setTimeout(
      () => reject(upgradeFailed(`it was silent for ${confirmTimeoutMs} ms`)),
      confirmTimeoutMs,
    );
  });
  try {
    await Promise.race([confirmed, failed]);
    child.unref();
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function upgradeFailed(reason: string, cause?: unknown): CodedError {
  return new CodedError('traffic/upgrade-failed', `the new router did not take over: ${reason}`, {
    help: "see the router's log; the old process goes on as before",
    cause,
  });
}
