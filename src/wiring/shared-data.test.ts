import { expect, test } from 'vitest';
import type { EnvironmentState } from '../delivery/index.ts';
import { resolved, running } from './forecast/testing/situation.ts';
import { shapeOfCompose } from './resolve-compose.ts';
import type { Stranger } from './machines/strangers.ts';
import { placesOf, sharedDataFindings, type DataWish } from './shared-data.ts';

/** A shop whose database has a name, and mounts something. */
const shop = (name: string, mount: string, volumes = '{ data: { external: true, name: shop_data } }') => ({
  compose: `
services:
  web: { build: web, ports: ["80:3000"] }
  ${name}: { image: "postgres:17", volumes: ["${mount}"] }
volumes: ${volumes}
`,
});
const data = 'data:/var/lib/postgresql/data';

const runningIn = (scope: string, commit: { compose: string }): EnvironmentState => ({
  ...running(commit),
  scope,
});

function wished(commit: { compose: string }, scope = 'shop/production'): DataWish {
  const { app } = resolved(commit);
  return { ...shapeOfCompose(app), machines: app.environment.machines, scope };
}

const findings = (wish: DataWish, states: EnvironmentState[], inCommit: string[] = []) =>
  sharedDataFindings(wish, { states, isInCommit: (path) => inCommit.includes(path), strangers: [] });
const production = (commit: { compose: string }) => [runningIn('shop/production', commit)];

test('a database that is renamed does not get the volume while the old one runs', () => {
  const [finding, ...others] = findings(wished(shop('storage', data)), production(shop('store', data)));
  expect(others).toEqual([]);
  expect(finding).toMatchObject({
    code: 'wiring/data-taken',
    severity: 'error',
    message:
      '"storage" of shop/production would write to the volume "shop_data", which is the data of the shared service "store"',
    at: { file: 'compose.yml', start: { line: 4 } },
  });
  expect(finding?.help).toContain('keep the name "store"');
  expect(finding?.help).toContain('ship a commit without both');
});

test('what serves does not have the old one any more: it can be ended at once', () => {
  const [state] = production(shop('store', data)) as [EnvironmentState];
  const later = { ...state, stable: state.stable && { ...state.stable, shared: [] } };
  const [finding] = findings(wished(shop('storage', data)), [later]);
  expect(finding?.help).toMatch(/^end the old one first: slipway apply store --environment production; or/);
});

test('a volume without a name of its own is one in all services of its environment, and no other', () => {
  const before = shop('store', data, '{ data: }');
  const now = wished(shop('storage', data, '{ data: }'));
  expect(findings(now, production(before))[0]?.message).toContain('"slipway-shop-production_data"');
  expect(findings(now, [runningIn('shop/staging', before)])).toEqual([]);
});

test('a second environment does not get the volume of the first, which runs or is about to', () => {
  const commit = shop('db', data);
  const wish = wished(commit, 'shop/staging');
  const state = runningIn('shop/production', commit);
  const [finding] = findings(wish, [state]);
  expect(finding?.message).toBe(
    '"db" of shop/staging would write to the volume "shop_data", which is the data of the shared service "db" of shop/production',
  );
  expect(finding?.help).toMatch(/^give shop\/staging a volume or folder of its own: .* \$\{DATA\}/);
  const rollout = { candidate: state.stable } as EnvironmentState['rollout'];
  expect(findings(wish, [{ ...state, shared: [], stable: null, rollout }])).toHaveLength(1);
  expect(findings(wish, [{ ...state, shared: [] }])).toEqual([]);
});

test.each([
  ['/srv/db:/var/lib/postgresql/data', '/srv/db/:/data'],
  ['./pg:/var/lib/postgresql/data', './pg/:/data'],
])('a folder is one however it is written: %s, %s', (before, now) => {
  expect(findings(wished(shop('storage', now)), production(shop('store', before)))).toHaveLength(1);
});

test('a volume that stands for a folder is that folder', () => {
  const local = '{ data: { driver_opts: { type: none, o: bind, device: /srv/db } } }';
  const before = shop('db', '/srv/db:/var/lib/postgresql/data');
  const there = [runningIn('shop/staging', before)];
  expect(findings(wished(shop('db', data, local)), there)).toHaveLength(1);
});

