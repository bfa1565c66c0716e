import { spawn, type ChildProcess } from 'node:child_process';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import type { Socket } from 'node:net';
import { CodedError } from '../diagnostics/index.ts';
import { LineSplitter } from './line-splitter.ts';
import { groupIsAlive, signalGroup } from './process-tree.ts';
import type { CancelPatience } from './spec.ts';

/** GitHub's: 7.5 s after SIGINT, 2.5 s more after SIGTERM. */
export const defaultPatience: CancelPatience = { interruptMs: 7500, terminateMs: 2500 };

/** How long output of what a step left running in the background is awaited. */
const longestLingerMs = 5000;

/** After so many looks without a word of it no more is awaited; looks, as a busy process may be late for any clock. */
const quietLooks = 6;
const lookMs = 25;

/** Which of its streams a program wrote to. */
export type OutputStream = 'stdout' | 'stderr';

/** A program to run in a process group of its own. */
export interface ProcessRun {
  argv: string[];
  cwd: string;
  /** The whole environment. */
  env: Record<string, string>;
  onLine: (line: string, stream: OutputStream) => void;
  /** Told of lines that have come together, before `onLine` is of each. */
  onBatch?: (lines: string[], stream: OutputStream) => void;
  safeCut?: (text: string, at: number) => number;
  /** Ends the group by the ladder SIGINT, SIGTERM, SIGKILL. */
  signal: AbortSignal;
  patience: CancelPatience;
}

/** How a program ended. */
export interface ProcessEnd {
  /** Null when a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
}

/**
 * Runs a program to its end; lines of both streams arrive as they come. Processes that it leaves in the background
 * keep running and may keep writing.
 *
 * @throws CodedError `runner/cannot-start`
 */
export async function runProcess(run: ProcessRun): Promise<ProcessEnd> {
  const [program = '', ...args] = run.argv;
  const child = spawn(program, args, {
    cwd: run.cwd,
    env: run.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = watchOutput(child, run);
  const exited = new Promise<ProcessEnd>((resolve, reject) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', (cause) => reject(cannotStart(run, cause)));
  });
  let ladder: Promise<void> | undefined;
  const onAbort = () => {
    if (child.pid !== undefined) ladder ??= descend(child.pid, run.patience);
  };
  run.signal.addEventListener('abort', onAbort);
  if (run.signal.aborted) onAbort();
  try {
    const end = await exited;
    if (ladder) await ladder;
    await output.settle();
    return end;
  } finally {
    run.signal.removeEventListener('abort', onAbort);
  }
}

function cannotStart(run: ProcessRun, cause: unknown): CodedError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CodedError('runner/cannot-start', `cannot start ${run.argv[0] ?? ''} in ${run.cwd}: ${reason}`, {
    cause,
  });
}

async function descend(groupId: number, patience: CancelPatience): Promise<void> {
  const steps: [NodeJS.Signals, number][] = [
    ['SIGINT', patience.interruptMs],
    ['SIGTERM', patience.terminateMs],
    ['SIGKILL', 1000],
  ];
  for (const [signal, waitMs] of steps) {
    signalGroup(groupId, signal);
    for (let waitedMs = 0; waitedMs < waitMs; waitedMs += 25) {
      await delay(25);
      if (!groupIsAlive(groupId)) return;
    }
  }
}

function watchOutput(child: ChildProcess, run: ProcessRun): { settle(): Promise<void> } {
  const seen = { open: 0, chunks: 0 };
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  for (const name of ['stdout', 'stderr'] as const) {
    const stream = child[name];
    if (!stream) continue;
    seen.open++;
    const onLines = (lines: string[]) => {
      run.onBatch?.(lines, name);
      for (const line of lines) run.onLine(line, name);
    };
    const splitter = new LineSplitter({ onLines, ...(run.safeCut && { safeCut: run.safeCut }) });
    stream.on('data', (chunk: Buffer) => {
      seen.chunks++;
      splitter.push(chunk);
    });
    stream.once('close', () => {
      splitter.end();
      if (--seen.open === 0) resolve();
    });
  }
  const settle = async () => {
    const startedMs = performance.now();
    // What was written before the end is read by a look, which comes before any clock is asked.
    await Promise.race([closed, lookedAtPipes()]);
    for (let silent = 0; seen.open > 0 && silent < quietLooks; silent++) {
      const before = seen.chunks;
      await Promise.race([closed, delay(lookMs).then(lookedAtPipes)]);
      if (performance.now() - startedMs > longestLingerMs) break;
      if (seen.chunks > before) silent = -1;
    }
    // Still read, so that a server left in the background can go on writing, but no reason to stay.
    for (const stream of [child.stdout, child.stderr]) (stream as Socket | null)?.unref();
  };
  return { settle };
}

/**
 * Settles once the event loop has asked all pipes for what is in them. The first callback may come in the turn in which
 * the end was noticed, and that turn asked before it.
 */
async function lookedAtPipes(): Promise<void> {
  await nextTurn();
  await nextTurn();
}
