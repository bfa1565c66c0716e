import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { nobodyElse, requireRole, requireWhere, roles, withGrant, type Policy } from '../access/index.ts';
import type { NewEvent } from '../flow/index.ts';
import { layoutOf, ownerName, type Answers, type System } from '../wiring/index.ts';
import type { ErrorBody } from './api.ts';
import { Doors } from './doors.ts';
import { Guard } from './guard.ts';
import { createApi } from './http.ts';
import { needs } from './needs.ts';

/*
 * The real API behind real sockets; what lies behind it answers nothing of interest. People have doors of this user, so
 * that it runs without root; that a door lets in one Unix user alone is shown in test/real/people.test.ts.
 */

let home: string;
let api: FastifyInstance;
let guard: Guard;
let doors: Doors;
let policy: Policy;
let events: NewEvent[];
let log: { message: string }[];
let heard: { method: string; wish: unknown }[];

const rollout = {
  id: 'ro-1',
  app: 'shop',
  environment: 'production',
  actor: 'tom',
  state: 'succeeded',
  asks: { verbs: ['approve', 'reject'], who: ['lena', 'tom'] },
};
const ship = { id: 's-1', app: 'shop', actor: 'tom', state: 'succeeded', rollouts: [{ id: 'ro-1' }] };
const given: Record<string, unknown> = {
  rollout,
  shipView: ship,
  underWay: [{ id: 'ro-1', app: 'shop', environment: 'production', requestedBy: 'tom' }],
  history: [rollout, { ...rollout, environment: 'staging' }],
  ships: [ship, { ...ship, app: 'blog' }],
  health: { warnings: [] },
  status: {
    server: { warnings: [] },
    ships: [],
    environments: [
      { app: 'shop', environment: 'production', rollout },
      { app: 'shop', environment: 'staging', rollout: null },
    ],
    ramps: [
      { app: 'shop', environment: 'production', flag: 'cart' },
      { app: 'shop', environment: 'staging', flag: 'menu' },
    ],
  },
  plan: {},
  collect: {},
};
const answers = new Proxy({} as Answers, {
  get: (_target, method: string) => (wish: unknown) => {
    heard.push({ method, wish });
    return Promise.resolve(given[method] ?? []);
  },
});
const system = {
  layout: layoutOf('/nowhere'),
  options: { log: (entry: { message: string }) => log.push(entry) },
  vault: { put: () => Promise.resolve({ version: 1 }), list: () => Promise.resolve([]) },
  machines: { of: () => ({ async *logs() {} }) },
  guests: {
    answer: () => Promise.resolve(null),
    takeImages: () => Promise.resolve(),
    takeFiles: () => Promise.resolve(),
    async *logs() {},
  },
  store: {
    documents: {
      get: () => Promise.resolve({ body: policy }),
      replace: (_kind: string, _id: string, { after }: { after: Policy }) => {
        policy = after;
        return Promise.resolve(true);
      },
    },
    events: {
      append: (added: NewEvent[]) => Promise.resolve(void events.push(...added)),
      list: () => Promise.resolve(['shop/production', 'shop', 'server'].map((chain) => ({ chain }))),
    },
    flows: { get: () => Promise.resolve(null) },
    audit: { verify: () => Promise.resolve({}) },
  },
} as unknown as System;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'slipway-guard-'));
  guard = new Guard({ system, answers });
  doors = new Doors({
    folder: `${home}/doors`,
    answer: (asked, response) => api.routing(asked, response),
    greet: (socket, caller) => guard.greet(socket, caller),
  });
  api = createApi({ system, answers, guard, doors, shutdown: () => {} });
  api.server.on('connection', (socket) =>
    guard.greet(socket, { name: ownerName(), isOwner: true, proof: 'uid 0 owner' }),
  );
  await api.listen({ path: join(home, 'server.sock') });
});

beforeEach(() => {
  events = [];
  log = [];
  heard = [];
});

afterAll(async () => {
  await doors.close();
  await api.close();
  await rm(home, { recursive: true, force: true });
});

/** `ana: deployer production` a line. */
async function set(...lines: string[]): Promise<void> {
  policy = nobodyElse;
  for (const line of lines) {
    const [name = '', grant = ''] = line.split(': ');
    const [role = '', where = '*'] = grant.split(' ');
    const granted = { role: requireRole(role), where: requireWhere(where) };
    policy = withGrant(policy, { name, uid: null, grant: granted });
  }
  await doors.match(policy.people);
}

