import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ProcessSpec } from './protocol.ts';

interface Launch {
  spec: ProcessSpec;
  argv: readonly string[];
  env: Record<string, string>;
}

/** A child that runs, or why there is none, in words for the user. */
export type Launched = { child: ChildProcess & { pid: number } } | { problem: string };

/**
 * Starts a child as the leader of a session of its own, with nothing inherited and both streams appended to its log.
 * When it cannot be started the log says so too. Never throws.
 */
export async function launch({ spec, argv, env }: Launch): Promise<Launched> {
  let log: number;
  try {
    mkdirSync(dirname(spec.logFile), { recursive: true });
    log = openSync(spec.logFile, 'a', 0o600);
  } catch (error) {
    return { problem: `its log file cannot be written: ${text(error)}` };
  }
  try {
    const launched = await start(spec, argv, { env, log });
    if ('problem' in launched) writeSync(log, `slipway: ${launched.problem}\n`);
    return launched;
  } catch (error) {
    return { problem: text(error) };
  } finally {
    closeSync(log);
  }
}

async function start(
  spec: ProcessSpec,
  argv: readonly string[],
  { env, log }: { env: Record<string, string>; log: number },
): Promise<Launched> {
  if (!statSync(spec.cwd, { throwIfNoEntry: false })?.isDirectory()) {
    return { problem: `its working directory ${spec.cwd} does not exist` };
  }
  const [program = '', ...rest] = argv;
  const child = spawn(program, rest, {
    cwd: spec.cwd,
    env,
    detached: true,
    stdio: ['ignore', log, log],
  });
  if (child.pid !== undefined) return { child: child as ChildProcess & { pid: number } };
  const [error] = (await once(child, 'error')) as [NodeJS.ErrnoException];
  const reason = error.code === 'ENOENT' ? `its program ${program} was not found` : error.message;
  return { problem: `it could not be started: ${reason}` };
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
