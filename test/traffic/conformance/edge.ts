import { type IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { get, raw, revision } from '../rig.ts';
import { plain, type Differences, type Suite } from './suite.ts';

/** What stands at the edge: pages, limits, what an app is told, requests that two servers could read differently. */
export function edge(suite: Suite, differences: Differences): void {
  describe('pages of its own', () => {
    test('nothing serving is 503', async () => {
      await suite.apply([]);
      expect((await get(suite.rig.port)).status).toBe(503);
    });

    test('maintenance is a page for people and JSON for programs, both with Retry-After', async () => {
      await suite.apply([revision('r1', 100, suite.port(0))], { maintenance: true });
      const page = await get(suite.rig.port);
      expect([page.status, page.headers['retry-after'], page.headers['content-type']]).toEqual([
        503,
        '60',
        'text/html; charset=utf-8',
      ]);
      expect(page.body).toContain('<h1>Down for maintenance</h1>');
      const json = await get(suite.rig.port, { headers: { accept: 'application/json' } });
      expect(JSON.parse(json.body)).toMatchObject({ status: 503 });
    });

    test.runIf(!suite.able.rateLimit)(
      'a limit that it cannot keep is refused, and changes nothing',
      async () => {
        await suite.apply([revision('r1', 100, suite.port(0))]);
        await expect(
          suite.apply([revision('r2', 100, suite.port(1))], { rateLimit: { perMinute: 1, burst: 4 } }),
        ).rejects.toMatchObject({ code: 'traffic/configuration-refused' });
        expect(await suite.revisionOf()).toBe('r1');
      },
    );

    test.runIf(suite.able.rateLimit)(
      'the limit lets one and the burst through, and another scope is not touched by it',
      async () => {
        await suite.apply([revision('r1', 100, suite.port(0))], { rateLimit: { perMinute: 1, burst: 4 } });
        const statuses: number[] = [];
        let last: Awaited<ReturnType<typeof get>> | undefined;
        for (let index = 0; index < 10; index++) statuses.push((last = await get(suite.rig.port)).status);
        expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429, 429, 429, 429]);
        expect(Number(last?.headers['retry-after'])).toBeGreaterThan(0);
        await suite.apply([revision('r1', 100, suite.port(0))]);
        expect((await get(suite.rig.port)).status).toBe(200);
      },
    );
  });

  describe('what the app is told', () => {
    test('the client cannot forge where it comes from', async () => {
      await suite.apply([revision('r1', 100, suite.port(0))]);
      const { body } = await get(suite.rig.port, {
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
      await suite.apply([revision('r1', 100, suite.port(0))]);
      let reached = false;
      suite.serve = (...parts) => {
        reached = true;
        plain(...parts);
      };
      const answer = await raw(suite.rig.port, bytes).finally(() => (suite.serve = plain));
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
      suite.serve = (id, request, response) => {
        heads.push([request.url, request.headers]);
        plain(id, request, response);
      };
      const answer = await raw(suite.rig.port, bytes).finally(() => (suite.serve = plain));
      const refusedWhole = /^HTTP\/1\.[01] 400 /.test(answer) && heads.length === 0;
      if (differences.lengthBesideEncoding === 'refused' && name.startsWith('a length'))
        expect(refusedWhole).toBe(true);
      for (const [, headers] of heads)
        expect('content-length' in headers && 'transfer-encoding' in headers).toBe(false);
    });

    test('heads that are too large are refused, and large ones pass', async () => {
      await suite.apply([revision('r1', 100, suite.port(0))]);
      const head = (sizeBytes: number) =>
        `GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: ${'y'.repeat(sizeBytes)}\r\n\r\n`;
      expect(await raw(suite.rig.port, head(6_000))).toMatch(/^HTTP\/1\.1 200 /);
      expect(await raw(suite.rig.port, head(60_000))).toMatch(/^HTTP\/1\.[01] 4(00|14|31) /);
    });
  });
}