interface Asked {
  status: number;
  body: unknown;
}

/** Null asks through the owner's socket. */
function ask(person: string | null, call: string, sent?: object): Promise<Asked> {
  const socketPath = person === null ? join(home, 'server.sock') : join(home, 'doors', person);
  const [method = '', path = ''] = call.split(' ');
  return new Promise((resolve, reject) => {
    const headers = sent === undefined ? {} : { 'content-type': 'application/json' };
    const outgoing = request({ socketPath, method, path, headers, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
      response.on('end', () => {
        const [first = ''] = text.split('\n');
        resolve({ status: response.statusCode ?? 0, body: first === '' ? null : JSON.parse(first) });
      });
    });
    outgoing.on('error', (error) => reject(new Error(`${call}: ${error.message}`)));
    outgoing.end(sent === undefined ? undefined : JSON.stringify(sent));
  });
}

const commit = 'a'.repeat(40);
const shipWish = { app: 'shop', commit, ref: 'refs/heads/main', actor: 'claimed', defaultBranch: 'main' };
const inProduction = { app: 'shop', environment: 'production', actor: 'claimed' };
/** A call of each kind. */
const calls: Record<string, { path?: string; sent?: object }> = {
  'GET /v1/rollouts/:id': { path: '/v1/rollouts/ro-1' },
  'GET /v1/rollouts/:id/watch': { path: '/v1/rollouts/ro-1/watch' },
  'GET /v1/ships/:id': { path: '/v1/ships/s-1' },
  'GET /v1/ships/:id/watch': { path: '/v1/ships/s-1/watch' },
  'GET /v1/logs': { path: '/v1/logs?app=shop&environment=production&process=web' },
  'GET /v1/apps/:app/heads': { path: '/v1/apps/shop/heads' },
  'PUT /v1/apps/:app/commits/:sha': { path: `/v1/apps/shop/commits/${commit}?ref=bad` },
  'GET /v1/secrets': { path: '/v1/secrets?app=shop&environment=production' },
  'PUT /v1/secrets': { sent: { ...inProduction, name: 'KEY', value: 'the-very-value' } },
  'GET /v1/flags': { path: '/v1/flags?app=shop&environment=production' },
  'GET /v1/flags/history': { path: '/v1/flags/history?app=shop&environment=production' },
  'POST /v1/flags': { sent: { ...inProduction, wish: { kind: 'back', version: null } } },
  'POST /v1/flags/evaluations': { sent: { ...inProduction, flag: 'checkout', context: {} } },
  'POST /v1/plans': { sent: shipWish },
  'POST /v1/ships': { sent: shipWish },
  'POST /v1/ships/:id/rerun': { path: '/v1/ships/s-1/rerun', sent: { actor: 'claimed', failed: true } },
  'POST /v1/ships/:id/cancel': { path: '/v1/ships/s-1/cancel', sent: { actor: 'claimed' } },
  'POST /v1/rollbacks': { sent: inProduction },
  'POST /v1/words': { sent: { ...inProduction, verb: 'approve' } },
  'POST /v1/aborts': { sent: inProduction },
  'POST /v1/repairs': { sent: inProduction },
  'POST /v1/replacements': { sent: { ...inProduction, service: 'database' } },
  'POST /v1/collections': { sent: { dryRun: true } },
  'POST /v1/audit': { sent: {} },
  'POST /v1/grants': { sent: { person: 'new', role: 'nothing' } },
  'POST /v1/revocations': { sent: { person: 'nobody-here' } },
  'POST /v1/reviews': { sent: { where: 'production', on: false } },
  'POST /v1/shutdown': { sent: {} },
};

async function allowed(person: string | null, call: string): Promise<boolean> {
  const [method = '', route = ''] = call.split(' ');
  const { path = route, sent } = calls[call] ?? {};
  const { status, body } = await ask(person, `${method} ${path}`, sent);
  const [finding] = (body as Partial<ErrorBody> | null)?.findings ?? [];
  expect(status === 403).toBe(finding?.code === 'access/may-not');
  expect(finding?.code).not.toBe('server/internal');
  return status !== 403;
}

