import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { dynamicSchema } from '../../src/traffic/traefik/dynamic-shape.ts';
import { selfSigned } from '../traffic/certificate.ts';
import { startLoad } from '../traffic/conformance/load.ts';
import { overTls } from '../traffic/over-tls.ts';
import { revisionApp } from '../traffic/revision-app.ts';
import { get, keepAliveAgent, revision, routes, startRig, until, type Rig } from '../traffic/rig.ts';
import { freePort } from '../rig/free-port.ts';
import { lacks, routerComponent } from './support/component.ts';

const traefik = routerComponent('traefik');

describe.skipIf(lacks(traefik))(`Traefik in particular (missing? ${traefik.install})`, () => {
  let rig: Rig;
  let open: Rig | undefined;
  const folders: string[] = [];

  afterEach(async () => {
    await open?.close();
    open = undefined;
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
  });

  const start = async (flags: string[] = []) => {
    rig = open = await startRig(flags, 'traefik');
  };
  const app = (id: string) => revisionApp(rig, id);
  const state = () => rig.router.observe('shop/production');
  const kill = async () => {
    process.kill((await rig.router.health()).pid, 'SIGKILL');
    await once(rig.child, 'exit');
  };

  test('an agent that is killed costs nobody a request, and the next one knows what is under way', async () => {
    await start();
    const one = await app('r1');
    const echo = new WebSocketServer({ server: one.server });
    echo.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
    await rig.router.apply(routes([revision('r1', 100, one.port)]), 1);
    const before = rig.programPid();
    const socket = new WebSocket(`ws://127.0.0.1:${rig.port}/`);
    await once(socket, 'open');
    const load = startLoad(rig.port, 4);
    await until(() => load.requests > 30);
    await kill();
    const without = load.requests;
    await until(() => load.requests > without + 30);
    await rig.restart();
    await load.stop();
    expect(load.failures).toEqual([]);
    expect([rig.programPid(), (await state()).losses > 0]).toEqual([before, true]);
    const two = await app('r2');
    await rig.router.apply(routes([revision('r2', 100, two.port)]), 2);
    const old = async () => (await state()).revisions.find(({ id }) => id === 'r1');
    await until(async () => (await old())?.inFlight === 1);
    // Where, it is told once nothing can be on its way any more.
    await until(async () => (await old())?.inFlightAt?.[`127.0.0.1:${one.port}`] === 1);
    socket.close();
    await until(async () => (await old()) === undefined);
    echo.close();
  });

  test('Traefik that is killed comes back by itself with the same routes, and the loss is admitted', async () => {
    await start();
    const one = await app('r1');
    await rig.router.apply(routes([revision('r1', 100, one.port)]), 1);
    expect((await state()).losses).toBe(0);
    const before = rig.programPid();
    process.kill(before, 'SIGKILL');
    await until(
      async () => (await get(rig.port).catch(() => null))?.body === 'r1' && rig.programPid() !== before,
    );
    await until(async () => ((await state().catch(() => null))?.losses ?? 0) > 0);
    await until(async () => (await rig.router.health()).status === 'ok');
    await rig.router.apply(routes([revision('r1', 100, one.port)], { maintenance: true }), 2);
    expect((await get(rig.port)).status).toBe(503);
  });

  test('while no agent runs, pages have their status, and come back with it', async () => {
    await start();
    await rig.router.apply(routes([], { maintenance: true }), 1);
    expect((await get(rig.port)).body).toContain('Down for maintenance');
    await kill();
    expect((await get(rig.port)).status).toBe(503);
    await rig.restart();
    expect((await get(rig.port)).body).toContain('Down for maintenance');
  });

  test('a log that was being turned over when the agent died is read to its end', async () => {
    await start();
    const one = await app('r1');
    await rig.router.apply(routes([revision('r1', 100, one.port)]), 1);
    const load = startLoad(rig.port, 4);
    await until(() => load.requests > 50);
    await kill();
    const log = join(rig.folder, 'traefik', 'access.log');
    await rename(log, `${log}.turned`);
    const without = load.requests;
    await until(() => load.requests > without + 50);
    await rig.restart();
    const reached = load.requests;
    await until(() => load.requests > reached + 50);
    await load.stop();
    expect(load.failures).toEqual([]);
    // Only if every line was read is nothing thought to be under way.
    await until(async () => (await state()).revisions[0]?.inFlight === 0);
    expect(existsSync(`${log}.turned`)).toBe(false);
    expect(existsSync(log)).toBe(true);
  });

  test('TLS 1.3 is spoken with HSTS, plain requests are sent there, and a renewal is taken', async () => {
    const folder = await temporary();
    const { cert, key } = selfSigned(['shop.example.com']);
    await writeFile(join(folder, 'shop.pem'), cert + key, { mode: 0o600 });
    const tlsPort = await freePort();
    await start(['--listen-tls', `127.0.0.1:${tlsPort}`, '--certificates', folder]);
    const one = await rig.app((request, response) => response.end(JSON.stringify(request.headers)));
    const hosts = ['shop.example.com', 'plain.example.com'];
    await rig.router.apply(routes([revision('r1', 100, one.port)], { hosts }), 1);
    const secure = await overTls(tlsPort, {});
    expect(secure.headers['strict-transport-security']).toBe('max-age=31536000');
    expect(JSON.parse(secure.body)).toMatchObject({ 'x-forwarded-proto': 'https' });
    await expect(overTls(tlsPort, { maxVersion: 'TLSv1.2' })).rejects.toThrow(/protocol/i);
    await expect(overTls(tlsPort, { servername: 'other.example.com' })).rejects.toThrow();
    const plain = await get(rig.port, { path: '/a?b', headers: { host: 'shop.example.com' } });
    expect(plain.status).toBe(301);
    expect(plain.headers.location).toBe(`https://shop.example.com:${tlsPort}/a?b`);
    const asked = { path: '/.well-known/acme-challenge/x', headers: { host: 'shop.example.com' } };
    expect((await get(rig.port, asked)).status).toBe(200);
    expect((await get(rig.port, { headers: { host: 'plain.example.com' } })).status).toBe(200);
    const serial = (await overTls(tlsPort, {})).serial;
    const renewed = selfSigned(['shop.example.com'], 60);
    await writeFile(join(folder, 'shop.pem'), renewed.cert + renewed.key, { mode: 0o600 });
    await until(async () => (await overTls(tlsPort, {})).serial !== serial);
  });

  test('a port that is taken is named', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    await expect(startRig(['--listen', `127.0.0.1:${port}`], 'traefik')).rejects.toThrow(
      /traffic\/listen-failed/,
    );
    other.close();
  });

  test('everything that routes can ask for is taken by Traefik, has its shape, and is served', async () => {
    await start(['--trust-proxy', '10.0.0.0/8', '--acme-thumbprint', 'a'.repeat(43)]);
    const [one, two] = [await app('r1'), await app('r2')];
    const both = [revision('r1', 50, one.port, two.port), revision('r2', 50, two.port)];
    await rig.router.apply(
      routes(both, {
        hosts: ['shop.example.com', 'a_b.example.com', '*'],
        sticky: true,
        rateLimit: { perMinute: 1_000_000, burst: 0 },
        pins: [
          { revision: 'r2', by: { kind: 'header', name: 'X_Odd-Name', value: 'a.b/c+d=e@f~g:h' } },
          { revision: 'r2', by: { kind: 'cookie', name: 'odd-name_', value: 'a.b/c+d=e@f~g:h' } },
          { revision: 'r2', by: { kind: 'host', host: 'next.example.com' } },
        ],
      }),
      1,
    );
    const written = readFileSync(join(rig.folder, 'traefik', 'routes', 'slipway.yml'), 'utf8');
    expect(dynamicSchema.safeParse(JSON.parse(written)).error).toBeUndefined();
    const where = async (headers: Record<string, string>) =>
      (await get(rig.port, { headers })).headers['x-revision'];
    expect(await where({ x_odd_name: 'no', 'X_Odd-Name': 'a.b/c+d=e@f~g:h' })).toBe('r2');
    expect(await where({ cookie: 'odd-name_=a.b/c+d=e@f~g:h' })).toBe('r2');
    expect(await where({ host: 'NEXT.example.com' })).toBe('r2');
    expect((await get(rig.port, { headers: { host: 'a_b.example.com' } })).status).toBe(200);
    const challenge = await get(rig.port, { path: '/.well-known/acme-challenge/t' });
    expect(challenge.body).toBe(`t.${'a'.repeat(43)}`);
  });

  test('when the state is damaged Traefik goes on with what it has', async () => {
    await start();
    const one = await app('r1');
    await rig.router.apply(routes([revision('r1', 100, one.port)]), 1);
    await rig.router.apply(routes([revision('r1', 100, one.port)], { sticky: true }), 2);
    await kill();
    for (const file of [rig.stateFile, `${rig.stateFile}.previous`])
      await writeFile(file, readFileSync(file, 'utf8').replace('shop', 'shpo'));
    await rig.restart();
    expect((await get(rig.port)).body).toBe('r1');
    const health = await rig.router.health();
    expect([health.status, health.problems.join('\n')]).toEqual([
      'degraded',
      expect.stringContaining('the routes were lost'),
    ]);
    await rig.router.apply(routes([revision('r1', 100, one.port)], { maintenance: true }), 3);
    expect((await get(rig.port)).status).toBe(503);
    expect((await rig.router.health()).status).toBe('ok');
  });

  test('SIGTERM lets open requests finish, and a kept connection costs none', async () => {
    await start();
    let finish: (() => void) | undefined;
    const one = await rig.app((asked, response) => {
      if (asked.url === '/slow') finish = () => response.end('done');
      else response.end();
    });
    await rig.router.apply(routes([revision('r1', 100, one.port)]), 1);
    const agent = keepAliveAgent();
    expect((await get(rig.port, { agent })).status).toBe(200);
    const answer = get(rig.port, { path: '/slow' });
    await until(() => finish !== undefined);
    const exited = once(rig.child, 'exit');
    rig.child.kill('SIGTERM');
    await until(() => isRefused(rig.port));
    finish?.();
    expect((await answer).body).toBe('done');
    expect(await exited).toEqual([0, null]);
    agent.destroy();
  });

  test("in the user's own Traefik ours is a part, which goes on with it and leaves it running", async () => {
    const folder = await temporary();
    const [port, mine] = [await freePort(), await freePort()];
    const flags = ['--listen', `127.0.0.1:${port}`, '--folder', folder, '--own-config'];
    const own = join(folder, 'own.yml');
    const theirs = {
      entryPoints: { mine: { address: `127.0.0.1:${mine}` } },
      accessLog: { filePath: join(folder, 'access.log') },
      ping: { entryPoint: 'mine' },
    };
    await writeFile(own, JSON.stringify(theirs));
    const begin = () => {
      const started = spawn(traefik.file, [`--configFile=${own}`], { stdio: 'ignore' });
      return until(async () => (await get(mine, { path: '/ping' }).catch(() => null))?.status === 200).then(
        () => started,
      );
    };
    let user = await begin();
    const refusal = await startRig([...flags, own], 'traefik').catch(String);
    expect(refusal).toContain('these must stand in');
    const lines = requiredIn(refusal as string);
    expect(Object.keys(lines)).toEqual(['accessLog', 'entryPoints', 'providers']);
    const entryPoints = { ...theirs.entryPoints, ...(lines['entryPoints'] as object) };
    await writeFile(own, JSON.stringify({ ...theirs, ...lines, entryPoints }));
    user.kill('SIGKILL');
    await once(user, 'exit');
    user = await begin();
    try {
      rig = open = await startRig([...flags, own], 'traefik');
      const [one, two] = [await app('r1'), await app('r2')];
      await rig.router.apply(routes([revision('r1', 100, one.port)]), 1);
      expect((await get(port)).body).toBe('r1');
      await rig.router.apply(routes([revision('r1', 0, one.port), revision('r2', 100, two.port)]), 2);
      expect((await get(port)).body).toBe('r2');
      await until(async () => (await state()).revisions.find(({ id }) => id === 'r2')?.requests === 1);
      await until(async () => (await state()).revisions.every(({ inFlight }) => inFlight === 0));
      const exited = once(rig.child, 'exit');
      rig.child.kill('SIGTERM');
      expect(await exited).toEqual([0, null]);
      expect((await get(port)).body).toBe('r2');
      expect((await get(mine, { path: '/ping' })).status).toBe(200);
    } finally {
      user.kill('SIGKILL');
    }
  });

  async function temporary(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'slipway-traefik-'));
    folders.push(folder);
    return folder;
  }
});

/** The lines that a refusal names, out of the agent's log. */
function requiredIn(text: string): Record<string, unknown> {
  const refusal = text.split('\n').find((line) => line.includes('"start-failed"')) ?? '{}';
  const { notes = [] } = JSON.parse(refusal) as { notes?: string[] };
  return Object.fromEntries(
    notes.map((line) => [line.slice(0, line.indexOf(':')), JSON.parse(line.slice(line.indexOf(':') + 1))]),
  );
}

function isRefused(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(false));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
    socket.on('connect', () => socket.destroy());
  });
}