test.each([
  ['what is only read', 'data:/data:ro', []],
  ['what the commit has', './pg:/data', ['pg']],
  ['a socket of the machine', '/var/run/docker.sock:/var/run/docker.sock', []],
  ['the clock of the machine', '/etc/localtime:/etc/localtime', []],
])('%s may be had by many', (_, mount, inCommit) => {
  expect(findings(wished(shop('storage', mount)), production(shop('store', mount)), inCommit)).toEqual([]);
});

test('a folder of another machine is another folder', () => {
  const commit = shop('db', '/srv/db:/var/lib/postgresql/data');
  const wish = { ...wished(commit, 'shop/staging'), machines: ['ana@two'] };
  expect(findings(wish, production(commit))).toEqual([]);
});

test('two new databases of one commit do not share a volume; what runs so already is told, and no more', () => {
  const both = {
    compose: `
services:
  web: { build: web, ports: ["80:3000"] }
  one: { image: "postgres:17", volumes: ["data:/a"] }
  two: { image: "postgres:17", volumes: ["data:/b"] }
volumes: { data: }
`,
  };
  const severities = (states: EnvironmentState[]) =>
    findings(wished(both), states).map(({ message, severity }) => [message.slice(0, 5), severity]);
  expect(severities([])).toEqual([['"two"', 'error']]);
  expect(severities(production(both))).toEqual([
    ['"one"', 'warning'],
    ['"two"', 'warning'],
  ]);
});

test('what runs as it is told is nobody else', () => {
  const commit = shop('db', data);
  expect(findings(wished(commit), production(commit))).toEqual([]);
});

const composeDatabase: Stranger = {
  name: 'shop-db-1',
  places: ['volume shop_data'],
  runs: true,
  by: { compose: 'shop', service: 'db' },
};
const withStrangers = (wish: DataWish, strangers: Stranger[], states: EnvironmentState[] = []) =>
  sharedDataFindings(wish, { states, isInCommit: () => false, strangers });

test('a database does not get the volume on which another one runs that docker compose has started', () => {
  const wish = wished(shop('db', data));
  expect(placesOf(wish)).toEqual(['volume shop_data']);
  const [finding, ...others] = withStrangers(wish, [composeDatabase]);
  expect(others).toEqual([]);
  expect(finding).toMatchObject({
    code: 'wiring/data-taken',
    severity: 'error',
    message:
      '"db" of shop/production would write to the volume "shop_data", to which the container "shop-db-1" writes, which this Slipway server has not started',
    at: { file: 'compose.yml', start: { line: 4 } },
  });
  expect(finding?.help).toMatch(/^end it first: docker compose -p shop stop db; or give "db" a volume/);
});

test('where the database runs already, somebody else on its volume is only told', () => {
  const commit = shop('db', data);
  const [finding] = withStrangers(wished(commit), [composeDatabase], production(commit));
  expect(finding?.severity).toBe('warning');
});

test.each([
  ['a person', null, /^end it first: docker stop psql/],
  [
    'another server',
    { slipway: 'shop/test' },
    /^another Slipway server runs it for shop\/test: end it there/,
  ],
])('whoever is to end it is told how: %s', (_, by, help) => {
  const [finding] = withStrangers(wished(shop('db', data)), [{ ...composeDatabase, name: 'psql', by }]);
  expect(finding?.help).toMatch(help);
});

test('what has ended and comes back after a reboot is a warning with the command that removes it', () => {
  const [finding] = withStrangers(wished(shop('db', data)), [{ ...composeDatabase, runs: false }]);
  expect(finding).toMatchObject({
    severity: 'warning',
    message: expect.stringContaining('Docker starts it again after a reboot'),
    help: expect.stringContaining('docker compose -p shop rm db'),
  });
});

test.each([
  ['/srv/db', 1],
  ['/srv', 1],
  ['/srv/db/base', 1],
  ['/srv/dbs', 0],
  ['/', 0],
])('a folder inside of another is the same data: %s', (place, count) => {
  const wish = wished(shop('db', '/srv/db:/var/lib/postgresql/data'));
  expect(withStrangers(wish, [{ ...composeDatabase, places: [place] }])).toHaveLength(count);
});

test('an engine is not asked about folders that it cannot know', () => {
  expect(placesOf(wished(shop('db', './pg:/var/lib/postgresql/data')))).toEqual([]);
});

test('on another machine the command is for that one', () => {
  const wish = { ...wished(shop('db', data)), machines: ['ana@two'] };
  expect(withStrangers(wish, [composeDatabase])[0]?.help).toMatch(/^end it first on ana@two: docker compose/);
});
