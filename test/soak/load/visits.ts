import { Agent, request, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { addOne, wordsOf, type Tally } from './tally.ts';

/** Somebody who asks again and again, and retries nothing. */
export interface Visitor {
  kept: boolean;
  method: 'GET' | 'POST';
  path: '/' | '/slow';
  /** Keeps cookies, as browsers do. */
  session: boolean;
  /** Asks for the canary by a header. */
  tester: boolean;
}

/** Each asks so often, if it is answered in time. */
export const visitEveryMs = 40;
const answerTimeoutMs = 60_000;
const body = 'x'.repeat(2_000);
const versionsThatFail = /-fails-users$/;

const kinds: Visitor[] = [
  { kept: true, method: 'GET', path: '/', session: true, tester: false },
  { kept: true, method: 'GET', path: '/', session: false, tester: false },
  { kept: true, method: 'POST', path: '/', session: true, tester: false },
  { kept: true, method: 'GET', path: '/', session: false, tester: false },
  { kept: false, method: 'GET', path: '/', session: false, tester: false },
  { kept: true, method: 'GET', path: '/', session: true, tester: true },
  { kept: true, method: 'POST', path: '/', session: false, tester: false },
  { kept: false, method: 'POST', path: '/', session: true, tester: false },
  { kept: true, method: 'GET', path: '/', session: false, tester: false },
];
const patient: Visitor = { kept: true, method: 'GET', path: '/slow', session: false, tester: false };

/** So many visitors as make the rate together, of all kinds; the patient ones, who wait longer than a turn, on top. */
export function visitorsFor(requestsPerSecond: number): Visitor[] {
  const count = Math.max(kinds.length, Math.round((requestsPerSecond * visitEveryMs) / 1_000));
  const quick = Array.from({ length: count }, (_, at) => kinds[at % kinds.length] as Visitor);
  return [...quick, ...Array.from({ length: Math.ceil(count / kinds.length) }, () => patient)];
}

/** Where a visitor stands. */
interface Place {
  agent: Agent;
  /** When it last asked: its connection has been idle for less than since then. */
  lastAskedMs: number;
  cookie: string;
  turn: string;
  revision: string;
  moves: number;
}

/** Asks until it is told to stop. */
export async function visit(
  visitor: Visitor,
  { tally, state }: { tally: Tally; state: { stopping: boolean } },
): Promise<void> {
  const place: Place = { agent: newAgent(), lastAskedMs: 0, cookie: '', turn: '', revision: '', moves: 0 };
  let next = performance.now() + Math.random() * visitEveryMs;
  while (!state.stopping) {
    await sleep(Math.max(0, next - performance.now()));
    next = Math.max(next + visitEveryMs, performance.now());
    await once(visitor, place, tally);
  }
  place.agent.destroy();
}

async function once(visitor: Visitor, place: Place, tally: Tally): Promise<void> {
  const {
    report,
    settings: { port, idleLimitMs },
  } = tally;
  const beganMs = Date.now();
  const began = performance.now();
  if (began - place.lastAskedMs > (idleLimitMs ?? Infinity)) {
    place.agent.destroy();
    place.agent = newAgent();
  }
  place.lastAskedMs = began;
  const used = { before: false, port: 0 };
  report.requests += 1;
  const fail = (reason: string) => {
    const connection = `${visitor.kept ? 'kept' : 'fresh'}${used.before ? ', used before' : ''}, from port ${used.port}`;
    tally.failed({ beganMs, what: `${visitor.method} ${visitor.path}`, connection, reason });
  };
  try {
    const { response, text } = await ask({ visitor, place, port, used });
    tally.took(performance.now() - began);
    if (used.before) report.kept += 1;
    else if (!visitor.kept) report.fresh += 1;
    const version = String(response.headers['x-version']);
    const wanted = visitor.method === 'POST' ? body : 'hello\n';
    if (response.statusCode === 500 && versionsThatFail.test(version)) addOne(report.ownFailures, version);
    else if (response.statusCode !== 200) fail(`${response.statusCode}: ${text.slice(0, 200)}`);
    else if (text !== wanted) fail(`another body: ${text.slice(0, 200)}`);
    else addOne(report.answers, version);
    follow(visitor, place, response, { tally, fail });
  } catch (error) {
    fail(wordsOf(error));
  }
}

/** While a canary shares the traffic, neither a session nor a tester may go to and fro. */
function follow(
  visitor: Visitor,
  place: Place,
  { headers }: IncomingMessage,
  { tally, fail }: { tally: Tally; fail: (reason: string) => void },
): void {
  const [cookie] = headers['set-cookie'] ?? [];
  if (visitor.session && cookie !== undefined) place.cookie = cookie.split(';')[0] ?? '';
  if (place.turn !== tally.turn.name) Object.assign(place, { turn: tally.turn.name, moves: 0 });
  const revision = String(headers['x-revision']);
  const moved = place.revision !== '' && revision !== place.revision;
  if (moved) place.moves += 1;
  place.revision = revision;
  if (!tally.turn.canary) return;
  if (visitor.tester && /-canary/.test(String(headers['x-version']))) tally.report.testersOnCanary += 1;
  const oneTooMany = (tally.settings.movesInTurn ?? Infinity) + 1;
  if (moved && (visitor.session || visitor.tester) && place.moves === oneTooMany)
    fail(`a session moved ${place.moves} times, now to ${revision}`);
}

function ask({
  visitor: { kept, method, path, session, tester },
  place,
  port,
  used,
}: {
  visitor: Visitor;
  place: Place;
  port: number;
  used: { before: boolean; port: number };
}): Promise<{ response: IncomingMessage; text: string }> {
  const headers = {
    ...(session && place.cookie !== '' ? { cookie: place.cookie } : {}),
    ...(tester ? { 'x-canary': 'yes' } : {}),
  };
  const agent = kept ? place.agent : false;
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, agent, method, path, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ response, text }));
    });
    outgoing.on('socket', (socket) => {
      used.before = outgoing.reusedSocket;
      used.port = socket.localPort ?? 0;
      if (used.port === 0) socket.once('connect', () => (used.port = socket.localPort ?? 0));
    });
    outgoing.setTimeout(answerTimeoutMs, () =>
      outgoing.destroy(new Error(`no answer in ${answerTimeoutMs} ms`)),
    );
    outgoing.on('error', reject);
    outgoing.end(method === 'POST' ? body : undefined);
  });
}

function newAgent(): Agent {
  return new Agent({ keepAlive: true, maxSockets: 1 });
}
