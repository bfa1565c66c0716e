import { expect, test } from 'vitest';
import { age, left, span, took } from './time.ts';

test('durations read at a glance', () => {
  expect([0, 420, 12_340, 59_949, 59_960, 182_000, 3_840_000, -5].map(took)).toEqual([
    '0.0s',
    '0.4s',
    '12.3s',
    '59.9s',
    '59.9s',
    '3m 02s',
    '1h 04m',
    '0.0s',
  ]);
});

test('ages have one unit', () => {
  expect([0, 59_000, 60_000, 7_200_000, 172_800_000].map(age)).toEqual(['0s', '59s', '1m', '2h', '2d']);
});

test('a countdown never says 0 before its end', () => {
  expect(left(100)).toBe('1s left');
  expect(left(-100)).toBe('0s left');
});

test('what has not begun has no time', () => {
  expect(span(null, null, 5000)).toBe('');
  expect(span(1000, null, 5000)).toBe('4.0s');
  expect(span(1000, 2000, 5000)).toBe('1.0s');
});
