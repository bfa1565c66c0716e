import { once } from 'node:events';
import { request, type Agent } from 'node:http';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { get, keepAliveAgent, raw, revision, routes, startRig, until, type Rig } from './rig.ts';

let rig: Rig;
afterEach(() => rig.close());

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
        load.failures.push(String(error));
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

describe('switching revisions', () => {
  test('20 switches under load lose nothing, though each old app is killed once it is drained', async () => {
    rig = await startRig();
    const start = () => rig.app((_request, response) => setTimeout(() => response.end('ok'), 2));
    let old = await start();
    let fence = 1;
    await rig.router.apply(routes([revision('r0', 100, old.port)]), fence);
    const load = startLoad(rig.port);
    for (let turn = 1; turn <= 20; turn++) {
      const next = await start();
      const before = turn - 1;
      await rig.router.apply(
        routes([revision(`r${before}`, 0, old.port), revision(`r${turn}`, 100, next.port)]),
        ++fence,
      );
      await until(async () => {
        const { revisions } = await rig.router.observe('shop/production');
        return revisions.find(({ id }) => id === `r${before}`)?.inFlight === 0;
      });
      old.server.closeAllConnections();
      old.server.close();
      await rig.router.apply(routes([revision(`r${turn}`, 100, next.port)]), ++fence);
      old = next;
    }
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(load.requests).toBeGreaterThan(100);
  });

  test('a request of a revision that left the routes goes on to its end, and is counted until then', async () => {
    rig = await startRig();
    let finish: (() => void) | undefined;
    const slow = await rig.app((_request, response) => {
      response.write('first ');
      finish = () => response.end('last');
    });
    const other = await rig.app((_request, response) => response.end('other'));
    await rig.router.apply(routes([revision('r1', 100, slow.port)]), 1);
    const answer = get(rig.port);
    await until(() => finish !== undefined);
    await rig.router.apply(routes([revision('r2', 100, other.port)]), 2);
    const during = await rig.router.observe('shop/production');
    expect(during.revisions.map(({ id, weightPercent, inFlight }) => [id, weightPercent, inFlight])).toEqual([
      ['r2', 100, 0],
      ['r1', 0, 1],
    ]);
    expect((await get(rig.port)).body).toBe('other');
    finish?.();
    expect((await answer).body).toBe('first last');
    await until(async () => (await rig.router.observe('shop/production')).revisions.length === 1);
  });
});

