import { execFileSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseApp, type App } from '../app/index.ts';
import type { EnvironmentState } from '../delivery/index.ts';
import { openMirror } from '../source/index.ts';
import { checkCompose } from './compose-checks.ts';
import { running } from './forecast/testing/situation.ts';
import { layoutOf } from './layout.ts';
import type { Stranger } from './machines/strangers.ts';
import { askReplacement } from './mending.ts';
import { planCompose } from './plan-compose.ts';
import { takenData } from './shared-data-checks.ts';
import type { CheckedCommit, ShipWish } from './shipping.ts';
import type { System } from './system.ts';

const shop = (name: string) => `
services:
  web: { build: web, ports: ["80:3000"] }
  ${name}: { image: "postgres:17", volumes: ["data:/var/lib/postgresql/data"] }
volumes: { data: { external: true, name: shop_data } }
`;
const yml = 'name: shop\nenvironments: { production: { branches: [main] } }\n';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'sw-data-'));
});
afterEach(() => rmSync(home, { recursive: true }));

/** A server with environments, on a machine where others write to what it is asked about. */
function systemWith(
  states: EnvironmentState[],
  strangers: Stranger[] = [],
): { system: System; signals: unknown[] } {
  const signals: unknown[] = [];
  const engine = { images: { inspect: () => Promise.resolve(null) } };
  const system = {
    layout: layoutOf(home),
    vault: { versions: () => Promise.resolve([]) },
    docker: { engine },
    machines: { of: () => ({ strangers: () => Promise.resolve(strangers) }) },
    store: {
      flows: {
        list: () => Promise.resolve(states.map((data) => ({ data }))),
        get: (id: string) => {
          const data = states.find(({ scope }) => id.endsWith(`:${scope}`));
          return Promise.resolve(data ? { data } : null);
        },
        signal: (...signal: unknown[]) => Promise.resolve(signals.push(signal)),
      },
    },
  };
  return { system: system as unknown as System, signals };
}

/** Puts a commit of the shop into the server's copy of its repository. */
function committed(compose: string): string {
  const source = join(home, 'source');
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=Ana', '-c', 'user.email=ana@example.com', ...args], {
      cwd: source,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  mkdirSync(source);
  git('init', '-b', 'main');
  writeFileSync(join(source, 'compose.yml'), compose);
  git('add', '.');
  git('commit', '-m', 'Shop');
  const { mirror } = layoutOf(home).app('shop');
  mkdirSync(join(mirror, '..'), { recursive: true });
  git('clone', '--bare', source, mirror);
  return git('rev-parse', 'HEAD');
}

function appOfShop(): App {
  const app = parseApp({
    rootFiles: ['compose.yml'],
    slipwayYml: { file: 'slipway.yml', text: yml },
    fallbackName: 'shop',
  });
  if (!app.ok) throw new Error('no app');
  return app.value;
}

test('a renamed database is refused in the plan, and before the pipeline of the ship', async () => {
  const commit = committed(shop('storage'));
  const state = running({ compose: shop('store'), yml });
  const { system } = systemWith([state]);
  const app = appOfShop();
  const [definition] = app.environments;
  if (!definition) throw new Error('no environment');
  const refusal = {
    code: 'wiring/data-taken',
    severity: 'error',
    at: { file: 'compose.yml', start: { line: 4 } },
  };

  const mirror = await openMirror(system.layout.app('shop').mirror);
  const plan = await planCompose({ app, definition, state, mirror, commit }, system);
  expect(plan.findings).toContainEqual(expect.objectContaining({ code: refusal.code }));

  const wish = { app: 'shop', commit, ref: 'refs/heads/main' } as ShipWish;
  const checked = { app, sources: {} } as unknown as Pick<CheckedCommit, 'app' | 'sources'>;
  await expect(checkCompose(wish, checked, system)).rejects.toMatchObject({ findings: [refusal] });
  const free = systemWith([]).system;
  await expect(checkCompose(wish, checked, free)).resolves.toMatchObject({ warnings: [] });
});

