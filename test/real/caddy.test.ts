import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { createServer } from 'node:http';
import { connect, type IncomingHttpHeaders } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { selfSigned } from '../traffic/certificate.ts';
import { startLoad } from '../traffic/conformance/load.ts';
import { overTls } from '../traffic/over-tls.ts';
import { revisionApp } from '../traffic/revision-app.ts';
import { get, keepAliveAgent, revision, routes, startRig, until, type Rig } from '../traffic/rig.ts';
import { freePort } from '../rig/free-port.ts';
import { lacks, routerComponent } from './support/component.ts';

const caddy = routerComponent('caddy');
const run = promisify(execFile);

describe.skipIf(lacks(caddy))(`Caddy in particular (missing? ${caddy.install})`, () => {
  let rig: Rig;
  let open: Rig | undefined;
  const folders: string[] = [];
  const children: ChildProcess[] = [];
  const pids: number[] = [];

  afterEach(async () => {
    await open?.close();
    open = undefined;
    for (const pid of pids.splice(0)) process.kill(pid, 'SIGKILL');
    for (const child of children.splice(0)) child.kill('SIGKILL');
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
  });

  const app = (id: string) => revisionApp(rig, id);
  const state = () => rig.router.observe('shop/production');
  const file = (name: string) => join(rig.folder, 'caddy', name);
  const pidOf = (name: 'front' | 'caddy') =>
    (JSON.parse(readFileSync(file(`${name}.process`), 'utf8')) as { pid: number }).pid;

  test('a connection that is idle for long is never closed by a change of routes, and a WebSocket lives on', async () => {
    rig = open = await startRig([], 'caddy');
    const [one, two] = [await app('r1'), await app('r2')];
    const echo = new WebSocketServer({ server: one.server });
    echo.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
    await rig.router.apply(routes([revision('r1', 100, one.port)]), 1);
    const agent = keepAliveAgent();
    expect((await get(rig.port, { agent })).body).toBe('r1');
    const closed: string[] = [];
    for (const sockets of Object.values(agent.freeSockets))
      for (const socket of sockets ?? []) socket.on('close', () => closed.push('closed'));
    const socket = new WebSocket(`ws://127.0.0.1:${rig.port}/`);
    await once(socket, 'open');
    for (let turn = 0; turn < 3; turn++)
      await rig.router.apply(
        routes([revision('r1', 0, one.port), revision('r2', 100, two.port)], {
          hosts: ['*', `h${turn}.test`],
        }),
        2 + turn,
      );
    expect(closed).toEqual([]);
    expect((await get(rig.port, { agent })).body).toBe('r2');
    expect((await state()).revisions.find(({ id }) => id === 'r1')).toMatchObject({
      inFlight: 1,
      inFlightAt: { [`127.0.0.1:${one.port}`]: 1 },
    });
    socket.send('still here');
    const [data] = (await once(socket, 'message')) as [Buffer];
    expect(data.toString()).toBe('still here');
    socket.close();
    agent.destroy();
    echo.close();
  });

  test('an agent that is killed costs nobody a request, and the next one joins what runs', async () => {
    rig = open = await startRig([], 'caddy');
    const [one, two] = [await app('r1'), await app('r2')];
    const echo = new WebSocketServer({ server: one.server });
    await rig.router.apply(routes([revision('r1', 100, one.port)]), 1);
    const socket = new WebSocket(`ws://127.0.0.1:${rig.port}/`);
    await once(socket, 'open');
    await rig.router.apply(routes([revision('r2', 100, two.port)]), 2);
    const load = startLoad(rig.port, 4);
    await until(() => load.requests > 30);
    const programs = [pidOf('front'), pidOf('caddy')];
    process.kill((await rig.router.health()).pid, 'SIGKILL');
    await once(rig.child, 'exit');
    const without = load.requests;
    await until(() => load.requests > without + 30);
    await rig.restart();
    const again = load.requests;
    await until(() => load.requests > again + 30);
    await load.stop();
    expect(load.failures).toEqual([]);
    expect([pidOf('front'), pidOf('caddy')]).toEqual(programs);
    const seen = await state();
    expect(seen.losses).toBeGreaterThan(0);
    // What left before this agent came is still known.
    expect(seen.revisions.find(({ id }) => id === 'r1')?.inFlight).toBe(1);
    socket.close();
    echo.close();
  });

  test('a back that is killed comes back with the same routes, and requests wait for it', async () => {
    rig = open = await startRig([], 'caddy');
    const one = await app('r1');
    await rig.router.apply(routes([revision('r1', 100, one.port)]), 1);
    expect((await state()).losses).toBe(0);
    const before = pidOf('caddy');
    process.kill(before, 'SIGKILL');
    expect((await get(rig.port)).status).toBeOneOf([200, 502]);
    await until(async () => (await get(rig.port)).body === 'r1' && pidOf('caddy') !== before);
    await until(async () => ((await state().catch(() => null))?.losses ?? 0) > 0);
    await rig.router.apply(routes([revision('r1', 100, one.port)], { maintenance: true }), 2);
    expect((await get(rig.port)).status).toBe(503);
  });

  test('a front that is killed comes back by itself', async () => {
    rig = open = await startRig([], 'caddy');
    const one = await app('r1');
    await rig.router.apply(routes([revision('r1', 100, one.port)]), 1);
    const before = pidOf('front');
    process.kill(before, 'SIGKILL');
    await until(
      async () => (await get(rig.port).catch(() => null))?.body === 'r1' && pidOf('front') !== before,
    );
    await until(async () => ((await state().catch(() => null))?.losses ?? 0) > 0);
  });

  test('TLS 1.3 is spoken with HSTS over HTTP/1 and 2, plain requests are sent there, and a renewal is taken', async () => {
    const folder = await temporary();
    const { cert, key } = selfSigned(['shop.example.com']);
    await writeFile(join(folder, 'shop.pem'), cert + key, { mode: 0o600 });
    const tlsPort = await freePort();
    rig = open = await startRig(['--listen-tls', `127.0.0.1:${tlsPort}`, '--certificates', folder], 'caddy');
    const one = await rig.app((request, response) => response.end(JSON.stringify(request.headers)));
    const hosts = ['shop.example.com', 'plain.example.com'];
    await rig.router.apply(routes([revision('r1', 100, one.port)], { hosts }), 1);
    const secure = await overTls(tlsPort, {});
    expect(secure.headers['strict-transport-security']).toBe('max-age=31536000');
    expect(JSON.parse(secure.body)).toMatchObject({ 'x-forwarded-proto': 'https' });
    await expect(overTls(tlsPort, { maxVersion: 'TLSv1.2' })).rejects.toThrow(/protocol/i);
    const second = await overHttp2(tlsPort);
    expect([second[':status'], second['strict-transport-security']]).toEqual([200, 'max-age=31536000']);
    const plain = await get(rig.port, { path: '/a?b', headers: { host: 'shop.example.com' } });
    expect([plain.status, plain.headers.location]).toEqual([308, `https://shop.example.com:${tlsPort}/a?b`]);
    const challenge = await get(rig.port, {
      path: '/.well-known/acme-challenge/x',
      headers: { host: 'shop.example.com' },
    });
    expect(challenge.status).toBe(200);
    expect((await get(rig.port, { headers: { host: 'plain.example.com' } })).status).toBe(200);
    const renewed = selfSigned(['shop.example.com'], 60);
    await writeFile(join(folder, 'shop.pem'), renewed.cert + renewed.key, { mode: 0o600 });
    await until(async () => (await overTls(tlsPort, {})).serial !== secure.serial);
    await until(async () => (await rig.router.health()).problems.length === 0);
  });

  test("an authority's question is answered for every host", async () => {
    const thumbprint = 't'.repeat(43);
    rig = open = await startRig(['--acme-thumbprint', thumbprint], 'caddy');
    const answer = await get(rig.port, {
      path: '/.well-known/acme-challenge/token-1',
      headers: { host: 'new.test' },
    });
    expect([answer.status, answer.body]).toEqual([200, `token-1.${thumbprint}`]);
  });

  test('a body that is too large is refused and charged to nobody, and an app with it is not asked', async () => {
    rig = open = await startRig(['--max-body-bytes', '1000'], 'caddy');
    const one = await app('r1');
    await rig.router.apply(routes([revision('r1', 100, one.port)]), 1);
    expect((await get(rig.port, { method: 'POST', body: 'x'.repeat(900) })).body).toBe('900');
    expect((await get(rig.port, { method: 'POST', body: 'x'.repeat(5_000) })).status).toBe(413);
    await until(async () => (await state()).revisions[0]?.requests === 2);
    expect((await state()).revisions[0]).toMatchObject({ errors: 0, gatewayErrors: 0 });
  });

  test('both configurations are what Caddy itself calls valid, and tell nobody of paths and cookies', async () => {
    rig = open = await startRig([], 'caddy');
    const one = await app('r1');
    await rig.router.apply(routes([revision('r1', 100, one.port)], { sticky: true }), 1);
    await get(rig.port, { path: '/secret-path', headers: { cookie: 'secret=cookie' } });
    for (const name of ['front.json', 'caddy.json'])
      await run(caddy.file, ['validate', '--config', file(name)], { env: { HOME: rig.folder } });
    const lines = await readFile(file('requests.log'), 'utf8');
    expect(lines).toContain('"slipway"');
    expect(lines).not.toContain('secret');
  });

  test('a line of the request log that is not whole is a loss that is admitted', async () => {
    rig = open = await startRig([], 'caddy');
    const one = await app('r1');
    await rig.router.apply(routes([revision('r1', 100, one.port)]), 1);
    await get(rig.port);
    await until(async () => (await state()).revisions[0]?.requests === 1);
    expect((await state()).losses).toBe(0);
    // As a full disk leaves it, once there is room again.
    await writeFile(file('requests.log'), '{"level":"info","ts":17', { flag: 'a' });
    await get(rig.port);
    await until(async () => (await state()).losses > 0);
  });

  test('a request log that was cut off is read from its beginning, and the loss is admitted', async () => {
    rig = open = await startRig([], 'caddy');
    const one = await app('r1');
    await rig.router.apply(routes([revision('r1', 100, one.port)]), 1);
    await get(rig.port);
    await until(async () => (await state()).revisions[0]?.requests === 1);
    await truncate(file('requests.log'), 0);
    await until(async () => (await state()).losses > 0);
    await get(rig.port);
    await until(async () => (await state()).revisions[0]?.requests === 2);
  });

  test('a Caddy of the user in front leads to ours, and one that does not is refused with the line it lacks', async () => {
    const folder = await temporary();
    const own = join(folder, 'Caddyfile');
    await writeFile(own, `:${await freePort()} {\n  respond mine\n}\n`);
    await expect(startRig(['--own-config', own], 'caddy')).rejects.toThrow(
      /does not lead to Slipway: put .{2}reverse_proxy unix\/\S+\/newest/,
    );
    const port = await freePort();
    const ours = join(folder, 'ours');
    await writeFile(
      own,
      `{\n  admin off\n  auto_https off\n}\nhttp://127.0.0.1:${port} {\n  handle /mine {\n    respond mine\n  }\n  handle {\n    reverse_proxy unix/${ours}/newest\n  }\n}\n`,
    );
    rig = open = await startRig(['--own-config', own, '--folder', ours], 'caddy');
    pids.push((JSON.parse(readFileSync(join(ours, 'caddy.process'), 'utf8')) as { pid: number }).pid);
    const one = await rig.app((request, response) => response.end(JSON.stringify(request.headers)));
    await rig.router.apply(routes([revision('r1', 100, one.port)]), 1);
    children.push(
      spawn(caddy.file, ['run', '--config', own], {
        stdio: 'ignore',
        env: { HOME: folder, PATH: '/usr/bin' },
      }),
    );
    await until(async () => (await get(port).catch(() => null)) !== null);
    expect((await get(port, { path: '/mine' })).body).toBe('mine');
    expect(JSON.parse((await get(port, { headers: { 'x-forwarded-for': '1.2.3.4' } })).body)).toMatchObject({
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
    });
    await until(async () => (await state()).revisions[0]?.requests === 2);
    expect(existsSync(join(ours, 'front.process'))).toBe(false);
  });

  test('a Caddy that is too old and a port that is taken are named', async () => {
    const folder = await temporary();
    const old = join(folder, 'caddy');
    await writeFile(old, '#!/bin/sh\necho v2.6.2\n', { mode: 0o755 });
    await expect(startRig(['--program', old], 'caddy')).rejects.toThrow(/traffic\/program-too-old/);
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    await expect(startRig(['--listen', `127.0.0.1:${port}`], 'caddy')).rejects.toThrow(
      /traffic\/listen-failed/,
    );
    other.close();
  });

  test('when the state is damaged Caddy goes on with what it has', async () => {
    rig = open = await startRig([], 'caddy');
    const one = await app('r1');
    await rig.router.apply(routes([revision('r1', 100, one.port)]), 1);
    await rig.router.apply(routes([revision('r1', 100, one.port)], { sticky: true }), 2);
    process.kill((await rig.router.health()).pid, 'SIGKILL');
    await once(rig.child, 'exit');
    for (const one of [rig.stateFile, `${rig.stateFile}.previous`])
      await writeFile(one, (await readFile(one, 'utf8')).replace('shop', 'shpo'));
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
    const folder = await mkdtemp(join(tmpdir(), 'slipway-caddy-'));
    folders.push(folder);
    return folder;
  }
});

async function overHttp2(port: number): Promise<IncomingHttpHeaders> {
  const options = { rejectUnauthorized: false, servername: 'shop.example.com' };
  const session = connect(`https://127.0.0.1:${port}`, options);
  const stream = session.request({ ':authority': 'shop.example.com' });
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  stream.resume();
  await once(stream, 'end');
  session.close();
  return headers;
}
