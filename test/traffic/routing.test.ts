import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Routes } from '../../src/delivery/index.ts';
import { get, revision, routes, startRig, type App, type Rig } from './rig.ts';

let rig: Rig;
let apps: App[];
let fence = 0;

beforeAll(async () => {
  rig = await startRig();
  apps = await Promise.all(
    ['r1', 'r2', 'r3'].map((id) =>
      rig.app((request, response) => {
        response.setHeader('x-revision', id);
        response.end(JSON.stringify(request.headers));
      }),
    ),
  );
});

afterAll(() => rig.close());

const port = (index: number) => apps[index]?.port ?? 0;

async function apply(...parts: Parameters<typeof routes>) {
  await rig.router.apply(routes(...parts), ++fence);
}

describe('shares', () => {
  test('each new session draws its revision, 10/30/60, and every one is counted', async () => {
    await apply([revision('r1', 10, port(0)), revision('r2', 30, port(1)), revision('r3', 60, port(2))]);
    const seen: Record<string, number> = {};
    for (let index = 0; index < 400; index++) {
      const id = String((await get(rig.port)).headers['x-revision']);
      seen[id] = (seen[id] ?? 0) + 1;
    }
    const expected = { r1: 40, r2: 120, r3: 240 };
    for (const [id, mean] of Object.entries(expected)) {
      // Over four standard deviations of the drawn share.
      const errorAllowed = 4.5 * Math.sqrt(mean * (1 - mean / 400));
      expect(Math.abs((seen[id] ?? 0) - mean), `${seen[id]} of 400`).toBeLessThan(errorAllowed);
    }
    const { revisions, lots } = await rig.router.observe('shop/production');
    const counts = ['r1', 'r2', 'r3'].map((id) => [id, seen[id], 0]);
    expect(revisions.map(({ id, requests, inFlight }) => [id, requests, inFlight])).toEqual(counts);
    expect(revisions[0]?.latency.at(-1)).toEqual({ leMs: null, count: seen['r1'] });
    expect(lots?.map(({ weights }) => weights)).toEqual([{ r1: 10, r2: 30, r3: 60 }]);
    const drawn = Object.entries(lots?.[0]?.drawn ?? {});
    expect(drawn.map(([id, { sessions, failed }]) => [id, sessions, failed])).toEqual(counts);
  });

  test('a session stays where it is until its revision has no weight, then it moves at once', async () => {
    await apply([revision('r1', 50, port(0)), revision('r2', 50, port(1))]);
    const first = await get(rig.port);
    const cookie = String(first.headers['set-cookie']).split(';')[0] ?? '';
    expect(String(first.headers['set-cookie'])).toMatch(/; Path=\/; HttpOnly; SameSite=Lax$/);
    const home = first.headers['x-revision'];
    for (let index = 0; index < 20; index++) {
      const again = await get(rig.port, { headers: { cookie: `a=b; ${cookie}` } });
      expect(again.headers['x-revision']).toBe(home);
      expect(again.headers['set-cookie']).toBeUndefined();
      expect((JSON.parse(again.body) as { cookie: string }).cookie).toBe('a=b');
    }
    await apply(
      [revision('r1', home === 'r1' ? 0 : 100, port(0)), revision('r2', home === 'r1' ? 100 : 0, port(1))],
      { sticky: true },
    );
    const moved = await get(rig.port, { headers: { cookie } });
    expect(moved.headers['x-revision']).not.toBe(home);
    const session = cookie.split('.')[1];
    expect(String(moved.headers['set-cookie'])).toContain(`.${session};`);
  });

  test('no cookie is set while there is one place to go and nobody asked for it', async () => {
    await apply([revision('r1', 100, port(0))]);
    expect((await get(rig.port)).headers['set-cookie']).toBeUndefined();
  });
});

