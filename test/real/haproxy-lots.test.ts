import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Pin, RouteRevision, Routes } from '../../src/delivery/index.ts';
import type { Observation, RouterDriver } from '../../src/traffic/agent/driver.ts';
import { parseSettings } from '../../src/traffic/agent/settings.ts';
import { lotText, parseLot } from '../../src/traffic/embedded/lot-text.ts';
import { sessionHash } from '../../src/traffic/embedded/session-hash.ts';
import { createHaproxyDriver } from '../../src/traffic/haproxy/index.ts';
import { freePort } from '../rig/free-port.ts';
import { get, revision, routes, until } from '../traffic/rig.ts';
import { lacks, routerComponent } from './support/component.ts';

const haproxy = routerComponent('haproxy');

describe.skipIf(lacks(haproxy))(`lots in HAProxy's request log (missing? ${haproxy.install})`, () => {
  let folder: string;
  let app: Server;
  let port: number;
  let driver: RouterDriver;
  let seen: Observation[] = [];
  const losses: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slipway-haproxy-lots-'));
    app = createServer((request, response) => {
      response.statusCode = request.url === '/bad' ? 500 : 200;
      response.end();
    }).listen(0, '127.0.0.1');
    port = await freePort();
    const flags = ['--state', join(folder, 'routes'), '--control', join(folder, 'control')];
    driver = createHaproxyDriver(
      parseSettings(['--router', 'haproxy', '--listen', `127.0.0.1:${port}`, ...flags]),
      {
        finished: (observation) => seen.push(observation),
        lost: (reason) => losses.push(reason),
        ended: (reason) => losses.push(reason),
      },
    );
    await driver.start([], null);
  });

  beforeEach(() => {
    seen = [];
  });

  afterAll(async () => {
    await driver.stop(1_000);
    app.closeAllConnections();
    app.close();
    await rm(folder, { recursive: true, force: true });
  });

  const serve = (shares: Record<string, number>, more: Partial<Routes> = {}) =>
    driver.serve([{ routes: routes(sharing(shares), more), fence: 1 }]);
  const sharing = (shares: Record<string, number>): RouteRevision[] =>
    Object.entries(shares).map(([id, weight]) => revision(id, weight, (app.address() as AddressInfo).port));
  const ask = async (cookie = '', more: Record<string, string> = {}, path = '/') => {
    const headers = { ...more, ...(cookie === '' ? {} : { cookie }) };
    const answer = await get(port, { headers, path });
    return String(answer.headers['set-cookie'] ?? '').split(';')[0] ?? '';
  };
  const idOf = (cookie: string) => cookie.split('.')[1] ?? '';
  /** A visit until HAProxy has told of it: a line is written when the answer is with the client, and may overtake another. */
  const visit = async (...what: Parameters<typeof ask>) => {
    const before = seen.length;
    const cookie = await ask(...what);
    await until(async () => {
      await driver.settle();
      return seen.length > before;
    });
    return cookie;
  };
  const told = () => seen.map(({ lot }) => lot);

  test('the request that draws tells the lot and the session of the cookie, and later ones only the session', async () => {
    await serve({ r1: 90, r2: 10, r3: 0 });
    const cookie = await visit('', {}, '/bad');
    await visit(cookie);
    await visit(`a=b; ${cookie}`);
    expect(told()).toEqual(['r1=90,r2=10', null, null]);
    expect(seen.map(({ session }) => session)).toEqual(Array(3).fill(sessionHash(idOf(cookie))));
    expect(new Set(seen.map(({ revision: home }) => home)).size).toBe(1);
    expect(seen[0]?.outcome).toMatchObject({ status: 500 });
  });

  test('a session whose home lost its share draws anew, under its id', async () => {
    await serve({ r1: 100, r2: 0 }, { sticky: true });
    const cookie = await visit();
    await serve({ r1: 0, r2: 50, r3: 50 });
    const moved = await visit(cookie);
    expect(idOf(moved)).toBe(idOf(cookie));
    await visit(moved);
    expect(told()).toEqual([null, 'r2=50,r3=50', null]);
    expect(seen[1]?.session).toBe(sessionHash(idOf(cookie)));
  });

  test('a session from before the candidate has a home, and draws no lot', async () => {
    await serve({ r1: 100 }, { sticky: true });
    const cookie = await visit();
    await serve({ r1: 50, r2: 50 });
    for (let index = 0; index < 10; index++) expect(await visit(cookie)).toBe('');
    expect(told()).toEqual(Array(11).fill(null));
  });

  test('who brings no cookie draws for each request, as somebody else', async () => {
    await serve({ r1: 50, r2: 50 });
    for (let index = 0; index < 20; index++) await visit();
    expect(told()).toEqual(Array(20).fill('r1=50,r2=50'));
    expect(new Set(seen.map(({ session }) => session)).size).toBe(20);
  });

  test('there is no lot for who is pinned, nor where there is nothing to draw', async () => {
    const pins: Pin[] = [{ revision: 'r2', by: { kind: 'header', name: 'X-Canary', value: 'yes' } }];
    await serve({ r1: 50, r2: 50 }, { pins });
    await visit('', { 'x-canary': 'yes' });
    await serve({ r1: 100, r2: 0 }, { pins, sticky: true });
    await visit();
    await serve({ r1: 100 });
    await visit();
    expect(told()).toEqual([null, null, null]);
    expect(seen.map(({ revision: id }) => id)).toEqual(['r2', 'r1', 'r1']);
  });

  test('what is told is what was drawn by, however often shares and processes change under load', async () => {
    const lots: Record<string, number>[] = [
      { r1: 90, r2: 10 },
      { r3: 20, r4: 80 },
      { r1: 10, r2: 90 },
      { r1: 100, r2: 0 },
    ];
    const all = { r1: 0, r2: 0, r3: 0, r4: 0 };
    const texts = new Set(lots.map((shares) => lotText(sharing(shares))));
    await serve({ ...all, ...lots[0] });
    const load = { running: true };
    const visitor = async () => {
      while (load.running) await ask(await ask());
    };
    const visitors = Promise.all(Array.from({ length: 8 }, visitor));
    try {
      for (let change = 1; change < 16; change++) {
        // A header that no pin has looked at so far takes another process.
        const pins: Pin[] = [
          { revision: 'r1', by: { kind: 'header', name: `X-${change > 8}`, value: 'yes' } },
        ];
        await serve({ ...all, ...lots[change % lots.length] }, { pins });
        const reached = seen.length;
        await until(() => seen.length > reached + 60);
      }
    } finally {
      load.running = false;
      await visitors;
    }
    await driver.settle();
    const drawn = seen.filter(({ lot }) => lot !== null);
    expect(drawn.filter(({ lot }) => !texts.has(lot ?? ''))).toEqual([]);
    for (const { lot, revision: id } of drawn) expect(Object.keys(parseLot(lot ?? '') ?? {})).toContain(id);
    for (const text of [...texts].filter((one) => one !== '')) {
      const of = drawn.filter(({ lot }) => lot === text);
      const [first = '', share = 0] = Object.entries(parseLot(text) ?? {})[0] ?? [];
      const got = of.filter(({ revision: id }) => id === first).length;
      // Six standard deviations: a wrong chance shows, and a lot that fails by itself does not.
      const spread = Math.sqrt(of.length * share * (100 - share)) / 100;
      expect(Math.abs(got - (of.length * share) / 100), `${got} of ${of.length}`).toBeLessThan(6 * spread);
    }
    expect(losses).toEqual([]);
  });
});
