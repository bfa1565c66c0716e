import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { get, revision, until } from '../rig.ts';
import { startLoad } from './load.ts';
import { plain, type Suite } from './suite.ts';

/** What goes on while routes change. */
export function switching(suite: Suite): void {
  describe('switching under load', () => {
    test('ten switches lose nothing on kept and fresh connections, though each old app is killed once it is drained', async () => {
      const start = (id: string) => suite.rig.app((...parts) => plain(id, ...parts));
      let old = await start('s0');
      await suite.apply([revision('s0', 100, old.port)]);
      const { losses } = await suite.observe();
      const load = startLoad(suite.rig.port);
      for (let turn = 1; turn <= 10; turn++) {
        const next = await start(`s${turn}`);
        const before = `s${turn - 1}`;
        await suite.apply([revision(before, 0, old.port), revision(`s${turn}`, 100, next.port)]);
        await until(async () => (await suite.of(before)).inFlight === 0);
        old.server.closeAllConnections();
        old.server.close();
        await suite.apply([revision(`s${turn}`, 100, next.port)]);
        const reached = load.requests;
        await until(() => load.requests > reached + 30);
        old = next;
      }
      await load.stop();
      expect(load.failures).toEqual([]);
      expect(load.revisions.size).toBe(11);
      expect((await suite.observe()).losses).toBe(losses);
    });

    test('a change of hosts, pins and limits under load loses nothing', async () => {
      await suite.apply([revision('r1', 100, suite.port(0))]);
      const load = startLoad(suite.rig.port);
      for (let turn = 0; turn < 5; turn++) {
        await suite.apply([revision('r1', 50, suite.port(0)), revision('r2', 50, suite.port(1))], {
          hosts: ['*', `h${turn}.example.com`],
          pins: [{ revision: 'r2', by: { kind: 'header', name: `X-Turn-${turn}`, value: 'yes' } }],
          rateLimit:
            suite.able.rateLimit && turn % 2 === 0 ? { perMinute: 1_000_000, burst: 1_000_000 } : null,
        });
        expect(await suite.revisionOf({ headers: { [`x-turn-${turn}`]: 'yes' } })).toBe('r2');
        const reached = load.requests;
        await until(() => load.requests > reached + 30);
      }
      await load.stop();
      expect(load.failures).toEqual([]);
    });

    test('a slow request, a WebSocket and an event stream outlive a switch, counted until they end', async () => {
      const finish: (() => void)[] = [];
      suite.serve = (_id, request, response) => {
        const stream = request.headers.accept === 'text/event-stream';
        response.writeHead(200, { 'content-type': stream ? 'text/event-stream' : 'text/plain' });
        response.write('first ');
        finish.push(() => response.end('last'));
      };
      const sockets = new WebSocketServer({ server: suite.apps[0]?.server });
      sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
      await suite.apply([revision('r1', 100, suite.port(0)), revision('r2', 0, suite.port(1))]);
      const slow = get(suite.rig.port);
      const events = request({
        host: '127.0.0.1',
        port: suite.rig.port,
        agent: false,
        headers: { accept: 'text/event-stream' },
      });
      events.end();
      const [stream] = (await once(events, 'response')) as [IncomingMessage];
      stream.setEncoding('utf8');
      let streamed = '';
      stream.on('data', (text: string) => (streamed += text));
      const socket = new WebSocket(`ws://127.0.0.1:${suite.rig.port}/`);
      // What one test leaves in flight, the next ones would count.
      onTestFinished(() => {
        for (const one of finish) one();
        events.destroy();
        socket.terminate();
        sockets.close();
      });
      await once(socket, 'open');
      await until(() => finish.length === 2);
      suite.serve = plain;
      await until(async () => (await suite.of('r1')).inFlight === 3);
      await suite.apply([revision('r1', 0, suite.port(0)), revision('r2', 100, suite.port(1))]);
      expect(await suite.revisionOf()).toBe('r2');
      await counted(3);
      await suite.apply([revision('r2', 100, suite.port(1))]);
      await counted(3);
      expect((await suite.of('r1')).weightPercent).toBe(0);
      socket.send('still here');
      const [data] = (await once(socket, 'message')) as [Buffer];
      expect(data.toString()).toBe('still here');
      for (const one of finish) one();
      expect((await slow).body).toBe('first last');
      await until(() => streamed === 'first last');
      socket.close();
      await until(async () => (await suite.observe()).revisions.every(({ id }) => id !== 'r1'));
    });

    test('a slow download goes on through a switch and comes whole', async () => {
      const chunk = Buffer.alloc(64 * 1024, 'd');
      let begun = false;
      suite.serve = (_id, _request, response) => {
        begun = true;
        let sent = 0;
        const more = () => {
          if (sent++ === 64) response.end();
          else response.write(chunk, () => setTimeout(more, 5));
        };
        more();
      };
      await suite.apply([revision('r1', 100, suite.port(0)), revision('r2', 0, suite.port(1))]);
      const download = get(suite.rig.port);
      // A router may count it before the app has it.
      await until(async () => begun && (await suite.of('r1')).inFlight === 1);
      suite.serve = plain;
      await suite.apply([revision('r1', 0, suite.port(0)), revision('r2', 100, suite.port(1))]);
      expect((await download).body.length).toBe(64 * chunk.length);
      await until(async () => (await suite.of('r1')).inFlight === 0);
    });
  });

  /** Nothing in flight is ever missed, and a moment after a switch there may seem to be more. */
  async function counted(inFlight: number): Promise<void> {
    const counts = async () => (await suite.of('r1')).inFlight;
    expect(await counts()).toBeGreaterThanOrEqual(inFlight);
    await until(async () => (await counts()) === inFlight);
  }
}