describe('replacing the router itself', () => {
  test('two upgrades under load lose no request and no count', async () => {
    rig = await startRig();
    const app = await rig.app((_request, response) => setTimeout(() => response.end('ok'), 2));
    await rig.router.apply(routes([revision('r1', 100, app.port)]), 1);
    const { epoch, pid } = await rig.router.health();
    const load = startLoad(rig.port);
    const exited = once(rig.child, 'exit');
    await until(() => load.requests > 50);
    const first = await rig.router.upgrade();
    await until(() => load.requests > 200);
    const second = await rig.router.upgrade();
    const upgradedAt = load.requests;
    await until(() => load.requests > upgradedAt + 200);
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(await exited).toEqual([0, null]);
    const health = await rig.router.health();
    expect(new Set([pid, first.pid, second.pid]).size).toBe(3);
    expect(health.pid).toBe(second.pid);
    await until(async () => (await rig.router.health()).predecessors === 0);
    const state = await rig.router.observe('shop/production');
    expect([state.epoch, state.losses, state.fence]).toEqual([epoch, 0, 1]);
    expect(state.revisions[0]).toMatchObject({ requests: load.requests, inFlight: 0, errors: 0 });
    expect(state.revisions[0]?.latency.at(-1)?.count).toBe(load.requests);
  });

  test('open connections stay with the old process, counted, and follow new weights', async () => {
    rig = await startRig();
    const apps = await Promise.all(
      ['r1', 'r2'].map((id) => rig.app((_request, response) => response.end(id))),
    );
    const echo = new WebSocketServer({ server: apps[0]?.server });
    echo.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
    const both = (first: number) =>
      routes([revision('r1', first, apps[0]?.port ?? 0), revision('r2', 100 - first, apps[1]?.port ?? 0)]);
    await rig.router.apply(both(100), 1);
    const socket = new WebSocket(`ws://127.0.0.1:${rig.port}/`);
    await once(socket, 'open');
    const agent = keepAliveAgent();
    expect((await get(rig.port, { agent })).body).toBe('r1');
    await rig.router.upgrade();
    await rig.router.apply(both(0), 2);
    const kept = await get(rig.port, { agent });
    expect([kept.body, kept.headers.connection]).toEqual(['r2', 'close']);
    const { revisions } = await rig.router.observe('shop/production');
    expect(revisions.map(({ id, inFlight }) => [id, inFlight])).toEqual([
      ['r1', 1],
      ['r2', 0],
    ]);
    socket.send('still here');
    const [data] = (await once(socket, 'message')) as [Buffer];
    expect(data.toString()).toBe('still here');
    const exited = once(rig.child, 'exit');
    socket.close();
    expect(await exited).toEqual([0, null]);
    agent.destroy();
    await until(async () => (await rig.router.health()).predecessors === 0);
    expect((await rig.router.observe('shop/production')).losses).toBe(0);
  });

  test('a session that drew before, and fails in the old process after, counts once both have told', async () => {
    rig = await startRig();
    const held: (() => void)[] = [];
    const apps = await Promise.all(
      ['r1', 'r2'].map((id) =>
        rig.app((request, response) => {
          response.setHeader('x-revision', id);
          response.statusCode = request.url === '/' ? 200 : 500;
          if (request.url === '/held') held.push(() => response.end());
          else response.end();
        }),
      ),
    );
    const shares = apps.map(({ port }, index) => revision(`r${index + 1}`, 50, port));
    await rig.router.apply(routes(shares), 1);
    const { headers } = await get(rig.port);
    const cookie = String(headers['set-cookie']).split(';')[0] ?? '';
    const answers = [get(rig.port, { path: '/held', headers: { cookie } }), get(rig.port, { path: '/held' })];
    await until(() => held.length === 2);
    await rig.router.upgrade();
    const told = async () => {
      const [lot] = (await rig.router.observe('shop/production')).lots ?? [];
      const counts = Object.values(lot?.drawn ?? {});
      return [
        counts.reduce((sum, { sessions }) => sum + sessions, 0),
        counts.reduce((sum, { failed }) => sum + failed, 0),
      ];
    };
    expect(await told()).toEqual([2, 0]);
    await get(rig.port, { path: '/bad', headers: { cookie } });
    expect(await told()).toEqual([2, 1]);
    for (const finish of held) finish();
    await Promise.all(answers);
    await until(async () => (await rig.router.health()).predecessors === 0);
    expect(await told()).toEqual([2, 2]);
  });

  test('a successor that does not come up changes nothing', async () => {
    rig = await startRig();
    const app = await rig.app((_request, response) => response.end('ok'));
    await rig.router.apply(routes([revision('r1', 100, app.port)]), 1);
    await expect(rig.router.upgrade([process.execPath, '--version'])).rejects.toMatchObject({
      code: 'traffic/upgrade-failed',
      message: expect.stringMatching(
        /^the new router did not take over: it ended with exit code \d+$/,
      ) as string,
    });
    expect((await get(rig.port)).status).toBe(200);
    await rig.router.apply(routes([revision('r1', 100, app.port)]), 2);
    expect((await rig.router.observe('shop/production')).losses).toBe(0);
  });

  test('SIGTERM finishes what is open', async () => {
    rig = await startRig();
    let finish: (() => void) | undefined;
    const app = await rig.app((_request, response) => (finish = () => response.end('done')));
    await rig.router.apply(routes([revision('r1', 100, app.port)]), 1);
    const answer = get(rig.port);
    await until(() => finish !== undefined);
    const exited = once(rig.child, 'exit');
    rig.child.kill('SIGTERM');
    await until(() => rig.log().includes('"leaving"'));
    await expect(get(rig.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    finish?.();
    expect((await answer).body).toBe('done');
    expect(await exited).toEqual([0, null]);
    await expect(rig.router.health()).rejects.toMatchObject({ code: 'traffic/unreachable' });
  });
});

describe('restarts', () => {
  test('routes and fences survive a crash, which is admitted', async () => {
    rig = await startRig();
    const app = await rig.app((_request, response) => response.end('ok'));
    await rig.router.apply(routes([revision('r1', 100, app.port)]), 7);
    const { epoch } = await rig.router.health();
    const exited = once(rig.child, 'exit');
    rig.child.kill('SIGKILL');
    await exited;
    await rig.restart();
    expect((await get(rig.port)).body).toBe('ok');
    const state = await rig.router.observe('shop/production');
    expect([state.losses > 0, state.fence, state.epoch === epoch]).toEqual([true, 7, false]);
    await expect(rig.router.apply(routes([]), 6)).rejects.toMatchObject({ code: 'traffic/stale-fence' });
  });

  test('a second router for the same place ends, and takes nothing with it', async () => {
    rig = await startRig();
    const { pid } = await rig.router.health();
    await expect(rig.restart()).rejects.toThrow('the router ended');
    expect(rig.log()).toContain('traffic/listen-failed');
    expect((await rig.router.health()).pid).toBe(pid);
    const sockets = (await readdir(rig.folder)).filter((name) => name.startsWith('control'));
    expect(sockets.sort()).toEqual(['control', `control.${pid}`]);
  });

  test('a clean stop loses nothing', async () => {
    rig = await startRig();
    const exited = once(rig.child, 'exit');
    rig.child.kill('SIGTERM');
    await exited;
    await rig.restart();
    expect((await rig.router.health()).losses).toBe(0);
  });

  test('a damaged state file means the routes before, and says so', async () => {
    rig = await startRig();
    const app = await rig.app((_request, response) => response.end('ok'));
    await rig.router.apply(routes([revision('r1', 100, app.port)]), 1);
    await rig.router.apply(routes([revision('r1', 100, app.port)], { sticky: true }), 2);
    await stopAndDamage([rig.stateFile]);
    expect((await get(rig.port)).body).toBe('ok');
    const health = await rig.router.health();
    expect([health.status, health.problems]).toEqual([
      'degraded',
      [`${rig.stateFile} is damaged: checksum does not match`],
    ]);
    await rig.router.apply(routes([revision('r1', 100, app.port)]), 3);
    expect((await rig.router.health()).status).toBe('ok');
  });

  test('when both copies are damaged visitors are told to wait, not that nothing is there', async () => {
    rig = await startRig();
    await rig.router.apply(routes([]), 1);
    await rig.router.apply(routes([], { sticky: true }), 2);
    await stopAndDamage([rig.stateFile, `${rig.stateFile}.previous`]);
    expect((await get(rig.port)).status).toBe(503);
    expect((await rig.router.health()).problems).toHaveLength(2);
  });

  async function stopAndDamage(files: string[]) {
    const exited = once(rig.child, 'exit');
    rig.child.kill('SIGKILL');
    await exited;
    for (const file of files) await writeFile(file, (await readFile(file, 'utf8')).replace('shop', 'shpo'));
    await rig.restart();
  }
});

describe('limits of time', () => {
  test('a connection that a drain cannot wait for is ended after the limit', async () => {
    rig = await startRig(['--drain-timeout-ms', '300']);
    const app = await rig.app((_request, response) => void response.write('never ends'));
    await rig.router.apply(routes([revision('r1', 100, app.port)]), 1);
    const outgoing = request({ host: '127.0.0.1', port: rig.port, agent: false });
    outgoing.on('error', () => {});
    outgoing.end();
    await once(outgoing, 'response');
    const exited = once(rig.child, 'exit');
    rig.child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  });

  test('the control socket is for its owner alone', async () => {
    rig = await startRig();
    expect((await stat(rig.control)).mode & 0o777).toBe(0o600);
    expect(await raw(rig.port, 'GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 404 /,
    );
  });
});
