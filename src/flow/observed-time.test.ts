import { expect, it } from 'vitest';
import { advanceObserved, startObserved } from './observed-time.ts';

it('counts what it has seen, and at most one step of what it has not', () => {
  let timer = startObserved(1000);
  timer = advanceObserved(timer, 1400, 500);
  expect(timer).toEqual({ elapsedMs: 400, lastSeenMs: 1400 });
  expect(advanceObserved(timer, 1400, 500)).toEqual(timer);
  expect(advanceObserved(timer, 9_999_999, 500)).toEqual({ elapsedMs: 900, lastSeenMs: 9_999_999 });
});

it('neither counts nor forgets when the clock goes back', () => {
  const back = advanceObserved({ elapsedMs: 400, lastSeenMs: 1400 }, -5000, 500);
  expect(back).toEqual({ elapsedMs: 400, lastSeenMs: -5000 });
  expect(advanceObserved(back, -4900, 500).elapsedMs).toBe(500);
});
