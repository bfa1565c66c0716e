import fc from 'fast-check';
import { expect, test } from 'vitest';
import { WeightedChoice } from './weighted-choice.ts';

test('shares are exact over each hundred choices, whatever the weights', () => {
  const weights = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 6 }).map((some) => {
    const sum = Math.min(
      100,
      some.reduce((total, one) => total + one, 0),
    );
    let left = 100;
    const kept = some.map((one) => {
      const weightPercent = Math.min(one, left);
      left -= weightPercent;
      return { weightPercent };
    });
    return sum === 0 ? [{ weightPercent: 100 }] : [...kept, { weightPercent: left }];
  });
  fc.assert(
    fc.property(weights, (items) => {
      const choice = new WeightedChoice(items);
      const seen = new Map(items.map((item) => [item, 0]));
      for (let index = 0; index < 100; index++) {
        const item = choice.next();
        if (item) seen.set(item, (seen.get(item) ?? 0) + 1);
      }
      expect([...seen].map(([, count]) => count)).toEqual(items.map((item) => item.weightPercent));
    }),
  );
});

test('a small share is spread out, not taken in one go', () => {
  const choice = new WeightedChoice([
    { id: 'old', weightPercent: 75 },
    { id: 'new', weightPercent: 25 },
  ]);
  expect(Array.from({ length: 8 }, () => choice.next()?.id).join(' ')).toBe(
    'old old new old old old new old',
  );
});

test('nothing has weight, nothing is chosen', () => {
  expect(new WeightedChoice([{ weightPercent: 0 }]).next()).toBeUndefined();
});