describe('pins', () => {
  const pins: Routes['pins'] = [
    { revision: 'r2', by: { kind: 'header', name: 'X-Canary', value: 'always' } },
    { revision: 'r2', by: { kind: 'cookie', name: 'canary', value: 'always' } },
    { revision: 'r3', by: { kind: 'host', host: 'next.shop.example.com' } },
  ];
  const two = () => [revision('r1', 100, port(0)), revision('r2', 0, port(1))];
  const home = async (headers: Record<string, string>) => {
    const { status, headers: answered } = await get(rig.port, { headers });
    return [status, answered['x-revision'], answered['set-cookie'] !== undefined];
  };

  test('what is pinned goes to its revision even at weight 0, is counted for it and gets no session', async () => {
    await apply([...two(), revision('r3', 0, port(2))], { sticky: true, pins });
    const before = await rig.router.observe('shop/production');
    expect(await home({ 'x-canary': 'always' })).toEqual([200, 'r2', false]);
    expect(await home({ cookie: 'a=b; canary=always' })).toEqual([200, 'r2', false]);
    expect(await home({ host: 'Next.shop.example.com:80' })).toEqual([200, 'r3', false]);
    expect(await home({ 'x-canary': 'Always' })).toEqual([200, 'r1', true]);
    expect(await home({})).toEqual([200, 'r1', true]);
    const after = await rig.router.observe('shop/production');
    const counted = (id: string, state = after) =>
      state.revisions.find((one) => one.id === id)?.requests ?? 0;
    expect(['r1', 'r2', 'r3'].map((id) => counted(id) - counted(id, before))).toEqual([2, 2, 1]);
  });

  test('a session of another revision does not hold what is pinned, and is as before without the pin', async () => {
    await apply(two(), { sticky: true, pins });
    const first = await get(rig.port);
    const cookie = String(first.headers['set-cookie']).split(';')[0] ?? '';
    expect(await home({ cookie, 'x-canary': 'always' })).toEqual([200, 'r2', false]);
    expect(await home({ cookie })).toEqual([200, 'r1', false]);
  });

  test('a pin to a revision without a copy is answered 503, by the preview host as well', async () => {
    await apply([revision('r1', 100, port(0)), revision('r2', 0)], { pins });
    const answers = [
      await get(rig.port, { headers: { 'x-canary': 'always' } }),
      await get(rig.port, { headers: { host: 'next.shop.example.com', accept: 'application/json' } }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([503, 503]);
    expect(JSON.parse(answers[1]?.body ?? '')).toMatchObject({
      message: 'What this address or mark asks for is not running at the moment.',
    });
    expect((await get(rig.port)).status).toBe(200);
  });

  test('maintenance holds for what is pinned, too', async () => {
    await apply(two(), { pins, maintenance: true });
    expect((await get(rig.port, { headers: { 'x-canary': 'always' } })).status).toBe(503);
  });
});

describe('sessions by the router of one key', () => {
  test('nobody chooses a revision by a cookie of his own making', async () => {
    await apply([revision('r1', 99, port(0)), revision('r2', 1, port(1))]);
    const forged = `slipway_session=r2.${'a'.repeat(32)}`;
    const answers = [];
    for (let index = 0; index < 10; index++)
      answers.push(await get(rig.port, { headers: { cookie: forged } }));
    expect(answers.filter(({ headers }) => headers['x-revision'] === 'r2').length).toBeLessThan(2);
    expect(answers.every(({ headers }) => headers['set-cookie'] !== undefined)).toBe(true);
  });

  test('a session outlives a restart of the router', async () => {
    await apply([revision('r1', 50, port(0)), revision('r2', 50, port(1))]);
    const first = await get(rig.port);
    const cookie = String(first.headers['set-cookie']).split(';')[0] ?? '';
    const ended = once(rig.child, 'exit');
    rig.child.kill('SIGTERM');
    await ended;
    await rig.restart();
    for (let index = 0; index < 6; index++)
      expect((await get(rig.port, { headers: { cookie } })).headers['x-revision']).toBe(
        first.headers['x-revision'],
      );
  });
});

describe('pages of its own', () => {
  test('a host that nobody named is not found', async () => {
    await apply([revision('r1', 100, port(0))], { hosts: ['shop.example.com'] });
    expect((await get(rig.port, { headers: { host: 'other.example.com' } })).status).toBe(404);
    const known = await get(rig.port, { headers: { host: 'SHOP.example.com:8080' } });
    expect(known.status).toBe(200);
    expect((JSON.parse(known.body) as { host: string }).host).toBe('SHOP.example.com:8080');
  });

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

  test('the limit lets one and the burst through', async () => {
    await apply([revision('r1', 100, port(0))], { rateLimit: { perMinute: 1, burst: 4 } });
    const statuses = [];
    for (let index = 0; index < 10; index++) statuses.push(await get(rig.port));
    expect(statuses.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429, 429, 429, 429, 429]);
    expect(Number(statuses.at(-1)?.headers['retry-after'])).toBeGreaterThan(30);
  });
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
        'x-real-ip': '1.2.3.4',
        forwarded: 'for=1.2.3.4',
        te: 'gzip',
        'x-hop': 'a',
        connection: 'keep-alive, x-hop',
      },
    });
    const told = JSON.parse(body) as Record<string, string>;
    expect(told).toEqual({
      host: 'shop.example.com',
      connection: 'keep-alive',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'shop.example.com',
    });
  });
});

describe('fences', () => {
  test('an older fence is refused, an equal one with equal routes changes nothing', async () => {
    const same = routes([revision('r1', 100, port(0))]);
    await rig.router.apply(same, 100);
    await rig.router.apply(same, 100);
    await expect(rig.router.apply(same, 99)).rejects.toMatchObject({ code: 'traffic/stale-fence' });
    expect((await rig.router.observe('shop/production')).fence).toBe(100);
    fence = 100;
  });

  test('every mistake is named at once', async () => {
    const wrong = routes([revision('r1', 60), revision('r1', 30, port(0))]);
    await expect(rig.router.apply(wrong, ++fence)).rejects.toMatchObject({
      code: 'traffic/invalid-routes',
      notes: [
        'revision "r1" has weight 60 but no endpoint',
        'the weights sum to 90; they must sum to 100, or to 0 when nothing serves',
        'revision "r1" is named twice',
      ],
    });
    await expect(rig.router.apply({ ...routes([]), scope: 'other', hosts: ['*'] }, 1)).rejects.toMatchObject({
      notes: ['host "*" already belongs to scope "shop/production"'],
    });
  });
});