describe('every call of the API', () => {
  test('says what it needs, and nothing else does', () => {
    expect([...guard.routes].toSorted()).toEqual(Object.keys(needs).toSorted());
  });

  test('is let through for these roles, where each is granted everywhere and somebody else began it', async () => {
    await set(...roles.map((role) => `${role}1: ${role}`));
    const rows: string[] = [];
    for (const call of Object.keys(needs)) {
      const may: string[] = [];
      for (const role of roles) if (await allowed(`${role}1`, call)) may.push(role);
      rows.push(`${call.padEnd(32)} ${may.join(' ')}`);
    }
    expect(`\n${rows.join('\n')}\n`).toMatchInlineSnapshot(`
      "
      GET /v1/health                   viewer deployer reviewer admin
      GET /v1/status                   viewer deployer reviewer admin
      GET /v1/history                  viewer deployer reviewer admin
      GET /v1/ships                    viewer deployer reviewer admin
      GET /v1/access                   viewer deployer reviewer admin
      GET /v1/events                   viewer deployer reviewer admin
      POST /v1/audit                   viewer deployer reviewer admin
      GET /v1/rollouts/:id             viewer deployer reviewer admin
      GET /v1/rollouts/:id/story       viewer deployer reviewer admin
      GET /v1/rollouts/:id/watch       viewer deployer reviewer admin
      GET /v1/ships/:id                viewer deployer reviewer admin
      GET /v1/ships/:id/watch          viewer deployer reviewer admin
      GET /v1/logs                     viewer deployer reviewer admin
      GET /v1/apps/:app/heads          deployer reviewer admin
      PUT /v1/apps/:app/commits/:sha   deployer reviewer admin
      POST /v1/plans                   deployer reviewer admin
      POST /v1/ships                   deployer admin
      POST /v1/ships/:id/rerun         deployer admin
      POST /v1/ships/:id/cancel        reviewer admin
      POST /v1/rollbacks               deployer admin
      POST /v1/aborts                  reviewer admin
      POST /v1/words                   reviewer admin
      POST /v1/repairs                 admin
      POST /v1/replacements            admin
      POST /v1/collections             admin
      PUT /v1/secrets                  admin
      GET /v1/secrets                  admin
      GET /v1/flags                    viewer deployer reviewer admin
      GET /v1/flags/history            viewer deployer reviewer admin
      POST /v1/flags/evaluations       viewer deployer reviewer admin
      POST /v1/flags                   deployer admin
      GET /v1/flags/ramps              viewer deployer reviewer admin
      POST /v1/flags/ramps             deployer admin
      POST /v1/flags/ramps/words       deployer admin
      POST /v1/grants                  admin
      POST /v1/revocations             admin
      POST /v1/reviews                 admin
      POST /machine/calls              admin
      PUT /machine/images              admin
      PUT /machine/files               admin
      GET /machine/logs                admin
      POST /v1/shutdown                admin
      "
    `);
  });

  test('is let through for the owner, whoever else there is', async () => {
    await set('ana: viewer');
    for (const call of Object.keys(needs)) expect([call, await allowed(null, call)]).toEqual([call, true]);
  });

  test('is refused to a person whose grants are for another environment', async () => {
    await set('ana: admin staging');
    const about = Object.keys(needs).filter((call) =>
      JSON.stringify(calls[call] ?? {}).includes('production'),
    );
    expect(about.length).toBeGreaterThan(6);
    for (const call of about) expect([call, await allowed('ana', call)]).toEqual([call, false]);
  });

  test('is refused at once when the last grant is gone, and a stream that is followed ends', async () => {
    await set('ana: viewer');
    expect((await ask('ana', 'GET /v1/status')).status).toBe(200);
    policy = nobodyElse;
    expect((await ask('ana', 'GET /v1/status')).status).toBe(403);
    await doors.match([]);
    await expect(ask('ana', 'GET /v1/status')).rejects.toThrow('ENOENT');
  });
});

test('pausing and resuming is for whoever began it, and for reviewers', async () => {
  await set('ana: deployer', 'tom: deployer', 'lena: reviewer');
  const pause = async (person: string) =>
    (await ask(person, 'POST /v1/words', { ...inProduction, verb: 'pause' })).status;
  expect([await pause('ana'), await pause('tom'), await pause('lena')]).toEqual([403, 200, 200]);
});

