import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { EmbeddedRouter } from '../client.ts';
import { createRouterClient } from '../client.ts';
import type { StoredScope } from '../embedded/state-file.ts';
import { RouterAgent } from './agent-process.ts';
import type { RouterDriver } from './driver.ts';
import type { AgentSettings } from './settings.ts';

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
  const controlSocket = join(folder, 'control');
  const settings = { kind: 'haproxy', stateFile: join(folder, 'state'), controlSocket, folder, tls: null };
  agent = new RouterAgent(settings as unknown as AgentSettings, () => driver);
  await agent.start();
  client = createRouterClient(controlSocket);
});
afterEach(async () => {
  await agent.leave();
  await rm(folder, { recursive: true });
});

function apply(revision: string): Promise<void> {
  const endpoints = [{ instance: 'a', host: '127.0.0.1', port: 20_001 }];
  const revisions = [{ id: revision, weightPercent: 100, endpoints }];
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
