import { expect, test } from 'vitest';
import { limitKey, RateLimiter } from './rate-limit.ts';

test('one and the burst pass at once, then one for each interval', () => {
  const limiter = new RateLimiter({ perMinute: 100, burst: 20 });
  const passed = Array.from({ length: 150 }, () => limiter.take('a', 0)).filter((waitMs) => waitMs === 0);
  expect(passed).toHaveLength(21);
  expect(limiter.take('a', 0)).toBe(600);
  expect(limiter.take('a', 600)).toBe(0);
  expect(limiter.take('a', 600)).toBe(600);
  expect(limiter.take('b', 600)).toBe(0);
});

test('what was refused costs nothing', () => {
  const limiter = new RateLimiter({ perMinute: 60, burst: 0 });
  expect(limiter.take('a', 0)).toBe(0);
  for (let index = 0; index < 100; index++) limiter.take('a', 500);
  expect(limiter.take('a', 1_000)).toBe(0);
});

test('addresses beyond the bound push out the one seen longest ago', () => {
  const limiter = new RateLimiter({ perMinute: 1, burst: 0 });
  limiter.take('first', 0);
  limiter.take('second', 0);
  for (let index = 0; index < 49_999; index++) limiter.take(`x${index}`, 0);
  expect(limiter.take('second', 0)).toBeGreaterThan(0);
  expect(limiter.take('first', 0)).toBe(0);
});

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
])('%s is counted as %s', (address, key) => {
  expect(limitKey(address)).toBe(key);
});