test('a rollout that is being prepared, such as a way back, is told whose volume its database would take', async () => {
  const [one, two] = ['shop/production', 'shop/staging'].map((scope) => ({
    ...running({ compose: shop('db'), yml }),
    scope,
  })) as [EnvironmentState, EnvironmentState];
  const rollout = { candidate: one.stable, phase: { at: 'preparing' } } as EnvironmentState['rollout'];
  const empty: EnvironmentState = { ...one, shared: [] };
  const comes = { ...empty, rollout };
  const { system } = systemWith([empty, two]);
  expect(await takenData(comes, system)).toMatch(
    /^"db" of shop\/production would write to the volume "shop_data", .* of shop\/staging; give shop\/production/,
  );
  expect(await takenData({ ...comes, shared: one.shared }, systemWith([one, two]).system)).toBeNull();
  expect(await takenData(comes, systemWith([empty]).system)).toBeNull();
});

test('a shared service is not replaced by one that takes the volume of another; one that is no longer defined ends', async () => {
  const before = running({ compose: shop('store'), yml });
  const after = running({ compose: shop('storage'), yml });
  const both: EnvironmentState = { ...after, shared: [...before.shared, ...after.shared] };
  const { system, signals } = systemWith([both]);
  const wish = { app: 'shop', environment: 'production', actor: 'ana' };
  await expect(askReplacement({ ...wish, service: 'storage' }, system)).rejects.toMatchObject({
    code: 'wiring/data-taken',
    help: expect.stringContaining('end the old one first: slipway apply store --environment production'),
  });
  expect(signals).toEqual([]);
  await askReplacement({ ...wish, service: 'store' }, system);
  expect(signals).toHaveLength(1);
});

const compose: Stranger = {
  name: 'shop-db-1',
  places: ['volume shop_data'],
  runs: true,
  by: { compose: 'shop', service: 'db' },
};
const told = /container "shop-db-1" writes/;
const way = /docker compose -p shop stop db/;

test('a volume on which docker compose still runs a database is refused in the plan and before the pipeline', async () => {
  const commit = committed(shop('db'));
  const app = appOfShop();
  const [definition] = app.environments;
  if (!definition) throw new Error('no environment');
  const { system } = systemWith([], [compose]);
  const refusal = { code: 'wiring/data-taken', severity: 'error', help: expect.stringMatching(way) };
  const mirror = await openMirror(system.layout.app('shop').mirror);
  const plan = await planCompose({ app, definition, state: null, mirror, commit }, system);
  expect(plan.findings).toContainEqual(expect.objectContaining(refusal));
  const wish = { app: 'shop', commit, ref: 'refs/heads/main' } as ShipWish;
  const checked = { app, sources: {} } as unknown as Pick<CheckedCommit, 'app' | 'sources'>;
  await expect(checkCompose(wish, checked, system)).rejects.toMatchObject({ findings: [refusal] });
});

test('nor does a rollout start it there, nor an apply; what is only stopped does not stand in the way', async () => {
  const state = running({ compose: shop('db'), yml });
  const rollout = { candidate: state.stable, phase: { at: 'preparing' } } as EnvironmentState['rollout'];
  const empty: EnvironmentState = { ...state, shared: [] };
  const comes = { ...empty, rollout };
  expect(await takenData(comes, systemWith([empty], [compose]).system)).toMatch(told);
  expect(await takenData(comes, systemWith([empty], [{ ...compose, runs: false }]).system)).toBeNull();
  const { system, signals } = systemWith([state], [compose]);
  const wish = { app: 'shop', environment: 'production', actor: 'ana', service: 'db' };
  await expect(askReplacement(wish, system)).rejects.toMatchObject({
    code: 'wiring/data-taken',
    help: expect.stringMatching(way),
  });
  expect(signals).toEqual([]);
  const later = systemWith([state], [{ ...compose, runs: false }]);
  await askReplacement(wish, later.system);
  expect(later.signals).toHaveLength(1);
});
