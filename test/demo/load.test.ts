import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createSender, askInTurn, type Client } from '../../scripts/demo/load-client.ts';
import { createTally, quantile } from '../../scripts/demo/load-tally.ts';
import { startTraffic } from '../../scripts/demo/traffic.ts';
import { sumOf } from '../../scripts/demo/load-totals.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

const client: Client = { environment: 'production', connection: 'kept', perSecond: 10 };
const hosts = { production: 'app.localhost', staging: 'staging.app.localhost' };

describe('the traffic of the demo', () => {
  it('takes an answer for good when it is whole and below 400, and notes who gave it', async () => {
    const port = await serve((request, response) => {
      response.setHeader('x-medianest-revision', 'r7');
      response.end(request.headers.host);
    });
    const answer = await createSender({ port, hosts, phase: '' }, client)({ method: 'GET', path: '/' }, 0);
    expect(answer).toEqual({ reason: null, revision: 'r7', body: 'app.localhost' });
  });

  it.each([
    [
      'an error of the server',
      (_, response) => response.writeHead(502).end('no one is there'),
      /^status 502: no one/,
    ],
    ['a request that nobody knows', (_, response) => response.writeHead(404).end(), /^status 404/],
    ['a connection cut before the answer', (request) => request.socket.destroy(), /ECONNRESET|hang up/],
    [
      'a connection cut within the answer',
      (request, response) => {
        response.writeHead(200, { 'content-length': 100 }).write('half');
        setTimeout(() => request.socket.destroy(), 20);
      },
      /ECONNRESET|aborted/,
    ],
  ] satisfies [string, RequestListener, RegExp][])('counts %s as failed', async (_, listener, reason) => {
    const port = await serve(listener);
    const answer = await createSender({ port, hosts, phase: '' }, client)({ method: 'GET', path: '/' }, 0);
    expect(answer.reason).toMatch(reason);
    expect(answer.revision).toBe('none');
  });

  it('notes which copy it was that answered badly', async () => {
    const port = await serve((_, response) =>
      response.writeHead(500, { 'x-medianest-revision': 'r8' }).end('no'),
    );
    const answer = await createSender({ port, hosts, phase: '' }, client)({ method: 'GET', path: '/' }, 0);
    expect(answer).toMatchObject({ reason: 'status 500: no', revision: 'r8' });
  });

  it('looks at the poster of an item that it has seen in the list', async () => {
    const asked: string[] = [];
    const port = await serve((request, response) => {
      asked.push(request.url ?? '');
      response.end('{"items":[{"posterUrl":null},{"posterUrl":"/api/media/7/poster"}]}');
    });
    const send = createSender({ port, hosts, phase: '' }, client);
    for (const turn of [4, 1, 4]) await send(askInTurn(turn), turn);
    expect(asked).toEqual(['/api/media?limit=12', '/api/media?limit=12', '/api/media/7/poster']);
  });

  it('adds items now and then', () => {
    const asked = Array.from({ length: 24 }, (_, turn) => askInTurn(turn));
    expect(asked.filter(({ method }) => method === 'POST')).toHaveLength(2);
    expect(new Set(asked.map(({ path }) => path))).toContain('/version');
  });

  it('keeps counts by phase and revision, the commits, the failures and the longest gap', () => {
    const tally = createTally();
    const asked = { method: 'GET', path: '/version' } as const;
    const good = { reason: null, revision: 'r1', body: '{"commit":"abc"}' };
    tally.add({ client, asked, phase: 'v2', startedMs: 10, endedMs: 12, answer: good });
    tally.add({ client, asked, phase: 'v2', startedMs: 40, endedMs: 112, answer: good });
    const bad = { reason: 'ECONNRESET: read', revision: 'none', body: '' };
    tally.add({ client, asked, phase: 'v3', startedMs: 113, endedMs: 114, answer: bad });
    const totals = tally.totals(120);
    expect(totals.phases).toEqual({
      v2: { answered: 2, failed: 0, revisions: { 'production r1': 2 }, failedBy: {} },
      v3: { answered: 0, failed: 1, revisions: {}, failedBy: { 'production none': 1 } },
    });
    expect(totals.commits).toEqual({ production: ['abc'] });
    expect(totals.failures).toMatchObject([{ phase: 'v3', reason: 'ECONNRESET: read' }]);
    expect([totals.longestGapMs, totals.slowestMs, totals.p50Ms]).toEqual([100, 72, 2]);
  });

  it('finds quantiles in an empty histogram and in a full one', () => {
    expect(quantile(new Uint32Array(5), 0.5)).toBe(-1);
    expect(quantile(Uint32Array.of(0, 98, 0, 2), 0.98)).toBe(1);
    expect(quantile(Uint32Array.of(0, 98, 0, 2), 0.99)).toBe(3);
  });

  it('runs in a process of its own until it is told to stop, and answers for everything that was on its way', async () => {
    let asked = 0;
    const port = await serve((_, response) => {
      asked += 1;
      setTimeout(() => response.setHeader('x-medianest-revision', 'r1').end('{}'), 30);
    });
    const traffic = startTraffic({ port, hosts, phase: 'one' });
    while (sumOf(traffic.totals()).answered < 20) await new Promise((resolve) => setTimeout(resolve, 20));
    traffic.enter('two');
    while (!traffic.totals().phases.two) await new Promise((resolve) => setTimeout(resolve, 20));
    const totals = await traffic.stop();
    expect(sumOf(totals)).toEqual({ answered: asked, failed: 0 });
    expect(Object.keys(totals.phases).toSorted()).toEqual(['one', 'two']);
  });

  it('says so when its process was ended by somebody else', async () => {
    const port = await serve((_, response) => response.end('{}'));
    const traffic = startTraffic({ port, hosts, phase: 'one' });
    traffic.kill();
    await expect(traffic.stop()).rejects.toThrow('ended before it was told to');
  });
});

async function serve(listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await new Promise((resolve) => server.once('listening', resolve));
  return (server.address() as AddressInfo).port;
}
