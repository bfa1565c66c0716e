import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { EmbeddedRouter } from '../client.ts';
import { createRouterClient } from '../client.ts';
import type { StoredScope } from '../embedded/state-file.ts';
import { RouterAgent } from './agent-process.ts';
import type { DriverEvents, Observation, RouterDriver } from './driver.ts';
import type { ProgramKind } from './programs.ts';
import type { AgentSettings } from './settings.ts';

/** What the driver tells the agent. */
let events: DriverEvents;

/** A program that can be told to fail. */
const program = { refuses: false, keepsItsLog: false, serves: null as readonly StoredScope[] | null };
const driver: RouterDriver = {
  start: (scopes) => {
    program.serves = scopes;
    return Promise.resolve();
  },
  check: () => Promise.resolve(),
  serve: (scopes) => {
    if (program.refuses) return Promise.reject(new Error('the program did not take it'));
    program.serves = scopes;
    return Promise.resolve();
  },
  inFlight: () => Promise.resolve([]),
  settle: () => Promise.resolve(),
  listening: () => null,
  problems: () => [],
  detach: () =>
    program.keepsItsLog ? Promise.reject(new Error('the request log does not come')) : Promise.resolve(null),
  stop: () => Promise.resolve(),
};

let folder: string;
let agent: RouterAgent;
let client: EmbeddedRouter;
let fence = 0;
beforeEach(async () => {
  Object.assign(program, { refuses: false, keepsItsLog: false });
  folder = await mkdtemp(join(tmpdir(), 'sw-agent-'));
  agent = agentOf('haproxy');
  await agent.start();
  client = createRouterClient(join(folder, 'control'));
});
afterEach(async () => {
  await agent.leave();
  await rm(folder, { recursive: true });
});

function agentOf(kind: ProgramKind): RouterAgent {
  const controlSocket = join(folder, 'control');
  const settings = { kind, stateFile: join(folder, 'state'), controlSocket, folder, tls: null };
  return new RouterAgent(settings as unknown as AgentSettings, (_, told) => {
    events = told;
    return driver;
  });
}

function apply(revision: string, shares: Record<string, number> = { [revision]: 100 }): Promise<void> {
  const revisions = Object.entries(shares).map(([id, weightPercent], index) => ({
    id,
    weightPercent,
    endpoints: [{ instance: id, host: '127.0.0.1', port: 20_001 + index }],
  }));
  const rest = { pins: [], sticky: false, maintenance: false, rateLimit: null };
  return client.apply({ scope: 'shop/production', hosts: ['*'], revisions, ...rest }, ++fence);
}

const served = () => program.serves?.flatMap(({ routes }) => routes.revisions.map(({ id }) => id));

test('a program that did not take a change is told of until it has, and is asked again by the same call', async () => {
  await apply('r1');
  expect((await client.observe('shop/production')).unsure).toBe(false);
  program.refuses = true;
  await expect(apply('r2')).rejects.toThrow('the program did not take it');
  expect((await client.observe('shop/production')).unsure).toBe(true);
  expect(served()).toEqual(['r1']);
  program.refuses = false;
  fence -= 1;
  await apply('r2');
  expect((await client.observe('shop/production')).unsure).toBe(false);
  expect(served()).toEqual(['r2']);
});

test('an upgrade that cannot begin leaves an agent that takes routes', async () => {
  program.keepsItsLog = true;
  await expect(client.upgrade()).rejects.toThrow('the request log does not come');
  await apply('r3');
  expect(served()).toEqual(['r3']);
});

const seen: Observation = {
  scope: 'shop/production',
  revision: 'r2',
  session: 1,
  outcome: { kind: 'answered', status: 500, latencyMs: 5, timed: true },
  lot: null,
  failed: null,
};

test('a line with a lot counts its draw and what came of it, a later line only what came of it', async () => {
  await apply('r1', { r1: 60, r2: 40 });
  events.finished(seen);
  events.finished({ ...seen, lot: 'r1=60,r2=40', outcome: { kind: 'abandoned', waitedMs: null } });
  const counts = async () => {
    const { lots } = await client.observe('shop/production');
    const { sessions = 0, failed = 0 } = lots?.[0]?.drawn['r2'] ?? {};
    return [lots?.length, sessions, failed];
  };
  expect(await counts()).toEqual([1, 1, 0]);
  events.finished(seen);
  events.finished(seen);
  events.finished({ ...seen, session: 2, lot: 'r1=60,r2=40' });
  expect(await counts()).toEqual([1, 2, 2]);
  await apply('r1', { r1: 50, r2: 50 });
  expect(await counts()).toEqual([1, 2, 2]);
  await apply('r1');
  expect(await counts()).toEqual([0, 0, 0]);
});

test('requests that failed are told as the log has them', async () => {
  await apply('r2');
  const failed = { method: 'GET', path: '/search?q=1', status: 500, copy: null, atMs: null };
  events.finished({ ...seen, failed });
  events.finished({ ...seen, outcome: { kind: 'gateway-error', latencyMs: 7 } });
  const [told] = (await client.observe('shop/production')).revisions;
  expect(told?.errors).toBe(2);
  expect(told?.failures).toEqual([{ ...failed, path: '/search', latencyMs: 5, atMs: expect.any(Number) }]);
});

test('lots and requests that failed are null where the program does not tell them', async () => {
  await agent.leave();
  agent = agentOf('traefik');
  await agent.start();
  await apply('r1');
  const { lots, revisions } = await client.observe('shop/production');
  expect([lots, revisions[0]?.failures]).toEqual([null, null]);
});
