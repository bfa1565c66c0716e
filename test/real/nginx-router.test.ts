import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { request, type Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { Routes } from '../../src/delivery/index.ts';
import { selfSigned } from '../traffic/certificate.ts';
import { get, keepAliveAgent, raw, revision, routes, startRig, until, type Rig } from '../traffic/rig.ts';
import { freePort } from '../rig/free-port.ts';
import { lacks } from './support/component.ts';

const program = ['/usr/sbin/nginx', '/usr/bin/nginx'].find((file) => existsSync(file)) ?? '/usr/sbin/nginx';
const missing = lacks({ name: 'nginx', file: program, install: 'apt-get install nginx-light' });
const suite = missing ? describe.skip : describe;

let rig: Rig;
const folders: string[] = [];
afterEach(async () => {
  await rig.close();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function start(flags: string[] = []): Promise<void> {
  rig = await startRig(flags, 'nginx');
}

async function temporary(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-nginx-test-'));
  folders.push(folder);
  return folder;
}

async function observed(id: string) {
  const { revisions } = await rig.router.observe('shop/production');
  return revisions.find((one) => one.id === id);
}

interface Load {
  requests: number;
  failures: string[];
  stop(): Promise<void>;
}

/** Constant load on kept and on fresh connections; every answer but 200 is a failure. */
function startLoad(port: number, clients = 12): Load {
  const state = { running: true };
  const load: Load = { requests: 0, failures: [], stop: async () => {} };
  const agent = keepAliveAgent();
  const client = async (own: Agent | false) => {
    while (state.running) {
      try {
        const { status } = await get(port, { agent: own });
        if (status !== 200) load.failures.push(String(status));
      } catch (error) {
        load.failures.push(`${String(error)} on a ${own ? 'kept' : 'fresh'} connection`);
      }
      load.requests++;
    }
  };
  const everyone = Array.from({ length: clients }, (_, index) => client(index % 2 === 0 ? agent : false));
  load.stop = async () => {
    state.running = false;
    await Promise.all(everyone);
    agent.destroy();
  };
  return load;
}

suite(`nginx as a router${missing ? ' (needs: apt-get install nginx-light)' : ''}`, () => {
  test('every request is counted, for its revision, with its session and how it ended', async () => {
    await start();
    const app = await rig.app((asked, response) => {
      if (asked.url === '/500') response.writeHead(500).end();
      else if (asked.url === '/502') response.writeHead(502).end('its own');
      else if (asked.url === '/dies') asked.socket.destroy();
      else if (asked.url === '/half') {
        response.write('half');
        setTimeout(() => asked.socket.destroy(), 30);
      } else if (asked.url === '/slow') setTimeout(() => response.end('late'), 5_000).unref();
      else if (asked.url === '/events') {
        response.setHeader('content-type', 'text/event-stream');
        response.write('data: 1\n\n');
        setTimeout(() => response.end(), 200);
      } else response.end('ok');
    });
    await rig.router.apply(routes([revision('r1', 100, app.port)], { sticky: true }), 1);
    const first = await get(rig.port);
    const cookie = String(first.headers['set-cookie']).split(';')[0] ?? '';
    const same = { headers: { cookie } };
    for (const path of ['/', '/500', '/502', '/dies', '/events']) await get(rig.port, { path, ...same });
    await expect(get(rig.port, { path: '/half', ...same })).rejects.toThrow();
    const impatient = request({ host: '127.0.0.1', port: rig.port, path: '/slow', agent: false, ...same });
    impatient.on('error', () => {});
    impatient.end();
    await until(async () => ((await observed('r1'))?.inFlight ?? 0) > 0);
    await new Promise((resolve) => setTimeout(resolve, 200));
    impatient.destroy();
    await until(async () => (await observed('r1'))?.requests === 8);
    expect(await observed('r1')).toMatchObject({
      requests: 8,
      // 500, 502, what died before its head and within its body; the last two are nginx's.
      errors: 4,
      gatewayErrors: 2,
      sessions: 1,
      sessionsWithError: 1,
    });
    // The event stream alone has no time.
    expect((await observed('r1'))?.latency.at(-1)).toEqual({ leMs: null, count: 7 });
    const load = startLoad(rig.port, 6);
    await until(() => load.requests > 500);
    await load.stop();
    expect((await observed('r1'))?.requests).toBe(8 + load.requests);
    expect((await rig.router.observe('shop/production')).losses).toBe(0);
    await until(async () => (await observed('r1'))?.inFlight === 0);
  });

  test('WebSockets, event streams and downloads of an old revision go on, counted, until they end, however long it takes', async () => {
    const drainTimeoutMs = 500;
    await start(['--drain-timeout-ms', String(drainTimeoutMs)]);
    let finish: (() => void) | undefined;
    const old = await rig.app((_request, response) => {
      response.write('first ');
      finish = () => response.end('last');
    });
    const echo = new WebSocketServer({ server: old.server });
    echo.on('connection', (one) => one.on('message', (data) => one.send(data)));
    const next = await rig.app((_request, response) => response.end('next'));
    await rig.router.apply(routes([revision('r1', 100, old.port)]), 1);
    const socket = new WebSocket(`ws://127.0.0.1:${rig.port}/`);
    await once(socket, 'open');
    const download = get(rig.port);
    await until(() => finish !== undefined);
    await rig.router.apply(routes([revision('r1', 0, old.port), revision('r2', 100, next.port)]), 2);
    expect((await get(rig.port)).body).toBe('next');
    await until(async () => (await observed('r1'))?.inFlight === 2);
    socket.send('still here');
    expect(String((await once(socket, 'message'))[0])).toBe('still here');
    await rig.router.apply(routes([revision('r2', 100, next.port)]), 3);
    expect((await observed('r1'))?.inFlight).toBe(2);
    finish?.();
    expect((await download).body).toBe('first last');
    await until(async () => (await observed('r1'))?.inFlight === 1);
    socket.close();
    await until(async () => (await observed('r1')) === undefined);
  });

  test('the first bytes of an event stream are not held back, and a large download needs no file', async () => {
    await start();
    const app = await rig.app((asked, response) => {
      if (asked.url === '/large') response.end(Buffer.alloc(30_000_000, 'x'));
      else response.write('data: 1\n\n');
    });
    await rig.router.apply(routes([revision('r1', 100, app.port)]), 1);
    const outgoing = request({ host: '127.0.0.1', port: rig.port, headers: { accept: 'text/event-stream' } });
    outgoing.on('error', () => {});
    outgoing.end();
    const [response] = (await once(outgoing, 'response')) as [NodeJS.ReadableStream];
    expect(String((await once(response, 'data'))[0])).toBe('data: 1\n\n');
    outgoing.destroy();
    expect((await get(rig.port, { path: '/large' })).body).toHaveLength(30_000_000);
  });

  test('shares are kept to within what chance allows, sessions stay, and nobody makes up a cookie', async () => {
    await start();
    const apps = await Promise.all(
      ['r1', 'r2'].map((id) => rig.app((_request, response) => response.setHeader('x-revision', id).end())),
    );
    const both = (first: number) => [
      revision('r1', first, apps[0]?.port ?? 0),
      revision('r2', 100 - first, apps[1]?.port ?? 0),
    ];
    await rig.router.apply(routes(both(70)), 1);
    const answers = [];
    for (let index = 0; index < 600; index++) answers.push(await get(rig.port));
    const share = answers.filter(({ headers }) => headers['x-revision'] === 'r2').length;
    // Six standard deviations around 180.
    expect(share).toBeGreaterThan(112);
    expect(share).toBeLessThan(248);
    const chosen = answers.find(({ headers }) => headers['x-revision'] === 'r2');
    const cookie = String(chosen?.headers['set-cookie']).split(';')[0] ?? '';
    for (let index = 0; index < 20; index++) {
      const again = await get(rig.port, { headers: { cookie } });
      expect([again.headers['x-revision'], again.headers['set-cookie']]).toEqual(['r2', undefined]);
    }
    await rig.router.apply(routes(both(100), { sticky: true }), 2);
    const moved = await get(rig.port, { headers: { cookie } });
    expect(moved.headers['x-revision']).toBe('r1');
    expect(String(moved.headers['set-cookie'])).toContain(`.${cookie.split('.')[1]};`);
    const forged = await get(rig.port, { headers: { cookie: `slipway_session=r2.${'a'.repeat(32)}` } });
    expect(forged.headers['x-revision']).toBe('r1');
  });

  test('pins go to their revision at weight 0, exactly as they are written', async () => {
    await start();
    const apps = await Promise.all(
      ['r1', 'r2'].map((id) => rig.app((_request, response) => response.setHeader('x-revision', id).end())),
    );
    const pins: Routes['pins'] = [
      { revision: 'r2', by: { kind: 'header', name: 'X-Canary', value: 'a.b' } },
      { revision: 'r2', by: { kind: 'cookie', name: 'my-canary', value: 'yes' } },
      { revision: 'r2', by: { kind: 'host', host: 'next.example.com' } },
      { revision: 'r9', by: { kind: 'header', name: 'X-Canary', value: 'gone' } },
      { revision: 'r9', by: { kind: 'host', host: 'gone.example.com' } },
    ];
    const revisions = [revision('r1', 100, apps[0]?.port ?? 0), revision('r2', 0, apps[1]?.port ?? 0)];
    await rig.router.apply(routes(revisions, { sticky: true, pins }), 1);
    const where = async (headers: Record<string, string>) => {
      const answer = await get(rig.port, { headers });
      return [answer.status, answer.headers['x-revision'], answer.headers['set-cookie'] !== undefined];
    };
    expect(await where({ 'x-canary': 'a.b' })).toEqual([200, 'r2', false]);
    expect(await where({ cookie: 'a=b; my-canary=yes; c=d' })).toEqual([200, 'r2', false]);
    expect(await where({ host: 'NEXT.example.com' })).toEqual([200, 'r2', false]);
    const others: Record<string, string>[] = [
      { 'x-canary': 'axb' },
      { 'x-canary': 'A.B' },
      { cookie: 'xmy-canary=yes' },
    ];
    for (const headers of others) expect(await where(headers)).toEqual([200, 'r1', true]);
    expect(await where({ 'x-canary': 'gone' })).toEqual([503, undefined, false]);
    expect(await where({ host: 'gone.example.com' })).toEqual([503, undefined, false]);
    const gone = await get(rig.port, { headers: { 'x-canary': 'gone', accept: 'application/json' } });
    expect(JSON.parse(gone.body)).toMatchObject({
      message: expect.stringContaining('not running') as string,
    });
    expect((await observed('r2'))?.requests).toBe(3);
  });

  test('pages of its own: unknown host, nothing serving, maintenance, too many requests', async () => {
    await start();
    const app = await rig.app((_request, response) => response.end('ok'));
    const shop = { hosts: ['shop.example.com'] };
    const ask = (accept = 'text/html') => get(rig.port, { headers: { host: 'shop.example.com', accept } });
    await rig.router.apply(routes([], shop), 1);
    expect((await get(rig.port)).status).toBe(404);
    expect([(await ask()).status, (await ask()).headers['retry-after']]).toEqual([503, '10']);
    await rig.router.apply(routes([revision('r1', 100, app.port)], { ...shop, maintenance: true }), 2);
    const page = await ask();
    expect([page.status, page.headers['retry-after'], page.headers['content-type']]).toEqual([
      503,
      '60',
      'text/html; charset=utf-8',
    ]);
    expect(page.body).toContain('<h1>Down for maintenance</h1>');
    expect(JSON.parse((await ask('application/json')).body)).toMatchObject({ status: 503 });
    await rig.router.apply(
      routes([revision('r1', 100, app.port)], {
        ...shop,
        sticky: true,
        rateLimit: { perMinute: 1, burst: 4 },
      }),
      3,
    );
    const answers = [];
    for (let index = 0; index < 8; index++) answers.push(await ask());
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429, 429, 429]);
    // A session begins where it is counted.
    expect(answers.map(({ headers }) => headers['set-cookie'] !== undefined)).toEqual(
      answers.map(({ status }) => status === 200),
    );
    expect((await ask()).headers['retry-after']).toBe('60');
  });

  test('an app is told who asks and nothing that a client made up, and decides nothing about the router', async () => {
    await start();
    const app = await rig.app((asked, response) => {
      response.setHeader('X-Accel-Redirect', '/.slipway-pages/maintenance.html');
      response.end(JSON.stringify(asked.headers));
    });
    await rig.router.apply(routes([revision('r1', 100, app.port)]), 1);
    const { body } = await get(rig.port, {
      headers: {
        host: 'shop.example.com',
        'x-forwarded-for': '1.2.3.4',
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'evil',
        'x-real-ip': '1.2.3.4',
        forwarded: 'for=1.2.3.4',
        te: 'gzip',
        upgrade: 'h2c',
        'http2-settings': 'AAMAAABkAAQAAP__',
        connection: 'Upgrade, HTTP2-Settings',
        cookie: `slipway_session=${'a'.repeat(22)}.${'b'.repeat(32)}; kept=1`,
      },
    });
    expect(JSON.parse(body)).toEqual({
      host: 'shop.example.com',
      cookie: 'kept=1',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'shop.example.com',
    });
  });

  test.each([
    ['a length beside an encoding', 'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['two lengths', 'Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde'],
    ['two hosts', 'Host: b\r\n\r\n'],
    ['a space before the colon', 'Content-Length : 4\r\n\r\nabcd'],
    ['an encoding that is not chunked', 'Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
  ])('%s is refused and ends the connection', async (_name, rest) => {
    await start();
    const seen: string[] = [];
    const app = await rig.app((asked, response) => response.end(String(seen.push(String(asked.url)))));
    await rig.router.apply(routes([revision('r1', 100, app.port)]), 1);
    const answer = await raw(
      rig.port,
      `POST /a HTTP/1.1\r\nHost: a\r\n${rest}GET /b HTTP/1.1\r\nHost: a\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 (400|501) /);
    expect(seen).toEqual([]);
  });

  test('nginx goes on when its agent is killed, and the next agent joins it', async () => {
    await start();
    const app = await rig.app((_request, response) => setTimeout(() => response.end('ok'), 2));
    await rig.router.apply(routes([revision('r1', 100, app.port)]), 5);
    const before = rig.programPid();
    const load = startLoad(rig.port);
    await until(() => load.requests > 50);
    const exited = once(rig.child, 'exit');
    rig.child.kill('SIGKILL');
    await exited;
    await rig.restart();
    expect(rig.programPid()).toBe(before);
    const state = await rig.router.observe('shop/production');
    expect([state.losses > 0, state.fence]).toEqual([true, 5]);
    await load.stop();
    expect(load.failures).toEqual([]);
  });

  test('an upgrade of the agent loses no request and no count', async () => {
    await start();
    const app = await rig.app((_request, response) => setTimeout(() => response.end('ok'), 2));
    await rig.router.apply(routes([revision('r1', 100, app.port)]), 1);
    const before = rig.programPid();
    const load = startLoad(rig.port);
    await until(() => load.requests > 100);
    const { pid } = await rig.router.upgrade();
    const upgradedAt = load.requests;
    await until(() => load.requests > upgradedAt + 100);
    await load.stop();
    expect(load.failures).toEqual([]);
    expect([(await rig.router.health()).pid, rig.programPid()]).toEqual([pid, before]);
    expect((await rig.router.observe('shop/production')).losses).toBe(0);
    expect(await observed('r1')).toMatchObject({ requests: load.requests, errors: 0 });
  });

  test('a worker that is killed means that counts are missing, and nothing else', async () => {
    await start();
    const app = await rig.app((_request, response) => response.end('ok'));
    await rig.router.apply(routes([revision('r1', 100, app.port)]), 1);
    expect((await rig.router.observe('shop/production')).losses).toBe(0);
    const workers = readFileSync(`/proc/${rig.programPid()}/task/${rig.programPid()}/children`, 'utf8');
    process.kill(Number(workers.split(' ')[0]), 'SIGKILL');
    await until(async () => (await rig.router.observe('shop/production')).losses > 0);
    await until(async () => (await get(rig.port).catch(() => null))?.status === 200);
  });

  test('nginx that is killed comes back with the same routes, its orphans out of the way', async () => {
    await start();
    const app = await rig.app((_request, response) => response.end('ok'));
    await rig.router.apply(routes([revision('r1', 100, app.port)]), 1);
    const before = rig.programPid();
    process.kill(before, 'SIGKILL');
    await until(async () => {
      const health = await rig.router.health();
      return rig.programPid() !== before && health.listening !== null;
    });
    await until(async () => (await get(rig.port).catch(() => null))?.status === 200);
    expect((await rig.router.observe('shop/production')).losses).toBeGreaterThan(0);
    await rig.router.apply(routes([], { maintenance: true }), 2);
    for (let index = 0; index < 10; index++) expect((await get(rig.port)).status).toBe(503);
  });

  test('what nginx cannot be told is refused before anything changes', async () => {
    await start();
    const app = await rig.app((_request, response) => response.end('ok'));
    await rig.router.apply(routes([revision('r1', 100, app.port)]), 1);
    const wrong = revision('r2', 100, app.port);
    wrong.endpoints = wrong.endpoints.map((one) => ({ ...one, host: 'evil; }' }));
    await expect(rig.router.apply(routes([wrong]), 2)).rejects.toMatchObject({
      code: 'traffic/configuration-refused',
      notes: ['the address of "r2-web-1" is not an IP address: evil; }'],
    });
    const { routes: kept, fence } = await rig.router.observe('shop/production');
    expect([kept?.revisions[0]?.id, fence]).toEqual(['r1', 1]);
    expect((await get(rig.port)).body).toBe('ok');
  });

  test('SIGTERM lets open requests finish', async () => {
    await start();
    let finish: (() => void) | undefined;
    const app = await rig.app((asked, response) => {
      if (asked.url === '/slow') finish = () => response.end('done');
      else response.end();
    });
    await rig.router.apply(routes([revision('r1', 100, app.port)]), 1);
    const nginx = rig.programPid();
    const answer = get(rig.port, { path: '/slow' });
    await until(() => finish !== undefined);
    const exited = once(rig.child, 'exit');
    rig.child.kill('SIGTERM');
    await until(
      async () =>
        (await get(rig.port).catch((error: NodeJS.ErrnoException) => error.code)) === 'ECONNREFUSED',
    );
    finish?.();
    expect((await answer).body).toBe('done');
    expect(await exited).toEqual([0, null]);
    expect(existsSync(`/proc/${nginx}`)).toBe(false);
  });

  test('TLS 1.3 with the certificates of a folder, renewed without a lost request', async () => {
    const folder = await temporary();
    const put = async (hosts: string[]) => {
      const { cert, key } = selfSigned(hosts);
      await writeFile(join(folder, 'new'), cert + key, { mode: 0o600 });
      await rename(join(folder, 'new'), join(folder, 'shop.pem'));
    };
    await put(['shop.example.com']);
    const tlsPort = await freePort();
    await start(['--listen-tls', `127.0.0.1:${tlsPort}`, '--certificates', folder]);
    const app = await rig.app((asked, response) => response.end(JSON.stringify(asked.headers)));
    await rig.router.apply(
      routes([revision('r1', 100, app.port)], {
        hosts: ['shop.example.com', 'other.example.com'],
        sticky: true,
      }),
      1,
    );
    const shake = async (servername: string, more: object = {}): Promise<TLSSocket | string> => {
      const socket = connect({
        host: '127.0.0.1',
        port: tlsPort,
        servername,
        rejectUnauthorized: false,
        ...more,
      });
      return once(socket, 'secureConnect').then(
        () => socket,
        (error) => String(error),
      );
    };
    const serial = async () => {
      const socket = await shake('shop.example.com');
      if (typeof socket === 'string') return socket;
      const { serialNumber } = socket.getPeerCertificate();
      socket.destroy();
      return serialNumber;
    };
    expect(typeof (await shake('other.example.com'))).toBe('string');
    expect(typeof (await shake('shop.example.com', { maxVersion: 'TLSv1.2' }))).toBe('string');
    const socket = (await shake('shop.example.com')) as TLSSocket;
    socket.setEncoding('utf8').write('GET / HTTP/1.1\r\nHost: shop.example.com\r\nConnection: close\r\n\r\n');
    let text = '';
    for await (const piece of socket) text += String(piece);
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expect(text).toContain('Strict-Transport-Security: max-age=31536000\r\n');
    expect(text).toContain('"x-forwarded-proto":"https"');
    const plain = (host: string, path: string) => get(rig.port, { path, headers: { host } });
    const sent = await plain('shop.example.com', '/a?b=c');
    expect([sent.status, sent.headers.location]).toEqual([308, `https://shop.example.com:${tlsPort}/a?b=c`]);
    // A session begins where it is counted.
    expect(sent.headers['set-cookie']).toBeUndefined();
    expect(text).toContain('Set-Cookie: slipway_session=');
    expect((await plain('shop.example.com', '/.well-known/acme-challenge/x')).status).toBe(200);
    expect((await plain('other.example.com', '/')).status).toBe(200);
    const before = await serial();
    await put(['shop.example.com']);
    await until(async () => (await serial()) !== before);
    await writeFile(join(folder, 'shop.pem'), 'broken');
    await until(async () => (await rig.router.health()).problems.length === 1);
    expect(await serial()).not.toContain('Error');
    // What no worker holds any more is removed after it has been let go.
    await until(async () => (await readdir(join(rig.folder, 'nginx', 'certificates'))).length === 1);
  });

  test("Slipway's part in the user's own configuration leaves the user's sites alone", async () => {
    const folder = await temporary();
    const part = join(folder, 'slipway');
    const own = join(folder, 'nginx.conf');
    const ownPort = await freePort();
    const write = (include: string) =>
      writeFile(
        own,
        `pid ${folder}/own.pid;\nerror_log ${folder}/error.log;\nevents {}\nhttp {\n  access_log off;\n  server { listen 127.0.0.1:${ownPort}; return 200 'own site'; }\n  ${include}\n}\n`,
      );
    await write(`include ${part}/*.conf;`);
    await start(['--own-config', own, '--folder', part]);
    const app = await rig.app((_request, response) => response.end('ours'));
    await rig.router.apply(routes([revision('r1', 100, app.port)], { hosts: ['shop.example.com'] }), 1);
    expect((await get(rig.port, { headers: { host: 'shop.example.com' } })).body).toBe('ours');
    expect((await get(ownPort)).body).toBe('own site');
    expect((await observed('r1'))?.requests).toBe(1);
    await rig.router.apply(
      routes([revision('r1', 50, app.port), revision('r2', 50, app.port)], { hosts: ['shop.example.com'] }),
      2,
    );
    for (let index = 0; index < 20; index++) await get(rig.port, { headers: { host: 'shop.example.com' } });
    const [lot] = (await rig.router.observe('shop/production')).lots ?? [];
    expect(lot?.weights).toEqual({ r1: 50, r2: 50 });
    expect(Object.values(lot?.drawn ?? {}).reduce((sum, { sessions }) => sum + sessions, 0)).toBe(20);
    await write('');
    await expect(
      rig.router.apply(routes([revision('r1', 100, app.port)], { hosts: ['shop2.example.com'] }), 3),
    ).rejects.toMatchObject({ code: 'traffic/configuration-refused' });
    const nginx = Number(readFileSync(join(folder, 'own.pid'), 'utf8'));
    const exited = once(rig.child, 'exit');
    rig.child.kill('SIGTERM');
    await exited;
    await until(() => !existsSync(`/proc/${nginx}`));
  });
});
