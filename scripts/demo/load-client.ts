import { Agent, request, type IncomingMessage } from 'node:http';
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

/** What came back; `reason` is set when a user would have noticed. */
export interface Answer {
  reason: string | null;
  revision: string;
  body: string;
}

const patienceMs = 10_000;
/** A POST among this many requests. */
const postEvery = 12;
const pages = ['/', '/api/media?limit=12', '/version', '/api/media?q=stalker', '/styles.css'] as const;

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
  const item = (turn: number) => JSON.stringify({ title: `Stalker, copy ${turn}`, kind: 'film', year: 1979 });
  return ({ method, path }, turn) =>
    new Promise((resolve) => {
      const failed = (reason: string) => resolve({ reason, revision: 'none', body: '' });
      const sent = request(
        {
          host: '127.0.0.1',
          port: plan.port,
          method,
          path,
          agent,
          headers: {
            host: plan.hosts[client.environment],
            ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
          },
        },
        (response) => void read(response).then(resolve, (error: unknown) => failed(reasonOf(error))),
      );
      sent.setTimeout(patienceMs, () => sent.destroy(new Error(`no answer within ${patienceMs / 1000} s`)));
      sent.on('error', (error) => failed(reasonOf(error)));
      sent.end(method === 'POST' ? item(turn) : undefined);
    });
}

async function read(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const status = response.statusCode ?? 0;
  const body = Buffer.concat(chunks).toString('utf8');
  const good = status >= 200 && status < 400;
  return {
    reason: good ? null : `status ${status}: ${body.slice(0, 120).replaceAll(/\s+/g, ' ')}`,
    revision: String(response.headers['x-medianest-revision'] ?? 'none'),
    body,
  };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string'
    ? `${error.code}: ${error.message}`
    : error.message;
}
