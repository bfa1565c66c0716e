import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadSettings, Report } from './report.ts';

/*
 * Users, in a process of their own so that they take no time from what they use: node main.ts SETTINGS, with an IPC
 * channel to its starter, who gets a report for each message.
 */
const { port, sessionsPerSecond, longestMs } = JSON.parse(process.argv[2] ?? '') as LoadSettings;
const tickMs = 50;
const requestsOfSession = 3;
const pauseMs = 150;
const answerTimeoutMs = 60_000;
const keptUnexplained = 20;

const agent = new Agent({ keepAlive: true, maxSockets: 256 });
const counts = { sessions: 0, requests: 0 };
/** Which version a cookie's first half stands for, as the answers tell that give it. */
const versions = new Map<string, string>();
const failures: { version: string; token: string; what: string }[] = [];

interface Answer {
  status: number;
  version: string;
  cookie: string;
}

process.on('disconnect', () => process.exit(0));
process.on('message', () => process.send?.(report()));
setTimeout(() => process.exit(0), longestMs).unref();
void begin();

async function begin(): Promise<void> {
  const began = performance.now();
  for (;;) {
    const due = ((performance.now() - began) * sessionsPerSecond) / 1_000;
    while (counts.sessions < due) void (counts.sessions++ % 2 === 0 ? browse() : ask(''));
    await sleep(tickMs);
  }
}

async function browse(): Promise<void> {
  let cookie = '';
  for (let turn = 0; turn < requestsOfSession; turn++) {
    cookie = await ask(cookie);
    await sleep(pauseMs * (0.5 + Math.random()));
  }
}

/** @returns The cookie that the user has from then on. */
async function ask(cookie: string): Promise<string> {
  counts.requests += 1;
  try {
    const { status, version, cookie: given } = await send(cookie);
    const now = given === '' ? cookie : given;
    const token = tokenOf(now);
    if (given !== '' && version !== '') versions.set(token, version);
    if (status !== 200) failures.push({ version, token, what: `answered ${status}` });
    return now;
  } catch (error) {
    failures.push({ version: '', token: tokenOf(cookie), what: String(error) });
    return cookie;
  }
}

function send(cookie: string): Promise<Answer> {
  const headers = cookie === '' ? {} : { cookie };
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, agent, headers }, (response) => {
      const { 'set-cookie': given, 'x-version': version } = response.headers;
      const answer = {
        status: response.statusCode ?? 0,
        version: String(version ?? ''),
        cookie: given?.[0]?.split(';')[0] ?? '',
      };
      response.on('error', reject).on('end', () => resolve(answer));
      response.resume();
    });
    outgoing.setTimeout(answerTimeoutMs, () => outgoing.destroy(new Error('no answer')));
    outgoing.on('error', reject).end();
  });
}

function tokenOf(cookie: string): string {
  return cookie.split('.')[0] ?? '';
}

function report(): Report {
  const told = failures.map(({ version, token, what }) => ({
    whose: version || (versions.get(token) ?? ''),
    what,
  }));
  const byVersion: Record<string, number> = {};
  for (const { whose } of told) byVersion[whose] = (byVersion[whose] ?? 0) + 1;
  const unexplained = told.filter(({ whose }) => whose === '').map(({ what }) => what);
  return { ...counts, failures: byVersion, unexplained: unexplained.slice(0, keptUnexplained) };
}
