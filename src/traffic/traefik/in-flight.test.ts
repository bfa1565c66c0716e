import { expect, test } from 'vitest';
import { countInFlight, type KnownRevision } from './in-flight.ts';
import { LostLines } from './lost-lines.ts';
import { RequestNumbers } from './request-numbers.ts';

const known = (revision: string, reach: KnownRevision['reach']): KnownRevision => ({
  scope: 's',
  revision,
  routed: true,
  reach,
  moving: false,
  addresses: new Map([[revision, `${revision}:80`]]),
});

function ended(...numbers: number[]): RequestNumbers {
  const all = new RequestNumbers();
  for (const number of numbers) all.end(number);
  return all;
}

test('requests without a line are under way, also over a change of agents', () => {
  const numbers = ended(1, 4, 2);
  expect([...numbers.open]).toEqual([3]);
  const later = new RequestNumbers(numbers.snapshot());
  later.end(4);
  later.end(7);
  expect([...later.open]).toEqual([3, 5, 6]);
  expect([later.openUpTo(5), later.openUpTo(2), later.highest]).toEqual([2, 0, 7]);
});

test('a revision has no more requests than connections, and no more than are under way', () => {
  const numbers = ended(4, 5);
  const at = (connections: [string, number][], reach: KnownRevision['reach']) =>
    countInFlight({ connections: new Map(connections), openUpTo: (number) => numbers.openUpTo(number) }, [
      known('r1', reach),
    ])[0]?.count ?? 0;
  expect(at([['r1', 9]], 'open')).toBe(3);
  expect(at([['r1', 1]], 'open')).toBe(1);
  expect(at([], 'open')).toBe(0);
  // Closed just now: one may be about to get its connection.
  expect(at([], { lastNumber: null })).toBe(3);
  expect(at([['r1', 9]], { lastNumber: 2 })).toBe(2);
  const copies = new Map([
    ['a', '127.0.0.1:1'],
    ['b', '127.0.0.1:2'],
  ]);
  const connections = new Map([['b', 2]]);
  expect(
    countInFlight({ connections, openUpTo: () => 3 }, [{ ...known('r1', 'open'), addresses: copies }]),
  ).toEqual([{ scope: 's', revision: 'r1', count: 2, at: { '127.0.0.1:2': 2 } }]);
});

test('where numbers are not known connections tell, and a closed revision is not empty at once', () => {
  const of = (connections: [string, number][], reach: KnownRevision['reach']) =>
    countInFlight({ connections: new Map(connections), openUpTo: null }, [known('r1', reach)])[0]?.count ?? 0;
  expect(of([['r1', 9]], 'open')).toBe(9);
  expect(of([], { lastNumber: null })).toBe(1);
  expect(of([], { lastNumber: 4 })).toBe(0);
});

test('lines are missing when they stay away longer than their connections', () => {
  const lines = new LostLines();
  expect(lines.look(new Set([1, 2, 3]), 3, 0)).toBe(0);
  expect(lines.look(new Set([1, 2, 3]), 1, 1_000)).toBe(0);
  expect(lines.look(new Set([1, 2, 3, 4]), 1, 2_000)).toBe(0);
  expect(lines.look(new Set([1, 2, 3]), 1, 4_000)).toBe(2);
  expect(lines.look(new Set([3, 9]), 1, 5_000)).toBe(0);
  expect(lines.look(new Set([9]), 1, 6_000)).toBe(0);
});
