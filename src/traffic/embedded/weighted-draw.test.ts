import fc from 'fast-check';
import { expect, test } from 'vitest';
import { WeightedDraw } from './weighted-draw.ts';

const items = [
  { id: 'r6', weightPercent: 10 },
  { id: 'left', weightPercent: 0 },
  { id: 'r7', weightPercent: 60 },
  { id: 'r8', weightPercent: 30 },
];

test('each part of the random range belongs to the revision with that share', () => {
  const at = (random: number) => new WeightedDraw(items, () => random).next()?.id;
  expect([0, 0.099, 0.1, 0.699, 0.7, 1 - 2 ** -53].map(at)).toEqual(['r6', 'r6', 'r7', 'r7', 'r8', 'r8']);
});

test('a draw always falls on something with weight', () => {
  const weights = fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(weights, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (some, random) => {
      const drawn = new WeightedDraw(
        some.map((weightPercent) => ({ weightPercent })),
        () => random,
      ).next();
      expect((drawn?.weightPercent ?? 0) > 0).toBe(some.some((weight) => weight > 0));
    }),
  );
});

test('with one place to go nothing is drawn', () => {
  const random = () => {
    throw new Error('drawn');
  };
  const draw = new WeightedDraw([{ weightPercent: 0 }, { weightPercent: 100 }], random);
  expect([draw.size, draw.next()?.weightPercent]).toEqual([1, 100]);
  expect(new WeightedDraw([{ weightPercent: 0 }], random).next()).toBeUndefined();
});
