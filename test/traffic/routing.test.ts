import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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
  test('new sessions are split 10/30/60 within one percent', async () => {
    await apply([revision('r1', 10, port(0)), revision('r2', 30, port(1)), revision('r3', 60, port(2))]);
    const seen: Record<string, number> = {};
    for (let index = 0; index < 400; index++) {
      const id = String((await get(rig.port)).headers['x-revision']);
      seen[id] = (seen[id] ?? 0) + 1;
    }
    expect(seen).toEqual({ r1: 40, r2: 120, r3: 240 });
    const state = await rig.router.observe('shop/production');
    expect(state.revisions.map(({ id, requests, inFlight }) => [id, requests, inFlight])).toEqual([
      ['r1', 40, 0],
      ['r2', 120, 0],
      ['r3', 240, 0],
    ]);
    expect(state.revisions[0]?.latency.at(-1)).toEqual({ leMs: null, count: 40 });
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
