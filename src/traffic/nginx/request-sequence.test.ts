import { expect, test } from 'vitest';
import { RequestSequence } from './request-sequence.ts';

test('a gap on a connection is as many lines as are missing', () => {
  const sequence = new RequestSequence(false);
  expect([
    sequence.follow(1, 1),
    sequence.follow(2, 1),
    sequence.follow(1, 2),
    sequence.follow(1, 5),
  ]).toEqual([0, 0, 0, 2]);
  expect(sequence.follow(3, 2)).toBe(1);
});

test('of a connection that was open before nothing is said, but of what follows on it', () => {
  const sequence = new RequestSequence(true);
  expect([sequence.follow(1, 40), sequence.follow(1, 42)]).toEqual([0, 1]);
});
