import { expect, test } from 'vitest';
import type { StoredScope } from '../embedded/state-file.ts';
import { addLoad, busyOf, inFlightOf, type SlotLoad } from './in-flight.ts';
import { planServers } from './live-change.ts';
import { assignSlots, firstShape, shapeFor, slotIndex, slotName, type Busy } from './slots.ts';

const nothingBusy: Busy = new Map();

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
  const other = [scope('b', { r1: [9] }), scope('a', { r2: [5], r1: [3] })];
  const second = assignSlots(first, other, nothingBusy);
  const third = assignSlots(second, [other[0]!, scope('a', { r2: [5], r1: [3, 4] })], nothingBusy);
  expect(third).toEqual([
    { scope: 'a', revision: 'r1', servers: [at(4), null, at(3)] },
    { scope: 'b', revision: 'r1', servers: [at(9)] },
    { scope: 'a', revision: 'r2', servers: [at(5)] },
  ]);
});

test('a slot is free again in a change after its revision left the routes, when it has nothing in flight', () => {
  const first = assignSlots([], [scope('a', { r1: [1], r2: [2] })], nothingBusy);
  const left = assignSlots(first, [scope('a', { r2: [2], r3: [3] })], nothingBusy);
  expect(left.map((slot) => slot?.revision)).toEqual(['r1', 'r2', 'r3']);
  const busy = assignSlots(
    left,
    [scope('a', { r2: [2], r3: [3], r4: [4] })],
    new Map([[0, new Set<number>()]]),
  );
  expect(busy.map((slot) => slot?.revision)).toEqual(['r1', 'r2', 'r3', 'r4']);
  const idle = assignSlots(busy, [scope('a', { r2: [2], r3: [3], r5: [5] })], nothingBusy);
  expect(idle.map((slot) => slot?.revision)).toEqual(['r5', 'r2', 'r3', 'r4']);
  expect(assignSlots(left, [scope('a', { r1: [1] })], nothingBusy)[0]).toEqual(first[0]);
});

test('a request that begins at a copy while it is taken from the routes is still told as its own', () => {
  const first = assignSlots([], [scope('a', { r1: [1, 2] })], nothingBusy);
  const second = assignSlots(first, [scope('a', { r1: [1] })], nothingBusy);
  const third = assignSlots(second, [scope('b', { r9: [9] })], nothingBusy);
  const loads = new Map<number, SlotLoad>();
  addLoad(loads, 'v0,e0,0,0,0,\nv0,e1,0,0,1,\nv0,BACKEND,0,0,1,\n');
  const told = [{ scope: 'a', revision: 'r1', count: 1, at: { '127.0.0.1:2': 1 } }];
  expect(inFlightOf(loads, second)).toEqual(told);
  expect(planServers(first, second, firstShape)).toEqual({
    open: [],
    shut: ['set server v0/e1 state maint'],
  });
  expect(inFlightOf(loads, third)).toEqual(told);
});

test('a copy that leaves keeps its place while it has requests, so that they are told from those of another', () => {
  const first = assignSlots([], [scope('a', { r1: [1, 2] })], nothingBusy);
  const busy = new Map([[0, new Set([0])]]);
  const second = assignSlots(first, [scope('a', { r1: [2, 3] })], busy);
  expect(second[0]?.servers).toEqual([{ ...at(1), leaving: true }, at(2), at(3)]);
  expect(planServers(first, second, firstShape)).toEqual({
    open: ['set server v0/e2 addr 127.0.0.1 port 3', 'set server v0/e2 state ready'],
    shut: ['set server v0/e0 state maint'],
  });
  const loads = new Map<number, SlotLoad>();
  addLoad(
    loads,
    'v0,e0,0,0,2,\nv0,e1,0,0,1,\nv0,BACKEND,1,0,3,\nv1,BACKEND,0,0,0,\nslipway_users,FRONTEND,,,9,\n',
  );
  addLoad(loads, 'v0,e0,0,0,1,\nv0,BACKEND,0,0,1,\n');
  expect(inFlightOf(loads, second)).toEqual([
    { scope: 'a', revision: 'r1', count: 5, at: { '127.0.0.1:1': 3, '127.0.0.1:2': 1 } },
  ]);
  const third = assignSlots(second, [scope('a', { r1: [2, 3, 1] })], busyOf(loads));
  expect(third[0]?.servers).toEqual([at(1), at(2), at(3)]);
  expect(planServers(second, third, firstShape).open).toContain('set server v0/e0 state ready');
  expect(assignSlots(second, [scope('a', { r1: [2, 3] })], nothingBusy)[0]?.servers[0]).toBeNull();
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
