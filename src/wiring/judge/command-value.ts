import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatDuration } from '../../app/index.ts';
import { numberOf, shortened, type Measured, type Subject } from './gauge.ts';

/** A command with what it may know. */
export interface MetricCommand {
  /** Runs with `sh -c`. */
  command: string;
  timeoutMs: number;
  subject: Subject;
  /** Where programs are looked for. */
  path: string;
  /** Where it runs. */
  folder: string;
}

const keptLetters = 16_384;
const shownLines = 3;
const lingerMs = 500;

/**
 * The number in the last line that a command prints. Of the server's environment it gets nothing but where programs are;
 * what it has started ends with it.
 */
export async function runForValue(
  { command, timeoutMs, subject, path, folder }: MetricCommand,
  signal: AbortSignal,
): Promise<Measured> {
  const child = spawn('/bin/sh', ['-c', command], {
    cwd: folder,
    env: {
      PATH: path,
      SLIPWAY_APP: subject.app,
      SLIPWAY_ENVIRONMENT: subject.environment,
      SLIPWAY_REVISION: subject.revision,
    },
    // Leads a group of its own, so that all of it can be ended.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [printed, said] = [tailOf(child.stdout), tailOf(child.stderr)];
  const late = AbortSignal.timeout(timeoutMs);
  const ended = AbortSignal.any([late, signal]);
  const end = () => endGroup(child);
  ended.addEventListener('abort', end);
  const exited = once(child, 'exit') as Promise<[number | null, string | null]>;
  const closed = once(child, 'close').catch(() => {});
  try {
    const [code, by] = await exited;
    end();
    // Whoever has left the group may hold the streams for ever.
    await Promise.race([closed, sleep(lingerMs)]);
    const value = numberOf(lastLines(printed(), 1));
    if (code === 0 && value !== null) return { value };
    const how = late.aborted
      ? `has not ended within ${formatDuration(timeoutMs)}`
      : code === 0
        ? 'printed no number in its last line'
        : code === null
          ? `was ended by ${by}`
          : `exited with ${code}`;
    const words = lastLines([printed(), said()].join('\n'), shownLines);
    const heard = words === '' ? 'it said nothing' : `it said: ${shortened(words)}`;
    return { trouble: `the command ${how} for ${subject.revision}; ${heard}` };
  } finally {
    ended.removeEventListener('abort', end);
    end();
    child.stdout.destroy();
    child.stderr.destroy();
  }
}

function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function tailOf(stream: Readable): () => string {
  let text = '';
  stream.setEncoding('utf8').on('data', (part: string) => (text = (text + part).slice(-keptLetters)));
  return () => text;
}

function lastLines(text: string, count: number): string {
  const lines = text.split('\n').map((line) => line.trim());
  return lines
    .filter((line) => line !== '')
    .slice(-count)
    .join(' / ');
}
