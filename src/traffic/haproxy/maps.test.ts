import { expect, test } from 'vitest';
import type { Routes } from '../../delivery/index.ts';
import { factsBetween, mapsFor, renderMap } from './maps.ts';
import type { Slots } from './slots.ts';

const routes: Routes = {
  scope: 'shop/production',
  hosts: ['*', 'shop.example.com'],
  revisions: [
    { id: 'r1', weightPercent: 75, endpoints: [{ instance: 'a', host: '10.0.0.1', port: 80 }] },
    { id: 'r2', weightPercent: 25, endpoints: [{ instance: 'b', host: '10.0.0.2', port: 80 }] },
    { id: 'r3', weightPercent: 0, endpoints: [] },
  ],
  pins: [
    { revision: 'r2', by: { kind: 'host', host: 'next.example.com' } },
    { revision: 'r2', by: { kind: 'header', name: 'X-Canary', value: 'yes' } },
    { revision: 'r3', by: { kind: 'cookie', name: 'Tester', value: 'yes' } },
  ],
  sticky: false,
  maintenance: false,
  rateLimit: { perMinute: 60, burst: 5 },
};
const slots: Slots = [
  { scope: 'shop/production', revision: 'r2', servers: [] },
  null,
  { scope: 'shop/production', revision: 'r1', servers: [] },
  { scope: 'shop/production', revision: 'r3', servers: [] },
];
const parts = {
  slots,
  sessionKey: Buffer.alloc(32),
  hasCertificate: (host: string) => host === 'shop.example.com',
};

test('hundredths of new sessions are shared by weight, exactly', () => {
  const { weights } = mapsFor([{ routes, fence: 1 }], parts);
  const shares: Record<string, number> = {};
  for (const backend of weights.values()) shares[backend] = (shares[backend] ?? 0) + 1;
  expect(shares).toEqual({ v2: 75, v0: 25 });
});

test('everything else is a fact', () => {
  const { facts, hosts } = mapsFor([{ routes, fence: 1 }], parts);
  const scope = hosts.get('*') ?? '';
  expect([...hosts]).toEqual([
    ['*', scope],
    ['shop.example.com', scope],
    ['next.example.com', scope],
  ]);
  expect(facts.get(`flags:${scope}`)).toBe('limited.pins.sticky');
  expect(facts.get(`interval:${scope}`)).toBe('10000');
  expect(facts.get(`tolerance:${scope}`)).toBe('50000');
  expect(facts.get(`host:${scope}:next.example.com`)).toBe('v0');
  expect(facts.get(`header:${scope}:x-canary:yes`)).toBe('v0');
  expect(facts.get(`cookie:${scope}:Tester:yes`)).toBe('nowhere');
  expect([...facts.keys()].filter((key) => key.startsWith('tls:'))).toEqual(['tls:shop.example.com']);
  // A revision without weight takes no session.
  expect([...facts].filter(([key]) => key.startsWith('session:')).map(([, backend]) => backend)).toEqual([
    'v2',
    'v0',
  ]);
});

test('a host leads straight to its backend while there is nothing to decide', () => {
  const one = { ...routes, rateLimit: null, pins: routes.pins.slice(0, 1) };
  const revisions = routes.revisions.map((revision, index) => ({
    ...revision,
    weightPercent: index === 0 ? 100 : 0,
  }));
  const { hosts } = mapsFor([{ routes: { ...one, revisions }, fence: 1 }], parts);
  expect([...hosts]).toEqual([
    ['*', 'v2'],
    ['shop.example.com', 'v2'],
    ['next.example.com', 'v0'],
  ]);
  const decided = [
    one,
    { ...one, revisions, sticky: true },
    { ...one, revisions, maintenance: true },
    { ...one, revisions, pins: routes.pins },
    { ...one, revisions, rateLimit: { perMinute: 60, burst: 5 } },
  ];
  for (const each of decided)
    expect(mapsFor([{ routes: each, fence: 1 }], parts).hosts.get('*')).toMatch(/^[0-9a-f]{12}$/);
});

test('a map is one entry a line', () => {
  expect(renderMap(new Map([['a', 'b']]))).toBe('a b\n');
});

test('while routes change, the sessions of before and after have their homes', () => {
  const canary: Routes = { ...routes, pins: [], rateLimit: null };
  const promoted: Routes = {
    ...canary,
    revisions: canary.revisions.map((one) => ({ ...one, weightPercent: one.id === 'r2' ? 100 : 0 })),
    rateLimit: { perMinute: 60, burst: 5 },
  };
  const [before, after] = [canary, promoted].map((one) => mapsFor([{ routes: one, fence: 1 }], parts).facts);
  const between = factsBetween(before!, after!);
  expect([...between].filter(([key]) => key.startsWith('flags:')).map(([, flags]) => flags)).toEqual([
    'limited.sticky',
  ]);
  expect([...between]).toEqual(
    expect.arrayContaining([...before!].filter(([key]) => key.startsWith('session:'))),
  );
  expect(factsBetween(after!, before!).size).toBe(between.size);
  expect(factsBetween(new Map(), after!)).toEqual(after);
});
