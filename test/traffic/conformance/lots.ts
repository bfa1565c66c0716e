import { describe, expect, onTestFinished, test } from 'vitest';
import type { LotCounts, SessionLot } from '../../../src/delivery/index.ts';
import { get, revision, until } from '../rig.ts';
import { plain, type Suite } from './suite.ts';

/** A visitor who keeps the cookie, and the app behind the revision that was drawn. */
interface Visitor {
  cookie: string;
  home: string;
}

/*
 * Each test has revisions of its own, so that what an earlier one left behind does not count. The apps are those of
 * the suite: `ids[0]` is served by r1 and `ids[1]` by r2.
 */

/** Sessions by the lot that they drew. */
export function lots(suite: Suite): void {
  test.runIf(!suite.able.lots)('lots are not told', async () => {
    await suite.apply([revision('l1', 50, suite.port(0)), revision('l2', 50, suite.port(1))]);
    await get(suite.rig.port);
    expect((await suite.observe()).lots).toBeNull();
  });

  describe.runIf(suite.able.lots)('lots', () => {
    test('are told with their shares, and every new session is in one, in its share', async () => {
      await share('l3', 70, 'l4', 30);
      for (let batch = 0; batch < 40; batch++)
        await Promise.all(Array.from({ length: 50 }, () => get(suite.rig.port)));
      await until(async () => sessionsOf(await lotOf({ l3: 70, l4: 30 })) === 2_000);
      const lot = await lotOf({ l3: 70, l4: 30 });
      expect(Object.keys(lot?.weights ?? {})).toEqual(['l3', 'l4']);
      const deviation = Math.sqrt(2_000 * 0.7 * 0.3);
      expect(Math.abs((lot?.drawn['l4']?.sessions ?? 0) - 600)).toBeLessThan(4 * deviation);
      expect([lot?.drawn['l3']?.failed, lot?.drawn['l4']?.failed]).toEqual([0, 0]);
    });

    test('tell which sessions failed and which were slow, each once, at the revision that they drew', async () => {
      answersByPath();
      await share('l5', 50, 'l6', 50);
      const visitors: Visitor[] = [];
      for (let visit = 0; visit < 6; visit++) visitors.push(await newVisitor());
      const [failing, slow] = visitors;
      const atDraw = await newVisitor('/bad');
      for (const path of ['/', '/bad', '/bad']) await visit(failing, path);
      await visit(slow, '/slow');
      for (const visitor of visitors) await visit(visitor, '/');
      const of = (home: string) => [...visitors, atDraw].filter((visitor) => visitor.home === home).length;
      const failed = (home: string) => [failing, atDraw].filter((visitor) => visitor?.home === home).length;
      const expected = {
        l5: { sessions: of('r1'), failed: failed('r1') },
        l6: { sessions: of('r2'), failed: failed('r2') },
      };
      await seen(17, ['l5', 'l6']);
      const drawn = (await lotOf({ l5: 50, l6: 50 }))?.drawn;
      expect(drawn).toMatchObject(expected);
      expect(over(drawn?.[slow?.home === 'r1' ? 'l5' : 'l6'], 100)).toBeGreaterThanOrEqual(1);
      for (const counts of Object.values(drawn ?? {})) {
        expect(counts.slow.map(({ overMs }) => overMs)).toEqual(
          drawn?.['l5']?.slow.map(({ overMs }) => overMs),
        );
        expect(over(counts, 1)).toBeLessThanOrEqual(counts.sessions);
      }
    });

    test('tell who left while they waited as slow, by the time that they waited, and not as failed', async () => {
      answersByPath();
      await share('l15', 50, 'l16', 50);
      const visitor = await newVisitor();
      await suite.leave(300, { headers: { cookie: visitor.cookie } });
      // Without an answer nobody got a cookie: this is a session of its own.
      await suite.leave(300);
      const all = async () => Object.values((await lotOf({ l15: 50, l16: 50 }))?.drawn ?? {});
      const slow = (drawn: LotCounts[]) => drawn.reduce((sum, counts) => sum + over(counts, 200), 0);
      await until(async () => slow(await all()) === 2);
      expect((await all()).reduce((sum, { sessions }) => sum + sessions, 0)).toBe(2);
      expect((await all()).map(({ failed }) => failed)).toEqual([0, 0]);
    });

    test('leave out sessions that had a home before there was anything to draw, and pinned requests', async () => {
      answersByPath();
      await suite.apply([revision('l7', 100, suite.port(0)), revision('l8', 0, suite.port(1))], {
        sticky: true,
      });
      const settled = await newVisitor();
      const pins = [{ revision: 'l8', by: { kind: 'header' as const, name: 'X-Canary', value: 'always' } }];
      await suite.apply([revision('l7', 60, suite.port(0)), revision('l8', 40, suite.port(1))], { pins });
      await visit(settled, '/bad');
      await get(suite.rig.port, { path: '/bad', headers: { 'x-canary': 'always' } });
      const visitors = [await newVisitor()];
      while (visitors.at(-1)?.home !== 'r2') visitors.push(await newVisitor());
      const cookie = visitors.at(-1)?.cookie ?? '';
      await get(suite.rig.port, { path: '/bad', headers: { 'x-canary': 'always', cookie } });
      await seen(visitors.length + 4, ['l7', 'l8']);
      const lot = await lotOf({ l7: 60, l8: 40 });
      expect(lot?.drawn).toMatchObject({
        l7: { sessions: visitors.length - 1, failed: 0 },
        l8: { sessions: 1, failed: 0 },
      });
    });

    test('begin anew with new shares, and sessions stay in theirs', async () => {
      answersByPath();
      await share('l9', 50, 'l10', 50);
      const early = await newVisitor();
      await seen(1, ['l9', 'l10']);
      await share('l9', 80, 'l10', 20);
      await visit(early, '/bad');
      const late = await newVisitor();
      await seen(3, ['l9', 'l10']);
      const home = early.home === 'r1' ? 'l9' : 'l10';
      expect((await lotOf({ l9: 50, l10: 50 }))?.drawn[home]).toMatchObject({ sessions: 1, failed: 1 });
      const second = await lotOf({ l9: 80, l10: 20 });
      expect(second?.drawn[late.home === 'r1' ? 'l9' : 'l10']).toMatchObject({ sessions: 1, failed: 0 });
      expect(sessionsOf(second)).toBe(1);
      const shares = (await suite.observe()).lots?.map(({ weights }) => weights);
      expect(shares).toEqual([
        { l9: 50, l10: 50 },
        { l9: 80, l10: 20 },
      ]);
    });

    test('are over once one of their revisions has no weight, and gone once it has left', async () => {
      answersByPath();
      await share('l11', 50, 'l12', 50);
      const visitors: Visitor[] = [];
      for (let visit = 0; visit < 12; visit++) visitors.push(await newVisitor());
      await seen(12, ['l11', 'l12']);
      await share('l11', 0, 'l12', 100);
      for (const visitor of visitors) await visit(visitor, '/bad');
      await seen(24, ['l11', 'l12']);
      const lot = await lotOf({ l11: 50, l12: 50 });
      expect([sessionsOf(lot), lot?.drawn['l11']?.failed, lot?.drawn['l12']?.failed]).toEqual([12, 0, 0]);
      await suite.apply([revision('l12', 100, suite.port(1))]);
      await suite.apply([revision('l12', 100, suite.port(1))], { sticky: true });
      expect((await suite.observe()).lots).toEqual([]);
    });

    test('outlive a new version of the router, which goes on with them', async () => {
      answersByPath();
      await share('l13', 50, 'l14', 50);
      const [failed, good] = [await newVisitor('/bad'), await newVisitor()];
      await seen(2, ['l13', 'l14']);
      await suite.rig.router.upgrade();
      await visit(failed, '/bad');
      await visit(good, '/bad');
      await seen(4, ['l13', 'l14']);
      const drawn = Object.values((await lotOf({ l13: 50, l14: 50 }))?.drawn ?? {});
      expect(drawn.map(({ sessions, failed: some }) => sessions - some)).toEqual([0, 0]);
      expect(drawn.reduce((sum, { sessions }) => sum + sessions, 0)).toBe(2);
    });
  });

  /** `/bad` is an error, `/slow` takes longer than anything else here. */
  function answersByPath(): void {
    suite.serve = (id, request, response) => {
      response.statusCode = request.url === '/bad' ? 500 : 200;
      setTimeout(() => plain(id, request, response), request.url === '/slow' ? 200 : 0);
    };
    onTestFinished(() => {
      suite.serve = plain;
    });
  }

  function share(first: string, firstPercent: number, second: string, secondPercent: number): Promise<void> {
    return suite.apply([
      revision(first, firstPercent, suite.port(0)),
      revision(second, secondPercent, suite.port(1)),
    ]);
  }

  async function newVisitor(path = '/'): Promise<Visitor> {
    const { headers } = await get(suite.rig.port, { path });
    const cookie = String(headers['set-cookie']).split(';')[0] ?? '';
    return { cookie, home: String(headers['x-revision']) };
  }

  function visit(visitor: Visitor | undefined, path: string) {
    return get(suite.rig.port, { path, headers: { cookie: visitor?.cookie ?? '' } });
  }

  /** Waits until the router has told of so many requests. */
  async function seen(requests: number, ids: string[]): Promise<void> {
    await until(async () => {
      const { revisions } = await suite.observe();
      const ofThese = revisions.filter(({ id }) => ids.includes(id));
      return ofThese.reduce((sum, one) => sum + one.requests, 0) >= requests;
    });
  }

  async function lotOf(weights: Record<string, number>): Promise<SessionLot | undefined> {
    const told = (await suite.observe()).lots ?? [];
    return told.find((lot) => JSON.stringify(lot.weights) === JSON.stringify(weights));
  }
}

function sessionsOf(lot: SessionLot | undefined): number {
  return Object.values(lot?.drawn ?? {}).reduce((sum, { sessions }) => sum + sessions, 0);
}

/** Sessions of which a request took longer than the lowest edge from `ms` on. */
function over(counts: LotCounts | undefined, ms: number): number {
  return counts?.slow.find(({ overMs }) => overMs >= ms)?.count ?? 0;
}
