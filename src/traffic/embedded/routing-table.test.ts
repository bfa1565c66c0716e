import { expect, test } from 'vitest';
import type { Pin } from '../../delivery/index.ts';
import { Ledger } from './ledger.ts';
import { RoutingTable } from './routing-table.ts';
import { Upstreams } from './upstreams.ts';

const pins: Pin[] = [{ revision: 'r8', by: { kind: 'header', name: 'X-Canary', value: 'always' } }];

/** A scope whose draws are these numbers, one after the other. */
function scopeOf(shares: Record<string, number>, draws: number[]) {
  const table = new RoutingTable({
    ledger: new Ledger(),
    upstreams: new Upstreams(1_000),
    sessionKey: Buffer.alloc(32),
    random: () => {
      const next = draws.shift();
      if (next === undefined) throw new Error('drawn once too often');
      return next;
    },
  });
  const revisions = Object.entries(shares).map(([id, weightPercent], index) => ({
    id,
    weightPercent,
    endpoints: [{ instance: id, host: '127.0.0.1', port: 20_001 + index }],
  }));
  const more = { hosts: ['*'], pins, sticky: true, maintenance: false, rateLimit: null };
  table.set({ routes: { scope: 'shop/production', revisions, ...more }, fence: 1 });
  const scope = table.scope('shop/production');
  if (!scope) throw new Error('the scope is not there');
  return (rawHeaders: string[], known?: { token: string; session: string }) => {
    const chosen = scope.choose({ host: 'a.example.com', cookie: '', rawHeaders }, known);
    if (typeof chosen === 'string') throw new Error(chosen);
    return { id: chosen.revision.id, by: chosen.by, cookie: chosen.setCookie };
  };
}

test('whoever has no home draws, whoever has one or is pinned does not', () => {
  const choose = scopeOf({ r7: 90, r8: 10 }, [0.95, 0.5]);
  const first = choose([]);
  expect([first.id, first.by]).toEqual(['r8', 'lot']);
  expect(choose([], first.cookie)).toEqual({ id: 'r8', by: 'home', cookie: undefined });
  expect(choose(['X-Canary', 'always'], first.cookie)).toEqual({ id: 'r8', by: 'pin', cookie: undefined });
  const second = choose([], { token: 'of-a-revision-gone', session: 'kept' });
  expect([second.id, second.by, second.cookie?.session]).toEqual(['r7', 'lot', 'kept']);
});

test('with one place to go nobody draws', () => {
  const choose = scopeOf({ r7: 100, r8: 0 }, []);
  expect(choose([])).toMatchObject({ id: 'r7', by: 'only' });
});
