import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Routes } from '../../delivery/index.ts';
import type { CopySpec } from '../../targets/index.ts';
import { layoutOf } from '../layout.ts';
import type { Caller, MachineCall } from './calls.ts';
import { Guests, type GuestParts } from './guests.ts';

const from: Caller = { home: '3f2a9c1d00000000', version: '1.0.0', server: 'a', turn: 0 };

function guests(): { guests: Guests; done: [string, unknown][] } {
  const done: [string, unknown][] = [];
  const note = (what: string) => (about: unknown) => {
    done.push([what, about]);
    return Promise.resolve(null);
  };
  const home = mkdtempSync(join(tmpdir(), 'slipway-guests-'));
  onTestFinished(() => rmSync(home, { recursive: true }));
  const parts = {
    here: {
      router: {
        apply: note('route'),
        observe: (scope: string) => Promise.resolve({ epoch: 'e', routes: { scope, hosts: [] } }),
      },
      use: note('use'),
      countLines: note('count-lines'),
      containers: { stop: note('stop'), observe: note('look'), repair: note('repair') },
    },
    layout: layoutOf(home),
    docker: { require: () => Promise.resolve() },
    version: '1.0.0',
  } as unknown as GuestParts;
  return { guests: new Guests(parts), done };
}

const ask = (to: Guests, call: MachineCall, more: Partial<Caller> = {}) =>
  to.answer({ from: { ...from, ...more }, scope: 'shop/production', call });
const routes = { scope: 'shop/production', hosts: ['a.example'] } as unknown as Routes;

test('environments of another server have names that nobody else can have', async () => {
  const { guests: ours, done } = guests();
  await ask(ours, { do: 'stop', id: 'r7-web-1', fence: 3 });
  await ask(ours, { do: 'route', routes, fence: 3 });
  expect(done).toEqual([
    ['stop', 'shop.3f2a9c1d/production'],
    ['route', { scope: 'shop.3f2a9c1d/production', hosts: ['a.example'] }],
  ]);
});

test('a copy is repaired where it runs, under the name that it has there', async () => {
  const { guests: ours, done } = guests();
  const digest = `sha256:${'a'.repeat(64)}`;
  const copy = {
    id: 'shared-db-1',
    revision: 'shared',
    release: digest,
    service: { name: 'db' },
    environment: {},
    image: digest,
    networks: {},
    volumes: {},
    files: [],
  } as unknown as CopySpec;
  await ask(ours, { do: 'repair', copy, fence: 3 });
  expect(done).toMatchObject([['repair', { id: 'shared-db-1', scope: 'shop.3f2a9c1d/production' }]]);
});

test('its copies are measured under the names that they have there', async () => {
  const { guests: ours, done } = guests();
  await ask(ours, { do: 'use', copies: ['r8-web-1'] });
  const asked = { pattern: 'ERROR', copies: [{ id: 'r8-web-1', after: null }] };
  await ask(ours, { do: 'count-lines', asked });
  expect(done).toEqual([
    ['use', 'shop.3f2a9c1d/production'],
    ['count-lines', 'shop.3f2a9c1d/production'],
  ]);
});

test('its routes come back under the name that it gave them', async () => {
  const { guests: ours } = guests();
  expect(await ask(ours, { do: 'look-at-routes' })).toMatchObject({ routes: { scope: 'shop/production' } });
});

test('another version is refused before anything else is read', async () => {
  const { guests: ours } = guests();
  const asked = ours.answer({ from: { ...from, version: '2.0.0' }, scope: 0, call: { do: 'new' } });
  await expect(asked).rejects.toMatchObject({
    code: 'wiring/machine-version',
    help: expect.stringContaining('install Slipway 2.0.0') as string,
  });
});

test('what its sender has given up is not done, however late it is read', async () => {
  const { guests: ours, done } = guests();
  await ask(ours, { do: 'hello' }, { turn: 1 });
  const late = ask(ours, { do: 'route', routes, fence: 3 });
  await expect(late).rejects.toMatchObject({ code: 'wiring/late-call' });
  expect(done).toEqual([]);
  // A server that was started anew counts from the beginning; fences tell which of the two may act.
  await ask(ours, { do: 'look', probes: [] }, { server: 'b' });
  expect(done).toEqual([['look', 'shop.3f2a9c1d/production']]);
});

test.each([
  ['a scope that leads elsewhere', { scope: '../x/production' }],
  ['no environment', { scope: 'shop' }],
  ['a home that is none', { from: { ...from, home: '../..' } }],
  ['a call that nobody knows', { call: { do: 'dance' } }],
])('%s is refused', async (_what, change) => {
  const { guests: ours } = guests();
  const request = { from, scope: 'shop/production', call: { do: 'look', probes: [] }, ...change };
  await expect(ours.answer(request)).rejects.toThrow();
});
