import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, request, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { Pin } from '../../src/delivery/index.ts';
import { selfSigned } from '../traffic/certificate.ts';
import { startLoad } from '../traffic/conformance/load.ts';
import { overTls } from '../traffic/over-tls.ts';
import { revisionApp } from '../traffic/revision-app.ts';
import { get, keepAliveAgent, revision, routes, startRig, until, type Rig } from '../traffic/rig.ts';
import { freePort } from '../rig/free-port.ts';
import { lacks } from './support/component.ts';

const haproxy = { name: 'haproxy', file: '/usr/sbin/haproxy', install: 'apt-get install haproxy' };

describe.skipIf(lacks(haproxy))(`HAProxy in particular (missing? ${haproxy.install})`, () => {
  let rig: Rig;
  let open: Rig | undefined;
  const folders: string[] = [];

  afterEach(async () => {
    await open?.close();
    open = undefined;
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
  });

  const app = (id: string) => revisionApp(rig, id);
  const pin = (name: string): Pin[] => [{ revision: 'r1', by: { kind: 'header', name, value: 'yes' } }];
  const state = () => rig.router.observe('shop/production');

  test('a connection that an old process still holds follows the routes of the new one', async () => {
    rig = open = await startRig([], 'haproxy');
    const [one, two] = [await app('r1'), await app('r2')];
    const both = (first: number, pins: Pin[]) =>
      routes([revision('r1', first, one.port), revision('r2', 100 - first, two.port)], { pins });
    await rig.router.apply(both(100, []), 1);
    const agent = keepAliveAgent();
    expect((await get(rig.port, { agent })).body).toBe('r1');
    // A header that no pin has looked at so far needs another process.
    await rig.router.apply(both(100, pin('X-New')), 2);
    await rig.router.apply(both(0, pin('X-New')), 3);
    expect((await get(rig.port, { agent })).body).toBe('r2');
    await until(async () => (await state()).revisions.find(({ id }) => id === 'r2')?.requests === 1);
    agent.destroy();
  });

  test('a session on a connection that an old process still holds stays at home, and its origin known', async () => {
    rig = open = await startRig(['--trust-proxy', '127.0.0.1'], 'haproxy');
    const tell = (id: string) =>
      rig.app((request, response) => {
        response.setHeader('x-revision', id);
        response.end(JSON.stringify(request.headers));
      });
    const [one, two] = [await tell('r1'), await tell('r2')];
    const both = (pins: Pin[]) =>
      routes([revision('r1', 50, one.port), revision('r2', 50, two.port)], { pins, sticky: true });
    await rig.router.apply(both([]), 1);
    const origin = { 'x-forwarded-for': '9.9.9.9', 'x-forwarded-proto': 'https' };
    const visitors = await Promise.all(
      Array.from({ length: 12 }, async () => {
        const agent = keepAliveAgent();
        const { headers, body } = await get(rig.port, { agent, headers: origin });
        const [cookie = ''] = String(headers['set-cookie']).split(';');
        return { agent, cookie, home: headers['x-revision'], seen: JSON.parse(body) as object };
      }),
    );
    await rig.router.apply(both(pin('X-New')), 2);
    for (const { agent, cookie, home, seen } of visitors) {
      const { headers, body } = await get(rig.port, { agent, headers: { ...origin, cookie } });
      expect([headers['x-revision'], headers['set-cookie']]).toEqual([home, undefined]);
      // The app is told as much of the client as before, and nothing of the cookie.
      expect(JSON.parse(body)).toEqual(seen);
      expect(seen).toMatchObject({ 'x-forwarded-for': '9.9.9.9, 127.0.0.1', 'x-forwarded-proto': 'https' });
      agent.destroy();
    }
  });

  test('what an old process still does goes on and is counted, also by an agent that came later', async () => {
    // That bounds what stopping waits for, and no old process.
    rig = open = await startRig(['--drain-timeout-ms', '10'], 'haproxy');
    const [one, two] = [await app('r1'), await app('r2')];
    const echo = new WebSocketServer({ server: one.server });
    echo.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
    await rig.router.apply(routes([revision('r1', 100, one.port)]), 1);
    const socket = new WebSocket(`ws://127.0.0.1:${rig.port}/`);
    await once(socket, 'open');
    await rig.router.apply(routes([revision('r2', 100, two.port)], { pins: pin('X-New') }), 2);
    const inFlight = async () => (await state()).revisions.find(({ id }) => id === 'r1')?.inFlight;
    expect(await inFlight()).toBe(1);
    process.kill((await rig.router.health()).pid, 'SIGKILL');
    await once(rig.child, 'exit');
    await rig.restart();
    expect(await inFlight()).toBe(1);
    socket.send('still here');
    const [data] = (await once(socket, 'message')) as [Buffer];
    expect(data.toString()).toBe('still here');
    socket.close();
    await until(async () => (await inFlight()) === undefined);
    echo.close();
  });

  test('an agent that is killed and comes back costs nobody a request', async () => {
    rig = open = await startRig([], 'haproxy');
    const one = await app('r1');
    await rig.router.apply(routes([revision('r1', 100, one.port)]), 1);
    const load = startLoad(rig.port, 4);
    await until(() => load.requests > 30);
    process.kill((await rig.router.health()).pid, 'SIGKILL');
    await once(rig.child, 'exit');
    const without = load.requests;
    await until(() => load.requests > without + 30);
    await rig.restart();
    const again = load.requests;
    await until(() => load.requests > again + 30);
    await load.stop();
    expect(load.failures).toEqual([]);
    expect((await state()).losses).toBeGreaterThan(0);
  });

  test('HAProxy that is killed comes back by itself with the same routes, and the loss is admitted', async () => {
    rig = open = await startRig([], 'haproxy');
    const one = await app('r1');
    await rig.router.apply(routes([revision('r1', 100, one.port)]), 1);
    expect((await state()).losses).toBe(0);
    const before = rig.programPid();
    process.kill(before, 'SIGKILL');
    await until(
      async () => (await get(rig.port).catch(() => null))?.body === 'r1' && rig.programPid() !== before,
    );
    await until(async () => ((await state().catch(() => null))?.losses ?? 0) > 0);
    await rig.router.apply(routes([revision('r1', 100, one.port)], { maintenance: true }), 2);
    expect((await get(rig.port)).status).toBe(503);
  });

  test('more revisions and copies than there is room for make room, and lose nothing', async () => {
    rig = open = await startRig([], 'haproxy');
    const one = await app('r1');
    await rig.router.apply(routes([revision('r1', 100, one.port)]), 1);
    const load = startLoad(rig.port, 4);
    await until(() => load.requests > 30);
    const others = await Promise.all(Array.from({ length: 9 }, () => app('copy')));
    const many = Array.from({ length: 18 }, (_, index) => revision(`x${index}`, 0, one.port));
    const copies = revision('copies', 50, ...others.map(({ port }) => port));
    await rig.router.apply(routes([revision('r1', 50, one.port), copies, ...many]), 2);
    const reached = load.requests;
    await until(() => load.requests > reached + 60);
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(load.revisions.get('copy')).toBeGreaterThan(0);
  });

  test('TLS 1.3 is spoken with HSTS, and plain requests for its hosts are sent there', async () => {
    const folder = await temporary();
    const { cert, key } = selfSigned(['shop.example.com']);
    await writeFile(join(folder, 'shop.pem'), cert + key, { mode: 0o600 });
    const tlsPort = await freePort();
    rig = open = await startRig(
      ['--listen-tls', `127.0.0.1:${tlsPort}`, '--certificates', folder],
      'haproxy',
    );
    const one = await rig.app((request, response) => response.end(JSON.stringify(request.headers)));
    const hosts = ['shop.example.com', 'plain.example.com'];
    await rig.router.apply(routes([revision('r1', 100, one.port)], { hosts }), 1);
    const secure = await overTls(tlsPort, {});
    expect(secure.headers['strict-transport-security']).toBe('max-age=31536000');
    expect(JSON.parse(secure.body)).toMatchObject({ 'x-forwarded-proto': 'https' });
    await expect(overTls(tlsPort, { maxVersion: 'TLSv1.2' })).rejects.toThrow(/protocol/i);
    const plain = await get(rig.port, { path: '/a?b', headers: { host: 'shop.example.com' } });
    expect([plain.status, plain.headers.location]).toEqual([308, `https://shop.example.com:${tlsPort}/a?b`]);
    const challenge = await get(rig.port, {
      path: '/.well-known/acme-challenge/x',
      headers: { host: 'shop.example.com' },
    });
    expect(challenge.status).toBe(200);
    expect((await get(rig.port, { headers: { host: 'plain.example.com' } })).status).toBe(200);
    const serial = (await overTls(tlsPort, {})).serial;
    const renewed = selfSigned(['shop.example.com'], 60);
    await writeFile(join(folder, 'shop.pem'), renewed.cert + renewed.key, { mode: 0o600 });
    await until(async () => (await overTls(tlsPort, {})).serial !== serial);
  });

  test('a configuration of the user goes on beside ours, and a wrong one is refused with its line', async () => {
    const folder = await temporary();
    const own = join(folder, 'own.cfg');
    const port = await freePort();
    const mine = `defaults mine\n  mode http\n  timeout client 5s\n  timeout server 5s\n  timeout connect 5s\nfrontend mine from mine\n  bind 127.0.0.1:${port}\n  http-request return status 200 content-type text/plain string mine\n`;
    await writeFile(own, mine);
    rig = open = await startRig(['--own-config', own], 'haproxy');
    const one = await app('r1');
    await rig.router.apply(routes([revision('r1', 100, one.port)]), 1);
    expect((await get(port)).body).toBe('mine');
    expect((await get(rig.port)).body).toBe('r1');
    await writeFile(own, `${mine}  bend 1\n`);
    await expect(rig.router.apply(routes([], { sticky: true }), 2)).rejects.toMatchObject({
      code: 'traffic/configuration-refused',
      message: expect.stringContaining('bend') as string,
    });
    expect((await get(rig.port)).body).toBe('r1');
    expect((await state()).fence).toBe(1);
  });

  test('a body too large is refused by its length; one in chunks has none that HAProxy knows', async () => {
    rig = open = await startRig(['--max-body-bytes', '100000'], 'haproxy');
    const one = await rig.app((request, response) => {
      let size = 0;
      request.on('data', (data: Buffer) => (size += data.length));
      request.on('end', () => response.end(String(size)));
    });
    await rig.router.apply(routes([revision('r1', 100, one.port)]), 1);
    const piece = 'x'.repeat(30_000);
    expect((await get(rig.port, { method: 'POST', body: piece.repeat(4) })).status).toBe(413);
    const chunked = request({ host: '127.0.0.1', port: rig.port, method: 'POST', agent: false });
    for (let pieces = 0; pieces < 4; pieces++) chunked.write(piece);
    chunked.end();
    const [answer] = (await once(chunked, 'response')) as [IncomingMessage];
    expect([answer.statusCode, (await answer.toArray()).join('')]).toEqual([200, '120000']);
  });

  test('a port that is taken is named', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    await expect(startRig(['--listen', `127.0.0.1:${port}`], 'haproxy')).rejects.toThrow(
      /traffic\/listen-failed/,
    );
    other.close();
  });

  test('when the state is damaged HAProxy goes on with what it has', async () => {
    rig = open = await startRig([], 'haproxy');
    const one = await app('r1');
    await rig.router.apply(routes([revision('r1', 100, one.port)]), 1);
    await rig.router.apply(routes([revision('r1', 100, one.port)], { sticky: true }), 2);
    process.kill((await rig.router.health()).pid, 'SIGKILL');
    await once(rig.child, 'exit');
    for (const file of [rig.stateFile, `${rig.stateFile}.previous`])
      await writeFile(file, (await readFile(file, 'utf8')).replace('shop', 'shpo'));
    await rig.restart();
    expect((await get(rig.port)).body).toBe('r1');
    const health = await rig.router.health();
    expect(health.status).toBe('degraded');
    expect(health.problems.join('\n')).toContain('the routes were lost');
    await rig.router.apply(routes([revision('r1', 100, one.port)], { maintenance: true }), 3);
    expect((await get(rig.port)).status).toBe(503);
    expect((await rig.router.health()).status).toBe('ok');
  });

  async function temporary(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'slipway-haproxy-'));
    folders.push(folder);
    return folder;
  }
});
