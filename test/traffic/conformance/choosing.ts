import { describe, expect, onTestFinished, test } from 'vitest';
import type { Routes } from '../../../src/delivery/index.ts';
import { get, revision, routes, until } from '../rig.ts';
import { plain, type Differences, type Suite } from './suite.ts';

/** Which revision a request goes to: shares, sessions, pins and hosts. */
export function choosing(suite: Suite, differences: Differences): void {
  describe('shares', () => {
    test.each([10, 30, 50, 100])('a weight of %i is kept', async (weight) => {
      await suite.apply([revision('r1', 100 - weight, suite.port(0)), revision('r2', weight, suite.port(1))]);
      let seen = 0;
      for (let batch = 0; batch < 20; batch++) {
        const ids = await Promise.all(Array.from({ length: 50 }, () => suite.revisionOf()));
        seen += ids.filter((id) => id === 'r2').length;
      }
      const error = Math.abs(seen - weight * 10) / 10;
      expect(error, `${seen} of 1000`).toBeLessThanOrEqual(
        weight === 100 ? 0 : differences.shareErrorPercent,
      );
    });

    test('a slow revision gets its whole share, so that its slowness shows', async () => {
      suite.serve = (id, request, response) => {
        if (id === 'r2') setTimeout(() => plain(id, request, response), 20);
        else plain(id, request, response);
      };
      onTestFinished(() => {
        suite.serve = plain;
      });
      await suite.apply([revision('r1', 70, suite.port(0)), revision('r2', 30, suite.port(1))]);
      let seen = 0;
      const visitor = async () => {
        for (let visit = 0; visit < 25; visit++) if ((await suite.revisionOf()) === 'r2') seen += 1;
      };
      await Promise.all(Array.from({ length: 40 }, visitor));
      expect(Math.abs(seen - 300) / 10, `${seen} of 1000`).toBeLessThanOrEqual(differences.shareErrorPercent);
    });

    test('two copies of a revision take turns', async () => {
      const seen = [0, 0];
      const copies = await Promise.all(
        [0, 1].map((index) =>
          suite.rig.app((_request, response) => {
            seen[index] = (seen[index] ?? 0) + 1;
            response.end();
          }),
        ),
      );
      await suite.apply([revision('r4', 100, ...copies.map((copy) => copy.port))]);
      for (let index = 0; index < 20; index++) await get(suite.rig.port);
      expect(Math.min(...seen)).toBeGreaterThanOrEqual(8);
    });
  });

  describe('sessions', () => {
    test('stay where they are until their revision has no weight, then move at once', async () => {
      await suite.apply([revision('r1', 50, suite.port(0)), revision('r2', 50, suite.port(1))]);
      const first = await get(suite.rig.port);
      const cookie = String(first.headers['set-cookie']).split(';')[0] ?? '';
      expect(String(first.headers['set-cookie'])).toMatch(/; Path=\/; HttpOnly; SameSite=Lax$/);
      const home = first.headers['x-revision'];
      for (let index = 0; index < 20; index++) {
        const again = await get(suite.rig.port, { headers: { cookie: `a=b; ${cookie}; c=d` } });
        expect(again.headers['x-revision']).toBe(home);
        expect(again.headers['set-cookie']).toBeUndefined();
        if (differences.sessionIds === 'kept')
          expect((JSON.parse(again.body) as { cookie: string }).cookie).toBe('a=b; c=d');
      }
      const stays = home === 'r1' ? 0 : 100;
      await suite.apply([revision('r1', stays, suite.port(0)), revision('r2', 100 - stays, suite.port(1))], {
        sticky: true,
      });
      const moved = await get(suite.rig.port, { headers: { cookie } });
      expect(moved.headers['x-revision']).not.toBe(home);
      expect(String(moved.headers['set-cookie'])).not.toContain(cookie);
      if (differences.sessionIds === 'kept')
        expect(String(moved.headers['set-cookie'])).toContain(`.${cookie.split('.')[1]};`);
    });

    test.runIf(differences.changes === 'at once')(
      'never go back while a canary takes over under load, however often',
      async () => {
        const state = { cycle: 0, steps: 0, running: true };
        const wentBack: string[] = [];
        const visitor = async () => {
          let cookie = '';
          let last = { cycle: 0, id: '' };
          while (state.running) {
            const { cycle } = state;
            const answer = await get(suite.rig.port, cookie === '' ? {} : { headers: { cookie } });
            cookie = String(answer.headers['set-cookie'] ?? cookie).split(';')[0] ?? '';
            const id = String(answer.headers['x-revision']);
            const canary = cycle % 2 === 0 ? 'r2' : 'r1';
            // What was asked in a turn and answered in the next says nothing.
            if (cycle !== state.cycle) continue;
            if (last.cycle === cycle && last.id === canary && id !== canary)
              wentBack.push(`${cycle}: ${cookie}`);
            last = { cycle, id };
            state.steps += 1;
          }
        };
        const shares = (first: number) => [
          revision('r1', first, suite.port(0)),
          revision('r2', 100 - first, suite.port(1)),
        ];
        await suite.apply(shares(100));
        const visitors = Promise.all(Array.from({ length: 12 }, visitor));
        try {
          for (let cycle = 0; cycle < 4; cycle++) {
            state.cycle = cycle;
            for (const taken of [0, 30, 60, 100]) {
              await suite.apply(shares(cycle % 2 === 0 ? 100 - taken : taken));
              const reached = state.steps;
              await until(() => state.steps > reached + 30);
            }
          }
        } finally {
          state.running = false;
          await visitors;
        }
        expect(wentBack).toEqual([]);
      },
    );

    test("a cookie of somebody's own making chooses nothing and does not reach the app", async () => {
      await suite.apply([revision('r1', 0, suite.port(0)), revision('r2', 100, suite.port(1))], {
        sticky: true,
      });
      const cookie = `slipway_session=r1.${'a'.repeat(32)}`;
      const answer = await get(suite.rig.port, { headers: { cookie } });
      expect(answer.headers['x-revision']).toBe('r2');
      expect(String(answer.headers['set-cookie'])).toMatch(/slipway_session=/);
    });

    test('no cookie is set while there is one place to go and nobody asked for it', async () => {
      await suite.apply([revision('r1', 100, suite.port(0))]);
      expect((await get(suite.rig.port)).headers['set-cookie']).toBeUndefined();
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
      await suite.apply(
        [
          revision('p1', 100, suite.port(0)),
          revision('p2', 0, suite.port(1)),
          revision('p3', 0, suite.port(2)),
        ],
        {
          pins,
          sticky: true,
          hosts: ['shop.example.com'],
        },
      );
      const ask = (headers: Record<string, string>) =>
        get(suite.rig.port, { headers: { host: 'shop.example.com', ...headers } });
      expect((await ask({})).headers['x-revision']).toBe('r1');
      const byHeader = await ask({ 'x-canary': 'always' });
      expect([byHeader.headers['x-revision'], byHeader.headers['set-cookie']]).toEqual(['r2', undefined]);
      expect((await ask({ cookie: 'a=b; tester=yes' })).headers['x-revision']).toBe('r2');
      expect((await ask({ host: 'Preview.example.com:80' })).headers['x-revision']).toBe('r3');
      expect((await ask({ 'x-canary': 'never', cookie: 'tester=no' })).headers['x-revision']).toBe('r1');
      const nowhere = await ask({ 'x-canary': 'gone' });
      expect([nowhere.status, nowhere.headers['retry-after']]).toEqual([503, '10']);
      await expect.poll(async () => (await suite.of('p2')).requests, { timeout: 60_000 }).toBe(2);
    });
  });

  describe('hosts', () => {
    test('belong to scopes, and an unknown one to nobody', async () => {
      await suite.apply([revision('r1', 100, suite.port(0))], {
        hosts: ['shop.example.com', 'www.shop.example.com'],
      });
      const other = routes([revision('r3', 100, suite.port(2))], {
        scope: 'blog/production',
        hosts: ['blog.example.com'],
      });
      await suite.rig.router.apply(other, 1);
      const at = (host: string) => get(suite.rig.port, { headers: { host } });
      expect((await at('SHOP.example.com:8080')).headers['x-revision']).toBe('r1');
      expect((await at('www.shop.example.com')).headers['x-revision']).toBe('r1');
      expect((await at('blog.example.com')).headers['x-revision']).toBe('r3');
      const unknown = await at('other.example.com');
      expect([unknown.status, unknown.headers['cache-control']]).toEqual([404, 'no-store']);
      await suite.apply([revision('r1', 100, suite.port(0))]);
      expect((await at('other.example.com')).headers['x-revision']).toBe('r1');
      expect((await at('blog.example.com')).headers['x-revision']).toBe('r3');
      await suite.rig.router.apply({ ...other, hosts: [], revisions: [] }, 2);
    });

    test('one host cannot belong to two scopes, and what is refused changes nothing', async () => {
      await suite.apply([revision('r1', 100, suite.port(0))], { hosts: ['shop.example.com'] });
      const thief = routes([revision('r2', 100, suite.port(1))], {
        scope: 'thief',
        hosts: ['shop.example.com'],
      });
      await expect(suite.rig.router.apply(thief, 1)).rejects.toMatchObject({
        code: 'traffic/invalid-routes',
        notes: ['host "shop.example.com" already belongs to scope "shop/production"'],
      });
      const wrong = routes([revision('r1', 60), revision('r1', 30, suite.port(0))]);
      await expect(suite.rig.router.apply(wrong, ++suite.fence)).rejects.toMatchObject({
        code: 'traffic/invalid-routes',
      });
      expect(await suite.revisionOf({ headers: { host: 'shop.example.com' } })).toBe('r1');
    });
  });
}
