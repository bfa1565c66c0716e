import { Agent, request, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { keptFailures, type RawReport } from './load-report.ts';

/*
 * Users, in a process of their own: node load.ts PORT, with an IPC channel to its starter. Every kind of user that a
 * rollout could hurt: connections kept alive and fresh ones, answers that take a while, bodies that must not be sent
 * twice, WebSockets. Nobody retries anything. Any message asks for a report.
 */
const port = Number(process.argv[2]);
const report: RawReport = { requests: 0, failures: [], failed: 0, answers: {} };
const users = [
  { agent: new Agent({ keepAlive: true, maxSockets: 2 }), method: 'GET', path: '/', pauseMs: 8 },
  { agent: new Agent({ keepAlive: true, maxSockets: 2 }), method: 'GET', path: '/', pauseMs: 8 },
  { agent: new Agent({ keepAlive: true, maxSockets: 2 }), method: 'POST', path: '/', pauseMs: 15 },
  { agent: false, method: 'GET', path: '/', pauseMs: 15 },
  { agent: false, method: 'POST', path: '/', pauseMs: 25 },
  { agent: new Agent({ keepAlive: true, maxSockets: 2 }), method: 'GET', path: '/slow', pauseMs: 10 },
] as const;
const answerTimeoutMs = 60_000;
// An object, for it changes in a callback.
const state = { stopping: false };

process.on('message', (message) => {
  if (message === 'stop') state.stopping = true;
  process.send?.(report);
});
process.on('disconnect', () => process.exit(0));
await Promise.all([...users.map(visit), chat()]);
process.send?.({ ...report, ended: true });
process.disconnect?.();

async function visit(user: (typeof users)[number]): Promise<void> {
  for (let turn = 0; !state.stopping; turn++) {
    await count(`${user.method} ${user.path}${user.agent ? ' kept alive' : ''}`, () => ask(user, turn));
    await sleep(user.pauseMs);
  }
}

function ask({ agent, method, path }: (typeof users)[number], turn: number): Promise<string> {
  const body = method === 'POST' ? `body ${turn}` : '';
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(answerTimeoutMs);
    const outgoing = request({ host: '127.0.0.1', port, agent, method, path, signal }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode !== 200) reject(new Error(`${response.statusCode}: ${text.slice(0, 200)}`));
        else if (text !== (body || 'hello\n')) reject(new Error(`wrong body: ${text.slice(0, 200)}`));
        else resolve(whoAnswered(response));
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function whoAnswered({ headers }: IncomingMessage): string {
  return `${String(headers['x-version'])} ${String(headers['x-revision'])}`;
}

/** One WebSocket after the other, each short enough to end within the time for draining. */
async function chat(): Promise<void> {
  while (!state.stopping) {
    await count('websocket', talk);
    await sleep(50);
  }
}

function talk(): Promise<null> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { handshakeTimeout: answerTimeoutMs });
    let said = 0;
    const next = () => (said === 10 ? socket.close() : socket.send(`line ${++said}`));
    socket.on('open', next);
    socket.on('message', (data) => {
      // oxlint-disable-next-line typescript/no-base-to-string -- text frames come as one Buffer
      if (String(data) !== `line ${said}`) reject(new Error('a WebSocket echoed something else'));
      else setTimeout(next, 30);
    });
    socket.on('error', reject);
    socket.on('close', (code) =>
      said === 10 ? resolve(null) : reject(new Error(`a WebSocket was cut after ${said} lines (${code})`)),
    );
  });
}

async function count(what: string, work: () => Promise<string | null>): Promise<void> {
  const beganMs = Date.now();
  report.requests += 1;
  try {
    const who = await work();
    if (who !== null) report.answers[who] = (report.answers[who] ?? 0) + 1;
  } catch (error) {
    report.failed += 1;
    const { message, code } = error as NodeJS.ErrnoException;
    if (report.failures.length < keptFailures)
      report.failures.push({ beganMs, endedMs: Date.now(), what: `${what}: ${code ?? ''} ${message}` });
  }
}
