import { expect, test } from 'vitest';
import type { StoredScope } from '../embedded/state-file.ts';
import { assignSlots, firstShape, shapeFor, slotIndex, slotName } from './slots.ts';

const nothingBusy = new Set<number>();

function scope(name: string, revisions: Record<string, number[]>): StoredScope {
  return {
    fence: 1,
    routes: {
      scope: name,
      hosts: [],
      revisions: Object.entries(revisions).map(([id, ports]) => ({
        id,
        weightPercent: 0,
        endpoints: ports.map((port) => ({ instance: `${id}-${port}`, host: '127.0.0.1', port })),
      })),
      pins: [],
      sticky: false,
      maintenance: false,
      rateLimit: null,
    },
  };
}

const at = (port: number) => ({ host: '127.0.0.1', port });

test('a revision keeps its slot, and its copies their places', () => {
  const first = assignSlots([], [scope('a', { r1: [1, 2, 3] }), scope('b', { r1: [9] })], nothingBusy);
  const second = assignSlots(
    first,
    [scope('b', { r1: [9] }), scope('a', { r2: [5], r1: [3, 4] })],
    nothingBusy,
  );
  expect(second).toEqual([
    { scope: 'a', revision: 'r1', servers: [at(4), null, at(3)] },
    { scope: 'b', revision: 'r1', servers: [at(9)] },
    { scope: 'a', revision: 'r2', servers: [at(5)] },
  ]);
});

test('a slot is free again when its revision left the routes and has nothing in flight', () => {
  const first = assignSlots([], [scope('a', { r1: [1], r2: [2] })], nothingBusy);
  const busy = assignSlots(first, [scope('a', { r2: [2], r3: [3] })], new Set([0]));
  expect(busy.map((slot) => slot?.revision)).toEqual(['r1', 'r2', 'r3']);
  const idle = assignSlots(busy, [scope('a', { r2: [2], r3: [3], r4: [4] })], nothingBusy);
  expect(idle.map((slot) => slot?.revision)).toEqual(['r4', 'r2', 'r3']);
});

test('the shape stays while it holds, and grows by doubling', () => {
  const small = assignSlots([], [scope('a', { r1: [1] })], nothingBusy);
  expect(shapeFor(firstShape, [scope('a', { r1: [1] })], small)).toEqual(firstShape);
  const many = Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`r${index}`, [index]]));
  many['r0'] = [1, 2, 3, 4, 5, 6, 7, 8, 9];
  const large = assignSlots([], [scope('a', many)], nothingBusy);
  expect(shapeFor(firstShape, [scope('a', many)], large)).toMatchObject({ slots: 32, serversPerSlot: 16 });
});

test('names of pins are added, and dropped only when another is needed', () => {
  const pinned = (name: string): StoredScope => {
    const { routes, fence } = scope('a', {});
    return {
      fence,
      routes: { ...routes, pins: [{ revision: 'r1', by: { kind: 'header', name, value: 'x' } }] },
    };
  };
  const one = shapeFor(firstShape, [pinned('X-One')], []);
  expect(one.headers).toEqual(['x-one']);
  expect(shapeFor(one, [scope('a', {})], []).headers).toEqual(['x-one']);
  expect(shapeFor(one, [pinned('X-Two')], []).headers).toEqual(['x-two']);
});

test('a slot is found by its name', () => {
  expect(slotIndex(slotName(12))).toBe(12);
  expect([slotIndex('slipway_users'), slotIndex('v'), slotIndex('v1x')]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});
