import { expect, test } from 'vitest';
import type { StoredScope } from '../embedded/state-file.ts';
import { KnownRevisions } from './known-revisions.ts';

const key = Buffer.alloc(32);

function scopes(weights: Record<string, number>, ports: number[] = [1]): StoredScope[] {
  const revisions = Object.entries(weights).map(([id, weightPercent]) => ({
    id,
    weightPercent,
    endpoints: ports.map((port) => ({ instance: `${id}-web-${port}`, host: '127.0.0.1', port })),
  }));
  const routes = { scope: 's', hosts: ['*'], revisions, pins: [], sticky: false };
  return [{ routes: { ...routes, maintenance: false, rateLimit: null }, fence: 1 }];
}

function after(known: KnownRevisions, now: StoredScope[], nowMs: number) {
  known.announce(now, key);
  known.settled(now, key, nowMs);
}

test('a revision is closed a second after it lost its weight, and forgotten when nothing of it is left', () => {
  const known = new KnownRevisions();
  const r1 = () => known.all.find(({ revision }) => revision === 'r1');
  after(known, scopes({ r1: 100 }), 0);
  expect(r1()?.reach).toBe('open');
  after(known, scopes({ r2: 100 }), 5_000);
  known.marked(7, 5_900);
  expect(r1()?.reach).toEqual({ lastNumber: null });
  known.forget(() => false);
  known.marked(9, 6_001);
  known.marked(11, 7_000);
  expect(r1()).toMatchObject({ routed: false, reach: { lastNumber: 9 } });
  known.forget(({ revision }) => revision === 'r1');
  expect(r1()).toBeDefined();
  known.forget(() => false);
  expect(known.all.map(({ revision }) => revision)).toEqual(['r2']);
});

test('a copy that left may get a request for a second', () => {
  const known = new KnownRevisions();
  after(known, scopes({ r1: 100 }, [1, 2]), 0);
  expect(known.all[0]?.moving).toBe(false);
  after(known, scopes({ r1: 100 }, [2]), 5_000);
  expect([known.all[0]?.moving, known.all[0]?.addresses.size]).toEqual([true, 2]);
  known.marked(7, 6_001);
  expect(known.all[0]?.moving).toBe(false);
});
