import { expect, test } from 'vitest';
import { below, lots } from './draw.ts';

const hex = (id: number) => id.toString(16).padStart(4, '0');
const revision = (id: string, weightPercent: number) => ({ id, weightPercent, endpoints: [] });

test.each([1, 0x000f, 0x0010, 0x1999, 0x4ccd, 0x8000, 0xfffe, 0xffff])(
  'what is below %i matches',
  (bound) => {
    const pattern = new RegExp(below(bound));
    const matches = [0, bound - 1, bound, 0xffff].map((id) => pattern.test(hex(id)));
    expect(matches).toEqual([true, true, false, false]);
  },
);

test('every id has one winner, and each revision its share of them', () => {
  const drawn = lots([revision('a', 20), revision('b', 0), revision('c', 50), revision('d', 30)]);
  const ids = Array.from({ length: 0x1000 }, (_, index) => hex(index * 16));
  const won = new Map<string, number>();
  for (const id of ids) {
    const winner = drawn.find(({ pattern }) => new RegExp(pattern).test(id))?.id ?? 'nobody';
    won.set(winner, (won.get(winner) ?? 0) + 1);
  }
  expect([...won].map(([id, count]) => [id, Math.round((1000 * count) / ids.length) / 10])).toEqual([
    ['a', 20],
    ['c', 50],
    ['d', 30],
  ]);
});
