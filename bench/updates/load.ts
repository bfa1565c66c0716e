import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadResult } from './load-result.ts';

/*
 * Users of the app: `node load.ts PORT`, with an IPC channel. Kept and fresh connections, short requests and some that
 * take a while; nobody retries anything. Runs until any message comes, then sends what it has seen.
 */
const port = Number(process.argv[2]);
const answerTimeoutMs = 10_000;
const kept = () => new Agent({ keepAlive: true, maxSockets: 1 });
const users = [
  ...Array.from({ length: 6 }, () => ({ agent: kept(), path: '/', pauseMs: 15 })),
  ...Array.from({ length: 3 }, () => ({ agent: false as const, path: '/', pauseMs: 25 })),
  ...Array.from({ length: 2 }, () => ({ agent: kept(), path: '/slow', pauseMs: 10 })),
];
const result: LoadResult = { requests: 0, failures: {}, answers: {}, longestGapMs: 0 };
// Objects, for they change in callbacks.
const state = { stopping: false };
let lastAnswerAtMs = Date.now();

process.on('message', () => (state.stopping = true));
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
await Promise.all(users.map(visit));
process.send?.(result);
process.disconnect?.();

async function visit(user: (typeof users)[number]): Promise<void> {
  while (!state.stopping) {
    result.requests += 1;
    await ask(user).then(noteAnswer, noteFailure);
    await sleep(user.pauseMs);
  }
}

function ask({ agent, path }: (typeof users)[number]): Promise<string> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(answerTimeoutMs);
    const outgoing = request({ host: '127.0.0.1', port, agent, path, signal }, (response) => {
      response.resume();
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200) resolve(String(response.headers['x-version']));
        else reject(new Error(String(response.statusCode)));
      });
    });
    outgoing.on('error', reject).end();
  });
}

function noteAnswer(version: string): void {
  const nowMs = Date.now();
  result.longestGapMs = Math.max(result.longestGapMs, nowMs - lastAnswerAtMs);
  lastAnswerAtMs = nowMs;
  const { count = 0 } = result.answers[version] ?? {};
  result.answers[version] = { count: count + 1, lastAtMs: nowMs };
}

function noteFailure(error: NodeJS.ErrnoException): void {
  const kind = error.code ?? error.message;
  result.failures[kind] = (result.failures[kind] ?? 0) + 1;
}
