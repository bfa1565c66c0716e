import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Flag, FlagDocument } from '../../flags/index.ts';
import { currentOwner, openStore, type Store } from '../../store/index.ts';
import { changedEvent, changeFlags, documentOf, type FlagWish } from './change.ts';
import { layoutOf } from '../layout.ts';
import { flagVariables } from './port.ts';
import { FlagService } from './service.ts';

const place = { app: 'shop', environment: 'production' };
const document: FlagDocument = {
  flags: { checkout: { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' } },
};

let home: string;
let store: Store;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'slipway-flags-'));
  const clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() };
  store = await openStore({ home, clock, owner: currentOwner('flags') });
});

afterEach(async () => {
  await store.close();
  await rm(home, { recursive: true, force: true });
});

const change = (wish: FlagWish, dryRun = false) => changeFlags(place, { wish, actor: 'ana', dryRun }, store);
const apply = (flags: FlagDocument) => change({ kind: 'apply', file: 'f.json', text: JSON.stringify(flags) });
const set = (variant: string): FlagWish => ({ kind: 'set', flag: 'checkout', variant });

test('a change is a version with an event, and what changes nothing is neither', async () => {
  expect(await apply(document)).toEqual({ version: 1, changes: ['checkout: new, off by default'] });
  expect(await apply(document)).toEqual({ version: 1, changes: [] });
  expect(await change(set('on'), true)).toEqual({ version: 1, changes: ['checkout: default off → on'] });
  expect(await change(set('on'))).toEqual({ version: 2, changes: ['checkout: default off → on'] });
  const events = await store.events.list({ chain: 'shop/production' });
  expect(events.map(({ type, actor, data }) => ({ type, actor, data }))).toEqual([
    {
      type: changedEvent,
      actor: 'ana',
      data: { version: 1, how: 'apply', changes: ['checkout: new, off by default'] },
    },
    {
      type: changedEvent,
      actor: 'ana',
      data: { version: 2, how: 'set', changes: ['checkout: default off → on'] },
    },
  ]);
});

test('a step of a rollout is made to what it has seen, in the turn of its owner, or not at all', async () => {
  await apply(document);
  await store.flows.create({ id: 'e', kind: 'environment', phase: 'none', data: {}, wakeAtMs: 0 });
  const claim = await store.flows.claim('flags', 0, 1_000);
  const turn = { flowId: 'e', fence: claim?.flow.fence ?? 0 };
  const checkout: Flag = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'on' };
  const step = (seenVersion: number, late = 0) => {
    const why = { rollout: 'ro-1', reason: 'step 1 of 2, at 50 %' };
    const turned = { flags: { checkout }, seenVersion, turn: { ...turn, fence: turn.fence - late }, why };
    return changeFlags(place, { wish: { kind: 'step', ...turned }, actor: 'slipway', dryRun: false }, store);
  };
  await apply({ flags: { ...document.flags, menu: checkout } });
  expect(await step(1)).toEqual({ version: 2, changes: [] });
  await expect(step(2, 1)).rejects.toMatchObject({ code: 'store/stale-fence' });
  expect(await step(2)).toEqual({ version: 3, changes: ['checkout: default off → on'] });
  expect(documentOf(await store.flags.get(place)).flags).toEqual({ checkout, menu: checkout });
  const [newest] = await store.events.list({ chain: 'shop/production', first: 'newest', limit: 1 });
  expect(newest).toMatchObject({
    actor: 'slipway',
    data: { how: 'step', rollout: 'ro-1', reason: 'step 1 of 2, at 50 %' },
  });
});

test('old versions come back, to before the first one', async () => {
  await expect(change({ kind: 'back', version: null })).rejects.toMatchObject({
    code: 'wiring/no-such-flags',
  });
  await apply(document);
  await change(set('on'));
  expect(await change({ kind: 'back', version: null })).toMatchObject({ version: 3 });
  expect(documentOf(await store.flags.get(place))).toEqual(document);
  expect(await change({ kind: 'back', version: 0 })).toEqual({ version: 4, changes: ['checkout: removed'] });
  await expect(change({ kind: 'back', version: 9 })).rejects.toMatchObject({ code: 'wiring/no-such-flags' });
});

test('a port stays that of its environment, is said to be taken, and is tried again', async () => {
  expect(await flagVariables('shop/production', store)).toEqual({});
  await apply(document);
  const log: string[] = [];
  const open = () =>
    new FlagService({ store, layout: layoutOf(home), log: ({ message }) => log.push(message) });
  const first = open();
  await first.refresh();
  const { FLAGD_PORT = '' } = await flagVariables('shop/production', store);
  await first.stop();
  const other = createServer().listen(Number(FLAGD_PORT), '127.0.0.1');
  await once(other, 'listening');
  const second = open();
  await second.refresh();
  await second.refresh();
  expect(second.problems()).toEqual(['flags of shop/production: another program has their port']);
  expect(log).toEqual(['flags of shop/production: another program has their port']);
  other.close();
  await once(other, 'close');
  await second.refresh();
  expect(second.problems()).toEqual([]);
  const asked = await fetch(`http://127.0.0.1:${FLAGD_PORT}/ofrep/v1/evaluate/flags/checkout`, {
    method: 'POST',
  });
  expect(await asked.json()).toMatchObject({ value: false });
  expect(await flagVariables('shop/production', store)).toMatchObject({ FLAGD_PORT });
  await second.stop();
});
