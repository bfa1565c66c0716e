import { Agent, request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { LoadPlan } from './load-totals.ts';

/** One user: a connection of its own, or a new one for every request. */
export interface Client {
  environment: 'production' | 'staging';
  connection: 'kept' | 'fresh';
  perSecond: number;
}

export interface Asked {
  method: 'GET' | 'POST';
  path: string;
}

/** What came back; `reason` is set when a user would have noticed. `revision` is that of the copy that answered. */
export interface Answer {
  reason: string | null;
  revision: string;
  body: string;
}

const patienceMs = 10_000;
/** A POST among this many requests. */
const postEvery = 12;
const newest = '/api/media?limit=12';
/** Stands for the poster of an item that the user has seen in the list. */
const somePoster = '/api/media/…/poster';
const pages = ['/', newest, '/version', '/api/media?q=stalker', somePoster, '/styles.css'] as const;

/** The mix of requests that a client sends, in turn. */
export function askInTurn(turn: number): Asked {
  if (turn % postEvery === postEvery - 1) return { method: 'POST', path: '/api/media' };
  return { method: 'GET', path: pages[turn % pages.length] ?? '/' };
}

/** Sends requests one after the other, as a browser would. Never throws: what went wrong is the answer. */
export function createSender(
  plan: LoadPlan,
  client: Client,
): (asked: Asked, turn: number) => Promise<Answer> {
  const agent =
    client.connection === 'kept'
      ? new Agent({ keepAlive: true, maxSockets: 1 })
      : new Agent({ keepAlive: false });
  let poster = newest;
  const item = (turn: number) => JSON.stringify({ title: `Stalker, copy ${turn}`, kind: 'film', year: 1979 });
  return ({ method, path }, turn) =>
    new Promise((resolve) => {
      const failed = (reason: string) => resolve({ reason, revision: 'none', body: '' });
      const sent = request(
        {
          host: '127.0.0.1',
          port: plan.port,
          method,
          path: path === somePoster ? poster : path,
          agent,
          headers: {
            host: plan.hosts[client.environment] ?? '',
            ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
          },
        },
        (response) => {
          const learn = (answer: Answer) => {
            if (path === newest && poster === newest) poster = posterIn(answer.body) ?? newest;
            resolve(answer);
          };
          read(response).then(learn, (error: unknown) => failed(reasonOf(error)));
        },
      );
      sent.setTimeout(patienceMs, () => sent.destroy(new Error(`no answer within ${patienceMs / 1000} s`)));
      sent.on('error', (error) => failed(reasonOf(error)));
      sent.end(method === 'POST' ? item(turn) : undefined);
    });
}

/** Asks once, on a connection of its own. @throws what went wrong on the way. */
export function ask({ port, host, path }: { port: number; host: string; path: string }) {
  return new Promise<{ body: string; headers: IncomingHttpHeaders }>((resolve, reject) => {
    const agent = new Agent({ keepAlive: false });
    const sent = request({ host: '127.0.0.1', port, path, agent, headers: { host } }, (response) => {
      textOf(response).then((body) => resolve({ body, headers: response.headers }), reject);
    });
    sent.setTimeout(patienceMs, () => sent.destroy(new Error(`no answer within ${patienceMs / 1000} s`)));
    sent.on('error', reject).end();
  });
}

async function read(response: IncomingMessage): Promise<Answer> {
  const body = await textOf(response);
  const status = response.statusCode ?? 0;
  const good = status >= 200 && status < 400;
  return {
    reason: good ? null : `status ${status}: ${body.slice(0, 120).replaceAll(/\s+/g, ' ')}`,
    revision: String(response.headers['x-medianest-revision'] ?? 'none'),
    body,
  };
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** The first item's poster that is drawn already. */
function posterIn(body: string): string | null {
  return /"posterUrl":"([^"]+)"/.exec(body)?.[1] ?? null;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string'
    ? `${error.code}: ${error.message}`
    : error.message;
}
