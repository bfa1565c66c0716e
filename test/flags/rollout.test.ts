import { get } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Flag, FlagDocument } from '../../src/flags/index.ts';
import { persist, signal, startRig, until, type Rig, type VersionOptions } from '../rig/index.ts';

/* Flags as steps of rollouts, on a real server: what apps are answered, and what comes back with a way back. */

const place = { app: 'rig', environment: 'production' };
const dark: Flag = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' };
const keys = ['cart', 'menu', 'search', 'theme'];
const document: FlagDocument = { flags: Object.fromEntries(keys.map((key) => [key, dark])) };

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
  await rig.client.changeFlags({
    ...place,
    actor: 'ana',
    wish: { kind: 'apply', file: 'flags.json', text: JSON.stringify(document) },
  });
  await rig.shipAndWait('v1', { worker: false });
});

afterAll(() => rig.close());

/** What apps are answered at this moment. */
async function answered(flag: string): Promise<unknown> {
  const { address } = await persist(() => rig.client.flags(place));
  const answer = await fetch(`http://${address}/ofrep/v1/evaluate/flags/${flag}`, { method: 'POST' });
  return ((await answer.json()) as { value: unknown }).value;
}

const rollout = async () => (await rig.environment()).rollout;

/** Ships, and waits until the rollout is there; its id. */
async function shipTo(state: string, steps: string, more: VersionOptions = {}): Promise<string> {
  await rig.rest();
  await rig.ship(`v-${steps}`, { worker: false, steps, ...more });
  await until(`the rollout is ${state}`, async () => (await rollout())?.state === state, rollout);
  return (await rollout())?.id ?? '';
}

/** Who has changed a flag since its first version, in order. */
const historyOf = async (flag: string) =>
  (await rig.client.flagHistory({ ...place, limit: 100 }))
    .toReversed()
    .slice(1)
    .flatMap(({ actor, why, changes }) => changes.map((line) => `${line}, by ${actor}, ${why ?? 'himself'}`))
    .filter((line) => line.startsWith(`${flag}:`));

/** A user asks, whatever is answered. */
const visit = () =>
  new Promise<void>((done) => {
    get({ host: '127.0.0.1', port: rig.port, headers: { host: 'rig.localhost' } }, (response) => {
      response.resume().on('end', done);
    }).on('error', () => done());
  });

test('a good version leaves its flag on, through a kill -9 of the server, and its story tells so', async () => {
  const id = await shipTo('holding', '[{ weight: 50%, hold: approval, flags: { cart: on } }, 100%]');
  expect(await answered('cart')).toBe(true);
  await expect(
    rig.client.rampFlag({ ...place, flag: 'cart', variant: 'off', steps: [50], holdMs: 1_000, actor: 'ben' }),
  ).rejects.toMatchObject({ findings: [{ code: 'wiring/flag-of-rollout' }] });
  signal((await rig.client.health()).pid, 'SIGKILL');
  await rig.startServer();
  await rig.client.say({ ...place, verb: 'approve', actor: 'ana' });
  expect(await rig.rolloutEnds(id)).toMatchObject({ state: 'succeeded' });
  expect(await answered('cart')).toBe(true);
  expect(await historyOf('cart')).toEqual([
    `cart: default off → on, by slipway, ${id}: step 1 of 2, at 50 %`,
  ]);
  const { moments } = await rig.client.story(id);
  expect(moments.map(({ says }) => says)).toContain('it turned flags: cart: default off → on');
  expect((await rig.client.audit()).intact).toBe(true);
});

test('a bad version goes back, and its flag is off again', async () => {
  const id = await shipTo('baking', '[50%, { weight: 100%, flags: { menu: on } }]', {
    behaves: 'sick-with-users',
    bake: '10m',
  });
  expect(await answered('menu')).toBe(true);
  await visit();
  const ended = await rig.rolloutEnds(id);
  expect(ended.state).toBe('failed');
  expect(await answered('menu')).toBe(false);
  expect(await historyOf('menu')).toEqual([
    `menu: default off → on, by slipway, ${id}: step 2 of 2, at 100 %`,
    `menu: default on → off, by slipway, ${id}: taken back: ${ended.detail}`,
  ]);
});

test('what somebody sets meanwhile stays on the way back, and the story tells so', async () => {
  const id = await shipTo('holding', '[{ weight: 50%, hold: approval, flags: { search: on } }, 100%]');
  const share = { kind: 'ramp', flag: 'search', variant: 'on', percent: 10 } as const;
  await rig.client.changeFlags({ ...place, actor: 'ben', wish: share });
  await rig.client.abort({ ...place, actor: 'ana' });
  expect(await rig.rolloutEnds(id)).toMatchObject({ state: 'aborted' });
  const { moments } = await rig.client.story(id);
  expect(moments.map(({ says }) => says)).toContain('somebody else had changed search, and that was left so');
  expect((await historyOf('search')).at(-1)).toMatch(/on for 10 %.*, by ben, himself$/);
});

/** Why a ship of these steps fails. */
async function refusal(steps: string): Promise<string | null> {
  const { ship } = await rig.ship(steps, { worker: false, steps });
  await until('the ship has failed', async () => (await rig.client.getShip(ship)).state === 'failed');
  return (await rig.client.getShip(ship)).reason;
}

test('a flag that is not there is refused before anything starts, and one under a ramp is not turned', async () => {
  const serving = (await rig.rest()).serving?.revision;
  expect(await refusal('[{ weight: 100%, flags: { basket: on } }]')).toMatch(
    'a step of production turns basket to "on": there is no flag "basket" here; look at "slipway flags production"',
  );
  expect(await refusal('[{ weight: 100%, flags: { cart: purple } }]')).toMatch(
    '"cart" has no variant "purple"',
  );
  const wish = { variant: 'on', steps: [20, 100], holdMs: 600_000, actor: 'ana' };
  await rig.client.rampFlag({ ...place, flag: 'theme', ...wish });
  expect(await refusal('[{ weight: 100%, flags: { theme: on } }]')).toMatch(
    /a step turns theme, which is being ramped \(ra-\w+\)/,
  );
  expect((await rig.rest()).serving?.revision).toBe(serving);
});
