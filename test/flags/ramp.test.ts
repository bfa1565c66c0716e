import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Flag, FlagDocument } from '../../src/flags/index.ts';
import type { RampView } from '../../src/wiring/index.ts';
import { persist, signal, startRig, until, type Rig } from '../rig/index.ts';

/* Ramps on a real server that is killed, with an app that tells which users met trouble. */

const place = { app: 'rig', environment: 'production' };
const dark: Flag = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' };
const keys = ['cart', 'menu', 'search', 'theme', 'help'];
const document: FlagDocument = { flags: Object.fromEntries(keys.map((key) => [key, dark])) };

let rig: Rig;
let url: string;

beforeAll(async () => {
  rig = await startRig();
  await rig.client.changeFlags({
    ...place,
    actor: 'ana',
    wish: { kind: 'apply', file: 'flags.json', text: JSON.stringify(document) },
  });
  url = `http://${(await rig.client.flags(place)).address}`;
});

afterAll(() => rig.close());

const begin = (flag: string, change: { steps?: number[]; holdMs?: number } = {}) =>
  rig.client.rampFlag({
    ...place,
    flag,
    variant: 'on',
    steps: [20, 50, 100],
    holdMs: 1_000,
    actor: 'ana',
    ...change,
  });
const rampOf = async (flag: string): Promise<RampView> => {
  const found = (await persist(() => rig.client.flagRamps(place))).find((one) => one.flag === flag);
  if (!found) throw new Error(`${flag} was never ramped`);
  return found;
};
const ends = async (flag: string) => {
  const over = ['done', 'failed', 'aborted', 'overtaken'];
  await until(
    `the ramp of ${flag} has ended`,
    async () => over.includes((await rampOf(flag)).state),
    () => rampOf(flag),
  );
  return rampOf(flag);
};
const flagOf = async (flag: string) => {
  const { document } = await rig.client.flags(place);
  return (document as FlagDocument).flags[flag];
};
const historyOf = async (flag: string) =>
  (await rig.client.flagHistory({ ...place, limit: 100 }))
    .toReversed()
    .flatMap(({ actor, changes }) => changes.map((line) => `${actor} ${line}`))
    .filter((line) => line.includes(`${flag}: rules`) || line.includes(`${flag}: default`));

test('a share grows by itself, through a kill -9 of the server, and every step is in the audit', async () => {
  await begin('cart');
  await until('the second step', async () => (await rampOf('cart')).percent === 50);
  signal((await rig.client.health()).pid, 'SIGKILL');
  await rig.startServer();
  expect(await ends('cart')).toMatchObject({
    state: 'done',
    percent: 100,
    word: 'no harm was shown; unproven',
  });
  expect(await flagOf('cart')).toEqual({ ...dark, defaultVariant: 'on' });
  expect(await historyOf('cart')).toEqual([
    'slipway cart: rules none → on for 20 %, off for 80 %',
    'slipway cart: rules on for 20 %, off for 80 % → on for 50 %, off for 50 %',
    'slipway cart: default off → on',
    'slipway cart: rules on for 50 %, off for 50 % → none',
  ]);
  expect((await rig.client.audit()).intact).toBe(true);
});

test('a variant whose users meet trouble goes back to what the flag was, with the odds', async () => {
  await begin('menu', { holdMs: 600_000 });
  await until('the first share', async () => (await rampOf('menu')).state === 'holding');
  const post = (path: string, body: object) =>
    fetch(`${url}${path}`, { method: 'POST', body: JSON.stringify(body) });
  for (let user = 0; user < 60; user++) {
    const targetingKey = `user-${user}`;
    const answer = await post('/ofrep/v1/evaluate/flags/menu', { context: { targetingKey } });
    const { value } = (await answer.json()) as { value: boolean };
    // A tenth of all users meets trouble anyway; who has the new menu always does.
    if (value || user % 10 === 0)
      expect((await post('/slipway/v1/troubles', { targetingKey })).status).toBe(202);
  }
  const ended = await ends('menu');
  expect(ended).toMatchObject({ state: 'failed', percent: null });
  expect(ended.word).toMatch(
    /^of \d+ users who met trouble \d+ had "on" of menu, which was shown to 20 %; odds against chance .* : 1$/,
  );
  expect(await flagOf('menu')).toEqual(dark);
  const events = await rig.client.events({ chain: 'rig/production' });
  expect(events.filter(({ type }) => type === 'flags.ramp-ended').at(-1)).toMatchObject({
    actor: 'slipway',
    data: { flag: 'menu', end: 'failed', reason: ended.word },
  });
});

test('a flag has one ramp at a time, and what somebody sets meanwhile stays', async () => {
  await begin('search', { holdMs: 600_000 });
  await until('the first share', async () => (await rampOf('search')).state === 'holding');
  const { ramps } = await rig.client.status();
  expect(ramps).toMatchObject([{ ...place, flag: 'search', percent: 20, state: 'holding' }]);
  await expect(begin('search')).rejects.toMatchObject({
    findings: [{ code: 'wiring/ramp-under-way' }],
  });
  await rig.client.changeFlags({
    ...place,
    actor: 'ben',
    wish: { kind: 'set', flag: 'search', variant: 'off' },
  });
  expect(await ends('search')).toMatchObject({ state: 'overtaken' });
  expect(await flagOf('search')).toEqual(dark);
});

test('people take a ramp back, or give it to everybody', async () => {
  await begin('theme', { holdMs: 600_000 });
  await until('the first share', async () => (await rampOf('theme')).state === 'holding');
  await rig.client.tellRamp({ ...place, flag: 'theme', actor: 'ben', verb: 'abort' });
  expect(await ends('theme')).toMatchObject({ state: 'aborted', word: 'aborted by ben' });
  expect(await flagOf('theme')).toEqual(dark);
  await begin('help', { holdMs: 600_000 });
  await rig.client.tellRamp({ ...place, flag: 'help', actor: 'ben', verb: 'promote' });
  expect(await ends('help')).toMatchObject({ state: 'done', percent: 100 });
  await expect(
    rig.client.tellRamp({ ...place, flag: 'help', actor: 'ben', verb: 'abort' }),
  ).rejects.toMatchObject({ findings: [{ code: 'wiring/no-ramp' }] });
});
