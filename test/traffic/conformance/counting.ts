import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { get, keepAliveAgent, revision, until } from '../rig.ts';
import { plain, type Differences, type Suite } from './suite.ts';

/** What is counted for each revision, and what is sent again. */
export function counting(suite: Suite, differences: Differences): void {
  describe('counts by revision', () => {
    test('requests, errors, sessions and latency are counted once each', async () => {
      await suite.apply([revision('r1', 0, suite.port(0)), revision('c1', 100, suite.port(1))], {
        sticky: true,
      });
      suite.serve = (id, request, response) => {
        response.statusCode = request.url === '/bad' ? 500 : 200;
        setTimeout(() => plain(id, request, response), request.url === '/slow' ? 60 : 0);
      };
      const cookies: string[] = [];
      for (let index = 0; index < 4; index++)
        cookies.push(String((await get(suite.rig.port)).headers['set-cookie']).split(';')[0] ?? '');
      for (const path of ['/bad', '/bad', '/slow'])
        await get(suite.rig.port, { path, headers: { cookie: cookies[0] ?? '' } });
      suite.serve = plain;
      await until(async () => (await suite.of('c1')).requests === 7);
      const seen = await suite.of('c1');
      expect(seen).toMatchObject({
        weightPercent: 100,
        inFlight: 0,
        errors: 2,
        gatewayErrors: 0,
        sessions: differences.sessionIds === 'kept' ? 4 : 1,
        sessionsWithError: 1,
      });
      expect(seen.latency.at(-1)).toEqual({ leMs: null, count: 7 });
      const under = (ms: number) => seen.latency.findLast(({ leMs }) => leMs !== null && leMs <= ms)?.count;
      expect(under(50)).toBeLessThan(7);
      expect((await suite.observe()).losses).toBe(0);
    });

    test.runIf(suite.able.failures)('requests that failed are told, without their queries', async () => {
      suite.serve = (id, request, response) => {
        if (request.url?.startsWith('/silent')) return;
        response.statusCode = request.url === '/' ? 200 : 500;
        plain(id, request, response);
      };
      await suite.apply([revision('r2', 100, suite.port(1)), revision('f1', 0, suite.port(0))]);
      await suite.apply([revision('f1', 100, suite.port(0))]);
      const long = `/${'a'.repeat(300)}`;
      await get(suite.rig.port);
      await get(suite.rig.port, { path: '/bad%20"one"?token=hunter2' });
      await get(suite.rig.port, { path: `${long}?q=a|b` });
      await get(suite.rig.port, { path: '/silent?later', method: 'DELETE' });
      suite.serve = plain;
      await until(async () => (await suite.of('f1')).errors === 3);
      const copy = `127.0.0.1:${suite.port(0)}`;
      const told = (await suite.of('f1')).failures ?? [];
      expect(told).toMatchObject([
        { method: 'GET', path: '/bad%20"one"', status: 500, copy },
        { method: 'GET', path: expect.stringMatching(/^\/a{150,}/), status: 500, copy },
        { method: 'DELETE', path: '/silent', status: 504, copy },
      ]);
      expect(Math.abs(Date.now() - (told.at(-1)?.atMs ?? 0))).toBeLessThan(60_000);
    });

    test.runIf(!suite.able.failures)('requests that failed are not told', async () => {
      await suite.apply([revision('f1', 100, suite.port(0))]);
      expect((await suite.of('f1')).failures).toBeNull();
    });

    test('an app that is gone is 502, and the router counts it for the revision', async () => {
      const { server, port: closing } = await suite.rig.app(() => {});
      await new Promise((resolve) => server.close(resolve));
      await suite.apply([revision('c2', 100, closing)]);
      expect((await get(suite.rig.port)).status).toBe(502);
      await until(async () => (await suite.of('c2')).gatewayErrors === 1);
      expect(await suite.of('c2')).toMatchObject({
        requests: 1,
        errors: 1,
        gatewayErrors: 1,
        sessionsWithError: 1,
      });
    });

    test('an app that is silent is 504', async () => {
      suite.serve = () => {};
      await suite.apply([revision('c3', 100, suite.port(0))]);
      expect((await get(suite.rig.port)).status).toBe(504);
      suite.serve = plain;
      await until(async () => (await suite.of('c3')).gatewayErrors === 1);
    });

    test('a response that breaks off never looks complete, and is the fault of the revision', async () => {
      suite.serve = (_id, _request, response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('half');
        setTimeout(() => response.destroy(), 30);
      };
      await suite.apply([revision('c4', 100, suite.port(0))]);
      await expect(get(suite.rig.port)).rejects.toMatchObject({ code: 'ECONNRESET' });
      suite.serve = plain;
      const counted = differences.brokenAnswers === 'counted' ? 1 : 0;
      await until(async () => (await suite.of('c4')).requests === 1);
      await until(async () => (await suite.of('c4')).gatewayErrors === counted);
    });

    test('who leaves while they wait is no error, and counts with the time that they waited', async () => {
      await suite.apply([revision('c5', 100, suite.port(0))]);
      await suite.leave(300);
      await suite.leave(300, { method: 'POST', body: 'x' });
      await over('c5', 2);
      const { latency, ...counts } = await suite.of('c5');
      expect(counts).toMatchObject({ errors: 0, gatewayErrors: 0, sessionsWithError: 0 });
      expect(latency.at(-1)).toEqual({ leMs: null, count: 2 });
      expect(latency.findLast(({ leMs }) => leMs !== null && leMs <= 250)?.count ?? 0).toBe(0);
    });

    test('who leaves within an answer, or before an event stream, is no error and has no time', async () => {
      await suite.apply([revision('c6', 100, suite.port(0))]);
      await suite.leave(50, {}, (response) => response.write('half'));
      await suite.leave(50, { headers: { accept: 'text/event-stream' } });
      await over('c6', 2);
      expect(await suite.of('c6')).toMatchObject({ errors: 0, sessionsWithError: 0 });
      const timed = differences.streamsNotBegun === 'not timed' ? 0 : 1;
      expect((await suite.of('c6')).latency.at(-1)?.count ?? 0).toBe(timed);
    });
  });

  /** Waits until so many requests have come to their end. */
  async function over(id: string, requests: number): Promise<void> {
    await until(async () => {
      const seen = await suite.of(id);
      return seen.requests === requests && seen.inFlight === 0;
    });
  }

  describe('sending again', () => {
    test('a copy that refuses connections costs nobody a request, with a body or without', async () => {
      const { server, port: closing } = await suite.rig.app(() => {});
      await new Promise((resolve) => server.close(resolve));
      await suite.apply([revision('d1', 100, closing, suite.port(0))]);
      for (let index = 0; index < 10; index++) {
        expect((await get(suite.rig.port, { method: 'POST', body: 'x' })).status).toBe(200);
        expect((await get(suite.rig.port)).status).toBe(200);
      }
    });

    test('what was sent with a body is not sent twice', async () => {
      let connections = 0;
      const server = createTcpServer((socket) => {
        connections++;
        socket.on('error', () => {});
        socket.once('data', () => socket.destroy());
      });
      server.unref();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      await suite.apply([revision('d2', 100, (server.address() as AddressInfo).port)]);
      expect((await get(suite.rig.port, { method: 'POST', body: 'x' })).status).toBe(502);
      expect(connections).toBe(1);
      server.close();
    });

    test('a connection that the app closed while it was idle costs nobody a request', async () => {
      await suite.apply([revision('r1', 100, suite.port(0))]);
      const agent = keepAliveAgent();
      for (let index = 0; index < 10; index++) {
        await Promise.all([get(suite.rig.port, { agent }), get(suite.rig.port, { agent })]);
        suite.apps[0]?.server.closeIdleConnections();
        const second =
          differences.bodyOnClosingConnection === 'survives' ? { method: 'POST', body: 'x' } : {};
        const statuses = await Promise.all([
          get(suite.rig.port, { agent }),
          get(suite.rig.port, { agent, ...second }),
        ]);
        expect(statuses.map(({ status }) => status)).toEqual([200, 200]);
      }
      agent.destroy();
    });
  });
}