test('the name that a call claims is replaced by the proven one, of the owner too', async () => {
  await set('tom: deployer');
  await ask('tom', 'POST /v1/ships', shipWish);
  await ask(null, 'POST /v1/rollbacks', inProduction);
  const actors = heard
    .filter(({ method }) => ['ship', 'rollback'].includes(method))
    .map(({ wish }) => (wish as { actor: string }).actor);
  expect(actors).toEqual(['tom', ownerName()]);
});

test('without people, names are those that are claimed, and only reading secrets is written down', async () => {
  await set();
  await ask(null, 'POST /v1/ships', shipWish);
  await ask(null, 'GET /v1/secrets?app=shop&environment=production');
  expect(heard.find(({ method }) => method === 'ship')?.wish).toMatchObject({ actor: 'claimed' });
  expect(events.map(({ chain, type, actor }) => `${chain} ${type} ${actor}`)).toEqual([
    `shop/production secrets.listed ${ownerName()}`,
  ]);
});

test('what changes something is in the audit chain with who did it and how that is known; what is refused in the log', async () => {
  await set('ana: admin', 'eve: viewer');
  const secret = { ...inProduction, name: 'KEY', value: 'the-very-value' };
  await ask('ana', 'PUT /v1/secrets', secret);
  await ask('eve', 'PUT /v1/secrets', secret);
  expect(events[0]).toEqual({
    chain: 'shop/production',
    type: 'access.used',
    actor: 'ana',
    data: { call: 'PUT /v1/secrets', proof: `let in as ana by uid ${process.getuid?.()}` },
  });
  expect(events.filter(({ actor }) => actor === 'eve')).toEqual([]);
  expect(log.map(({ message }) => message)).toEqual(['refused: eve may not administer shop/production']);
  expect(JSON.stringify([events, log])).not.toContain('the-very-value');
});

test('lists hold what the person may see, and say why they may not approve', async () => {
  await set('ana: viewer shop/production', 'lena: reviewer', 'max: reviewer');
  const status = (await ask('ana', 'GET /v1/status')).body as {
    environments: { environment: string; rollout: { asks: { mayNot?: string } } }[];
    ramps: { flag: string }[];
    you: object;
  };
  expect(status.environments.map(({ environment }) => environment)).toEqual(['production']);
  expect(status.ramps.map(({ flag }) => flag)).toEqual(['cart']);
  expect(status.you).toMatchObject({ name: 'ana', is: 'viewer of shop/production' });
  const mayNot = async (person: string) => {
    const { body } = await ask(person, 'GET /v1/status');
    return (body as typeof status).environments[0]?.rollout.asks.mayNot ?? null;
  };
  expect(await mayNot('ana')).toBe(
    `ana may not approve, reject or promote in shop/production; ana is viewer of shop/production; may: lena (reviewer everywhere), max (reviewer everywhere), ${ownerName()} (the owner)`,
  );
  expect(await mayNot('max')).toBe('max is not among its reviewers');
  expect(await mayNot('lena')).toBeNull();
  expect((await ask('ana', 'GET /v1/history')).body).toHaveLength(1);
  expect((await ask('ana', 'GET /v1/ships')).body).toHaveLength(1);
  expect((await ask('ana', 'GET /v1/events')).body).toEqual([
    { chain: 'shop/production' },
    { chain: 'shop' },
  ]);
});

test('a person sees their own grants, an admin those of all', async () => {
  await set('ana: viewer', 'tom: admin');
  const names = async (person: string) => {
    const { body } = await ask(person, 'GET /v1/access');
    return (body as { people: { name: string }[] }).people.map(({ name }) => name);
  };
  expect([await names('ana'), await names('tom')]).toEqual([['ana'], ['ana', 'tom']]);
});

test('granting opens a door and revoking closes it, each with its event', async () => {
  await set('tom: admin');
  const person = 'a-person-of-this-test';
  await ask('tom', 'POST /v1/grants', { person, role: 'viewer' });
  expect((await ask(person, 'GET /v1/health')).status).toBe(200);
  await ask('tom', 'POST /v1/revocations', { person });
  await expect(ask(person, 'GET /v1/health')).rejects.toThrow('ENOENT');
  expect(events.map(({ type, actor }) => `${type} ${actor}`)).toEqual([
    'access.granted tom',
    'access.revoked tom',
  ]);
});
