import { expect, test } from 'vitest';
import type { RouteRevision, Routes } from '../../delivery/index.ts';
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

/** How many hundredths each entry has, where every one has one. */
function sharesOf(revisions: RouteRevision[]): Record<string, number> {
  const { weights, hosts } = mapsFor([{ routes: { ...routes, revisions }, fence: 1 }], parts);
  const scope = hosts.get('*') ?? '';
  const shares: Record<string, number> = {};
  for (let hundredth = 0; hundredth < 100; hundredth++) {
    const drawn = weights.get(`${hundredth}:${scope}`) ?? 'nothing';
    shares[drawn] = (shares[drawn] ?? 0) + 1;
  }
  expect(weights.size).toBeLessThanOrEqual(100);
  return shares;
}

test('hundredths of new sessions are shared by weight, exactly, and each tells the lot that it is of', () => {
  expect(sharesOf(routes.revisions)).toEqual({ 'v2/r1=75,r2=25': 75, 'v0/r1=75,r2=25': 25 });
});

test('there is no lot where all go one way, and none without a share', () => {
  const weighing = (...weights: number[]) =>
    sharesOf(routes.revisions.map((one, index) => ({ ...one, weightPercent: weights[index] ?? 0 })));
  expect(weighing(100, 0)).toEqual({ v2: 100 });
  expect(weighing(0, 0)).toEqual({ nothing: 100 });
});

test('a lot that would not fit into a line of the log is drawn, and not told', () => {
  const long = (letter: string, weightPercent: number) => ({
    id: letter.repeat(64),
    weightPercent,
    endpoints: [],
  });
  const three = [long('a', 50), long('b', 30), long('c', 20)];
  expect(sharesOf(three)).toEqual({ nowhere: 100 });
  const [told] = Object.keys(sharesOf([long('a', 50), long('b', 50)]));
  expect(told).toBe(`nowhere/${'a'.repeat(64)}=50,${'b'.repeat(64)}=50`);
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
