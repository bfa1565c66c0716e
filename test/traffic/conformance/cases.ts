import { once } from 'node:events';
import { request, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { Routes } from '../../../src/delivery/index.ts';
import { abilities, type ProgramKind } from '../../../src/traffic/index.ts';
import { get, keepAliveAgent, raw, revision, routes, startRig, until, type App, type Rig } from '../rig.ts';
import { startLoad } from './load.ts';

/** Where routers differ, and why that is all right. Everything else holds for all of them. */
export interface Differences {
  /** Hundredths of 1,000 requests by which a share may miss its weight: 0 where shares are exact. */
  shareErrorPercent: number;
  /**
   * A length beside an encoding is refused, or the length is dropped so that only one reading is left and the app
   * never sees what stands behind (RFC 9112, section 6.3, allows both).
   */
  lengthBesideEncoding: 'refused' | 'dropped';
  /**
   * Whether a request with a body survives that the app closes the idle connection at the very moment it is sent on
   * it. It may not be sent twice, so this takes a router that looks before it sends.
   */
  bodyOnClosingConnection: 'survives' | 'may fail';
  /**
   * Whether a session has an id of its own, which it keeps when it moves and of which the app sees nothing. Else the
   * cookie names the revision only, and sessions are counted by address and browser.
   */
  sessionIds: 'kept' | 'none';
  /** Whether an answer that an app broke off is told from one that a client left. */
  brokenAnswers: 'counted' | 'not told';
  /** How long an app may be silent; where that goes for a body, too, it must outlast a switch. */
  responseTimeoutMs: number;
}

const allRevisions = ['r1', 'r2', 'r3'];

/** What every router promises, one table for all. */
export function conformance(kind: 'embedded' | ProgramKind, differences: Differences): void {
  const able = abilities[kind];
  let rig: Rig;
  let apps: App[];
  let fence = 0;
  /** What the apps do; each test says. */
  let serve: (id: string, ...parts: Parameters<RequestListener>) => void;
  const plain: typeof serve = (id, request, response) => {
    let sizeBytes = 0;
    request.on('data', (chunk: Buffer) => (sizeBytes += chunk.length));
    request.on('end', () => {
      response.setHeader('x-revision', id);
      response.end(request.method === 'POST' ? String(sizeBytes) : JSON.stringify(request.headers));
    });
  };
  const port = (index: number) => apps[index]?.port ?? 0;
  const apply = (...parts: Parameters<typeof routes>) => rig.router.apply(routes(...parts), ++fence);
  const observe = () => rig.router.observe('shop/production');
  const of = async (id: string) => {
    const found = (await observe()).revisions.find((one) => one.id === id);
    if (!found) throw new Error(`${id} is not observed`);
    return found;
  };
  const revisionOf = async (options: Parameters<typeof get>[1] = {}) =>
    String((await get(rig.port, options)).headers['x-revision']);

  beforeAll(async () => {
    serve = plain;
    rig = await startRig(['--response-timeout-ms', String(differences.responseTimeoutMs)], kind);
    apps = await Promise.all(allRevisions.map((id) => rig.app((...parts) => serve(id, ...parts))));
  });

  afterAll(() => rig.close());

  describe('shares', () => {
    test.each([10, 30, 50, 100])('a weight of %i is kept', async (weight) => {
      await apply([revision('r1', 100 - weight, port(0)), revision('r2', weight, port(1))]);
      let seen = 0;
      for (let batch = 0; batch < 20; batch++) {
        const ids = await Promise.all(Array.from({ length: 50 }, () => revisionOf()));
        seen += ids.filter((id) => id === 'r2').length;
      }
      const error = Math.abs(seen - weight * 10) / 10;
      expect(error, `${seen} of 1000`).toBeLessThanOrEqual(
        weight === 100 ? 0 : differences.shareErrorPercent,
      );
    });

    test('a slow revision gets its whole share, so that its slowness shows', async () => {
      serve = (id, request, response) => {
        if (id === 'r2') setTimeout(() => plain(id, request, response), 20);
        else plain(id, request, response);
      };
      onTestFinished(() => {
        serve = plain;
      });
      await apply([revision('r1', 70, port(0)), revision('r2', 30, port(1))]);
      let seen = 0;
      const visitor = async () => {
        for (let visit = 0; visit < 25; visit++) if ((await revisionOf()) === 'r2') seen += 1;
      };
      await Promise.all(Array.from({ length: 40 }, visitor));
      expect(Math.abs(seen - 300) / 10, `${seen} of 1000`).toBeLessThanOrEqual(differences.shareErrorPercent);
    });

    test('two copies of a revision take turns', async () => {
      const seen = [0, 0];
      const copies = await Promise.all(
        [0, 1].map((index) =>
          rig.app((_request, response) => {
            seen[index] = (seen[index] ?? 0) + 1;
            response.end();
          }),
        ),
      );
      await apply([revision('r4', 100, ...copies.map((copy) => copy.port))]);
      for (let index = 0; index < 20; index++) await get(rig.port);
      expect(Math.min(...seen)).toBeGreaterThanOrEqual(8);
    });
  });

  describe('sessions', () => {
    test('stay where they are until their revision has no weight, then move at once', async () => {
      await apply([revision('r1', 50, port(0)), revision('r2', 50, port(1))]);
      const first = await get(rig.port);
      const cookie = String(first.headers['set-cookie']).split(';')[0] ?? '';
      expect(String(first.headers['set-cookie'])).toMatch(/; Path=\/; HttpOnly; SameSite=Lax$/);
      const home = first.headers['x-revision'];
      for (let index = 0; index < 20; index++) {
        const again = await get(rig.port, { headers: { cookie: `a=b; ${cookie}; c=d` } });
        expect(again.headers['x-revision']).toBe(home);
        expect(again.headers['set-cookie']).toBeUndefined();
        if (differences.sessionIds === 'kept')
          expect((JSON.parse(again.body) as { cookie: string }).cookie).toBe('a=b; c=d');
      }
      const stays = home === 'r1' ? 0 : 100;
      await apply([revision('r1', stays, port(0)), revision('r2', 100 - stays, port(1))], { sticky: true });
      const moved = await get(rig.port, { headers: { cookie } });
      expect(moved.headers['x-revision']).not.toBe(home);
      expect(String(moved.headers['set-cookie'])).not.toContain(cookie);
      if (differences.sessionIds === 'kept')
        expect(String(moved.headers['set-cookie'])).toContain(`.${cookie.split('.')[1]};`);
    });

    test("a cookie of somebody's own making chooses nothing and does not reach the app", async () => {
      await apply([revision('r1', 0, port(0)), revision('r2', 100, port(1))], { sticky: true });
      const cookie = `slipway_session=r1.${'a'.repeat(32)}`;
      const answer = await get(rig.port, { headers: { cookie } });
      expect(answer.headers['x-revision']).toBe('r2');
      expect(String(answer.headers['set-cookie'])).toMatch(/slipway_session=/);
    });

    test('no cookie is set while there is one place to go and nobody asked for it', async () => {
      await apply([revision('r1', 100, port(0))]);
      expect((await get(rig.port)).headers['set-cookie']).toBeUndefined();
    });
  });

  describe('pins', () => {
    const pins: Routes['pins'] = [
      { revision: 'p2', by: { kind: 'header', name: 'X-Canary', value: 'always' } },
      { revision: 'p2', by: { kind: 'cookie', name: 'tester', value: 'yes' } },
      { revision: 'p3', by: { kind: 'host', host: 'preview.example.com' } },
      { revision: 'r9', by: { kind: 'header', name: 'X-Canary', value: 'gone' } },
    ];

    test('send testers to their revision, whatever its weight, without a session', async () => {
      // Revisions of its own: a line that an earlier test left behind must not count.
      await apply([revision('p1', 100, port(0)), revision('p2', 0, port(1)), revision('p3', 0, port(2))], {
        pins,
        sticky: true,
        hosts: ['shop.example.com'],
      });
      const ask = (headers: Record<string, string>) =>
        get(rig.port, { headers: { host: 'shop.example.com', ...headers } });
      expect((await ask({})).headers['x-revision']).toBe('r1');
      const byHeader = await ask({ 'x-canary': 'always' });
      expect([byHeader.headers['x-revision'], byHeader.headers['set-cookie']]).toEqual(['r2', undefined]);
      expect((await ask({ cookie: 'a=b; tester=yes' })).headers['x-revision']).toBe('r2');
      expect((await ask({ host: 'Preview.example.com:80' })).headers['x-revision']).toBe('r3');
      expect((await ask({ 'x-canary': 'never', cookie: 'tester=no' })).headers['x-revision']).toBe('r1');
      const nowhere = await ask({ 'x-canary': 'gone' });
      expect([nowhere.status, nowhere.headers['retry-after']]).toEqual([503, '10']);
      await expect.poll(async () => (await of('p2')).requests, { timeout: 60_000 }).toBe(2);
    });
  });

  describe('hosts', () => {
    test('belong to scopes, and an unknown one to nobody', async () => {
      await apply([revision('r1', 100, port(0))], { hosts: ['shop.example.com', 'www.shop.example.com'] });
      const other = routes([revision('r3', 100, port(2))], {
        scope: 'blog/production',
        hosts: ['blog.example.com'],
      });
      await rig.router.apply(other, 1);
      const at = (host: string) => get(rig.port, { headers: { host } });
      expect((await at('SHOP.example.com:8080')).headers['x-revision']).toBe('r1');
      expect((await at('www.shop.example.com')).headers['x-revision']).toBe('r1');
      expect((await at('blog.example.com')).headers['x-revision']).toBe('r3');
      const unknown = await at('other.example.com');
      expect([unknown.status, unknown.headers['cache-control']]).toEqual([404, 'no-store']);
      await apply([revision('r1', 100, port(0))]);
      expect((await at('other.example.com')).headers['x-revision']).toBe('r1');
      expect((await at('blog.example.com')).headers['x-revision']).toBe('r3');
      await rig.router.apply({ ...other, hosts: [], revisions: [] }, 2);
    });

    test('one host cannot belong to two scopes, and what is refused changes nothing', async () => {
      await apply([revision('r1', 100, port(0))], { hosts: ['shop.example.com'] });
      const thief = routes([revision('r2', 100, port(1))], { scope: 'thief', hosts: ['shop.example.com'] });
      await expect(rig.router.apply(thief, 1)).rejects.toMatchObject({
        code: 'traffic/invalid-routes',
        notes: ['host "shop.example.com" already belongs to scope "shop/production"'],
      });
      const wrong = routes([revision('r1', 60), revision('r1', 30, port(0))]);
      await expect(rig.router.apply(wrong, ++fence)).rejects.toMatchObject({
        code: 'traffic/invalid-routes',
      });
      expect(await revisionOf({ headers: { host: 'shop.example.com' } })).toBe('r1');
    });
  });

  describe('pages of its own', () => {
    test('nothing serving is 503', async () => {
      await apply([]);
      expect((await get(rig.port)).status).toBe(503);
    });

    test('maintenance is a page for people and JSON for programs, both with Retry-After', async () => {
      await apply([revision('r1', 100, port(0))], { maintenance: true });
      const page = await get(rig.port);
      expect([page.status, page.headers['retry-after'], page.headers['content-type']]).toEqual([
        503,
        '60',
        'text/html; charset=utf-8',
      ]);
      expect(page.body).toContain('<h1>Down for maintenance</h1>');
      const json = await get(rig.port, { headers: { accept: 'application/json' } });
      expect(JSON.parse(json.body)).toMatchObject({ status: 503 });
    });

    test.runIf(!able.rateLimit)('a limit that it cannot keep is refused, and changes nothing', async () => {
      await apply([revision('r1', 100, port(0))]);
      await expect(
        apply([revision('r2', 100, port(1))], { rateLimit: { perMinute: 1, burst: 4 } }),
      ).rejects.toMatchObject({ code: 'traffic/configuration-refused' });
      expect(await revisionOf()).toBe('r1');
    });

    test.runIf(able.rateLimit)(
      'the limit lets one and the burst through, and another scope is not touched by it',
      async () => {
        await apply([revision('r1', 100, port(0))], { rateLimit: { perMinute: 1, burst: 4 } });
        const statuses: number[] = [];
        let last: Awaited<ReturnType<typeof get>> | undefined;
        for (let index = 0; index < 10; index++) statuses.push((last = await get(rig.port)).status);
        expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429, 429, 429, 429]);
        expect(Number(last?.headers['retry-after'])).toBeGreaterThan(0);
        await apply([revision('r1', 100, port(0))]);
        expect((await get(rig.port)).status).toBe(200);
      },
    );
  });

  describe('what the app is told', () => {
    test('the client cannot forge where it comes from', async () => {
      await apply([revision('r1', 100, port(0))]);
      const { body } = await get(rig.port, {
        headers: {
          host: 'shop.example.com',
          'x-forwarded-for': '1.2.3.4',
          'x-forwarded-proto': 'https',
          'x-forwarded-host': 'evil',
          'x-forwarded-port': '1',
          'x-real-ip': '1.2.3.4',
          forwarded: 'for=1.2.3.4',
        },
      });
      const told = JSON.parse(body) as Record<string, string>;
      expect(told).toMatchObject({
        host: 'shop.example.com',
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-proto': 'http',
        'x-forwarded-host': 'shop.example.com',
      });
      for (const name of ['x-forwarded-port', 'x-real-ip', 'forwarded']) expect(told[name]).toBeUndefined();
    });
  });

  describe('requests that two servers could read differently', () => {
    const refused: [string, string][] = [
      ['two Hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'],
      ['no Host', 'GET / HTTP/1.1\r\n\r\n'],
      ['two lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxy'],
      ['a signed length', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx'],
      ['an unknown encoding', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n'],
      ['chunked twice', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n'],
      ['a space before the colon', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 1\r\n\r\nx'],
      ['a target that is no path', 'GET foo HTTP/1.1\r\nHost: a\r\n\r\n'],
    ];

    test.each(refused)('%s is refused, and the connection ends', async (_name, bytes) => {
      await apply([revision('r1', 100, port(0))]);
      let reached = false;
      serve = (...parts) => {
        reached = true;
        plain(...parts);
      };
      const answer = await raw(rig.port, bytes).finally(() => (serve = plain));
      expect(answer).toMatch(/^HTTP\/1\.[01] [45]\d\d /);
      expect(answer.match(/HTTP\/1\.[01] /g)).toHaveLength(1);
      expect(reached).toBe(false);
    });

    test.each([
      [
        'a length beside an encoding',
        'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      ],
      ['a folded header', 'GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z: 1\r\nConnection: close\r\n\r\n'],
      ['bare line feeds', 'GET / HTTP/1.1\nHost: a\nConnection: close\n\n'],
    ])('%s is refused, or reaches the app in one reading only', async (name, bytes) => {
      const heads: [string | undefined, IncomingMessage['headers']][] = [];
      serve = (id, request, response) => {
        heads.push([request.url, request.headers]);
        plain(id, request, response);
      };
      const answer = await raw(rig.port, bytes).finally(() => (serve = plain));
      const refusedWhole = /^HTTP\/1\.[01] 400 /.test(answer) && heads.length === 0;
      if (differences.lengthBesideEncoding === 'refused' && name.startsWith('a length'))
        expect(refusedWhole).toBe(true);
      for (const [, headers] of heads)
        expect('content-length' in headers && 'transfer-encoding' in headers).toBe(false);
    });

    test('heads that are too large are refused, and large ones pass', async () => {
      await apply([revision('r1', 100, port(0))]);
      const head = (sizeBytes: number) =>
        `GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: ${'y'.repeat(sizeBytes)}\r\n\r\n`;
      expect(await raw(rig.port, head(6_000))).toMatch(/^HTTP\/1\.1 200 /);
      expect(await raw(rig.port, head(60_000))).toMatch(/^HTTP\/1\.[01] 4(00|14|31) /);
    });
  });

  describe('switching under load', () => {
    test('ten switches lose nothing on kept and fresh connections, though each old app is killed once it is drained', async () => {
      const start = (id: string) => rig.app((...parts) => plain(id, ...parts));
      let old = await start('s0');
      await apply([revision('s0', 100, old.port)]);
      const load = startLoad(rig.port);
      for (let turn = 1; turn <= 10; turn++) {
        const next = await start(`s${turn}`);
        const before = `s${turn - 1}`;
        await apply([revision(before, 0, old.port), revision(`s${turn}`, 100, next.port)]);
        await until(async () => (await of(before)).inFlight === 0);
        old.server.closeAllConnections();
        old.server.close();
        await apply([revision(`s${turn}`, 100, next.port)]);
        const reached = load.requests;
        await until(() => load.requests > reached + 30);
        old = next;
      }
      await load.stop();
      expect(load.failures).toEqual([]);
      expect(load.revisions.size).toBe(11);
    });

    test('a change of hosts, pins and limits under load loses nothing', async () => {
      await apply([revision('r1', 100, port(0))]);
      const load = startLoad(rig.port);
      for (let turn = 0; turn < 5; turn++) {
        await apply([revision('r1', 50, port(0)), revision('r2', 50, port(1))], {
          hosts: ['*', `h${turn}.example.com`],
          pins: [{ revision: 'r2', by: { kind: 'header', name: `X-Turn-${turn}`, value: 'yes' } }],
          rateLimit: able.rateLimit && turn % 2 === 0 ? { perMinute: 1_000_000, burst: 1_000_000 } : null,
        });
        expect(await revisionOf({ headers: { [`x-turn-${turn}`]: 'yes' } })).toBe('r2');
        const reached = load.requests;
        await until(() => load.requests > reached + 30);
      }
      await load.stop();
      expect(load.failures).toEqual([]);
    });

    test('a slow request, a WebSocket and an event stream outlive a switch, counted until they end', async () => {
      const finish: (() => void)[] = [];
      serve = (_id, request, response) => {
        const stream = request.headers.accept === 'text/event-stream';
        response.writeHead(200, { 'content-type': stream ? 'text/event-stream' : 'text/plain' });
        response.write('first ');
        finish.push(() => response.end('last'));
      };
      const sockets = new WebSocketServer({ server: apps[0]?.server });
      sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
      await apply([revision('r1', 100, port(0)), revision('r2', 0, port(1))]);
      const slow = get(rig.port);
      const events = request({
        host: '127.0.0.1',
        port: rig.port,
        agent: false,
        headers: { accept: 'text/event-stream' },
      });
      events.end();
      const [stream] = (await once(events, 'response')) as [IncomingMessage];
      stream.setEncoding('utf8');
      let streamed = '';
      stream.on('data', (text: string) => (streamed += text));
      const socket = new WebSocket(`ws://127.0.0.1:${rig.port}/`);
      await once(socket, 'open');
      await until(() => finish.length === 2);
      serve = plain;
      await until(async () => (await of('r1')).inFlight === 3);
      await apply([revision('r1', 0, port(0)), revision('r2', 100, port(1))]);
      expect(await revisionOf()).toBe('r2');
      expect((await of('r1')).inFlight).toBe(3);
      await apply([revision('r2', 100, port(1))]);
      const gone = (await observe()).revisions.find(({ id }) => id === 'r1');
      expect([gone?.weightPercent, gone?.inFlight]).toEqual([0, 3]);
      socket.send('still here');
      const [data] = (await once(socket, 'message')) as [Buffer];
      expect(data.toString()).toBe('still here');
      for (const one of finish) one();
      expect((await slow).body).toBe('first last');
      await until(() => streamed === 'first last');
      socket.close();
      await until(async () => (await observe()).revisions.every(({ id }) => id !== 'r1'));
      sockets.close();
    });

    test('a slow download goes on through a switch and comes whole', async () => {
      const chunk = Buffer.alloc(64 * 1024, 'd');
      let begun = false;
      serve = (_id, _request, response) => {
        begun = true;
        let sent = 0;
        const more = () => {
          if (sent++ === 64) response.end();
          else response.write(chunk, () => setTimeout(more, 5));
        };
        more();
      };
      await apply([revision('r1', 100, port(0)), revision('r2', 0, port(1))]);
      const download = get(rig.port);
      // A router may count it before the app has it.
      await until(async () => begun && (await of('r1')).inFlight === 1);
      serve = plain;
      await apply([revision('r1', 0, port(0)), revision('r2', 100, port(1))]);
      expect((await download).body.length).toBe(64 * chunk.length);
      await until(async () => (await of('r1')).inFlight === 0);
    });
  });

  describe('counts by revision', () => {
    test('requests, errors, sessions and latency are counted once each', async () => {
      await apply([revision('r1', 0, port(0)), revision('c1', 100, port(1))], { sticky: true });
      serve = (id, request, response) => {
        response.statusCode = request.url === '/bad' ? 500 : 200;
        setTimeout(() => plain(id, request, response), request.url === '/slow' ? 60 : 0);
      };
      const cookies: string[] = [];
      for (let index = 0; index < 4; index++)
        cookies.push(String((await get(rig.port)).headers['set-cookie']).split(';')[0] ?? '');
      for (const path of ['/bad', '/bad', '/slow'])
        await get(rig.port, { path, headers: { cookie: cookies[0] ?? '' } });
      serve = plain;
      await until(async () => (await of('c1')).requests === 7);
      const seen = await of('c1');
      expect(seen).toMatchObject({
        weightPercent: 100,
        inFlight: 0,
        errors: 2,
        gatewayErrors: 0,
        sessions: differences.sessionIds === 'kept' ? 4 : 1,
        sessionsWithError: 1,
      });
      expect(seen.latency.at(-1)).toEqual({ leMs: null, count: 7 });
      const under = (ms: number) => seen.latency.findLast(({ leMs }) => leMs !== null && leMs <= ms)?.count;
      expect(under(50)).toBeLessThan(7);
      expect((await observe()).lost).toBe(false);
    });

    test('an app that is gone is 502, and the router counts it for the revision', async () => {
      const { server, port: closing } = await rig.app(() => {});
      await new Promise((resolve) => server.close(resolve));
      await apply([revision('c2', 100, closing)]);
      expect((await get(rig.port)).status).toBe(502);
      await until(async () => (await of('c2')).gatewayErrors === 1);
      expect(await of('c2')).toMatchObject({
        requests: 1,
        errors: 1,
        gatewayErrors: 1,
        sessionsWithError: 1,
      });
    });

    test('an app that is silent is 504', async () => {
      serve = () => {};
      await apply([revision('c3', 100, port(0))]);
      expect((await get(rig.port)).status).toBe(504);
      serve = plain;
      await until(async () => (await of('c3')).gatewayErrors === 1);
    });

    test('a response that breaks off never looks complete, and is the fault of the revision', async () => {
      serve = (_id, _request, response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('half');
        setTimeout(() => response.destroy(), 30);
      };
      await apply([revision('c4', 100, port(0))]);
      await expect(get(rig.port)).rejects.toMatchObject({ code: 'ECONNRESET' });
      serve = plain;
      const counted = differences.brokenAnswers === 'counted' ? 1 : 0;
      await until(async () => (await of('c4')).requests === 1);
      await until(async () => (await of('c4')).gatewayErrors === counted);
    });

    test("a client that leaves is nobody's error", async () => {
      let begun = false;
      serve = () => void (begun = true);
      await apply([revision('c5', 100, port(0))]);
      const outgoing = request({ host: '127.0.0.1', port: rig.port, agent: false });
      outgoing.on('error', () => {});
      outgoing.end();
      await until(() => begun);
      outgoing.destroy();
      serve = plain;
      await until(async () => (await of('c5')).inFlight === 0);
      await get(rig.port);
      await until(async () => (await of('c5')).requests >= 1);
      expect((await of('c5')).errors).toBe(0);
    });
  });

  describe('sending again', () => {
    test('a copy that refuses connections costs nobody a request, with a body or without', async () => {
      const { server, port: closing } = await rig.app(() => {});
      await new Promise((resolve) => server.close(resolve));
      await apply([revision('d1', 100, closing, port(0))]);
      for (let index = 0; index < 10; index++) {
        expect((await get(rig.port, { method: 'POST', body: 'x' })).status).toBe(200);
        expect((await get(rig.port)).status).toBe(200);
      }
    });

    test('what was sent with a body is not sent twice', async () => {
      let connections = 0;
      const server = createTcpServer((socket) => {
        connections++;
        socket.on('error', () => {});
        socket.once('data', () => socket.destroy());
      });
      server.unref();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      await apply([revision('d2', 100, (server.address() as AddressInfo).port)]);
      expect((await get(rig.port, { method: 'POST', body: 'x' })).status).toBe(502);
      expect(connections).toBe(1);
      server.close();
    });

    test('a connection that the app closed while it was idle costs nobody a request', async () => {
      await apply([revision('r1', 100, port(0))]);
      const agent = keepAliveAgent();
      for (let index = 0; index < 10; index++) {
        await Promise.all([get(rig.port, { agent }), get(rig.port, { agent })]);
        apps[0]?.server.closeIdleConnections();
        const second =
          differences.bodyOnClosingConnection === 'survives' ? { method: 'POST', body: 'x' } : {};
        const statuses = await Promise.all([get(rig.port, { agent }), get(rig.port, { agent, ...second })]);
        expect(statuses.map(({ status }) => status)).toEqual([200, 200]);
      }
      agent.destroy();
    });
  });

  describe('fences and restarts', () => {
    test('an older fence is refused, an equal call changes nothing', async () => {
      const same = routes([revision('r1', 100, port(0))]);
      fence += 10;
      await rig.router.apply(same, fence);
      const { epoch } = await observe();
      await rig.router.apply(same, fence);
      await expect(rig.router.apply(same, fence - 1)).rejects.toMatchObject({ code: 'traffic/stale-fence' });
      const state = await observe();
      expect([state.fence, state.epoch]).toEqual([fence, epoch]);
      expect((await rig.router.observe('unknown/scope')).routes).toBeNull();
    });

    test('a new version of the router takes over without losing a request or a count', async () => {
      await apply([revision('u1', 100, port(0))]);
      const load = startLoad(rig.port, 4);
      await until(() => load.requests > 50);
      const { epoch } = await observe();
      const before = await rig.router.health();
      const { pid } = await rig.router.upgrade();
      expect(pid).not.toBe(before.pid);
      const reached = load.requests;
      await until(() => load.requests > reached + 50);
      await load.stop();
      expect(load.failures).toEqual([]);
      await until(async () => (await of('u1')).requests === load.requests);
      const state = await observe();
      expect([state.epoch, state.lost, state.fence]).toEqual([epoch, false, fence]);
    });

    test('after a crash the same routes stand, and the loss of counts is admitted', async () => {
      await apply([revision('r1', 100, port(0)), revision('r2', 0, port(1))]);
      const { epoch } = await observe();
      const { pid } = await rig.router.health();
      process.kill(pid, 'SIGKILL');
      await until(async () => (await rig.router.health().catch(() => null)) === null);
      await rig.restart();
      expect(await revisionOf()).toBe('r1');
      const state = await observe();
      expect([state.lost, state.fence, state.epoch === epoch]).toEqual([true, fence, false]);
      await expect(rig.router.apply(routes([]), fence - 1)).rejects.toMatchObject({
        code: 'traffic/stale-fence',
      });
      await apply([revision('r1', 0, port(0)), revision('r2', 100, port(1))]);
      expect(await revisionOf()).toBe('r2');
    });
  });
}
