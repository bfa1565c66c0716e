import { expect, test } from 'vitest';
import { answerTimes } from './answer-times.ts';

const counted = (...counts: [number | null, number][]) => ({
  latency: counts.map(([leMs, count]) => ({ leMs, count })),
});

test('times are those of all routers together, by the edges that all have', () => {
  const one = counted([10, 60], [20, 90], [40, 99], [null, 100]);
  expect(answerTimes([one])).toEqual({ p50Ms: 10, p95Ms: 40 });
  expect(answerTimes([one, counted([20, 0], [40, 100], [null, 100])])).toEqual({ p50Ms: 40, p95Ms: 40 });
});

test('nothing is known without requests, nor of what is slower than every edge', () => {
  expect(answerTimes([])).toEqual({ p50Ms: null, p95Ms: null });
  expect(answerTimes([counted([10, 0], [null, 0])])).toEqual({ p50Ms: null, p95Ms: null });
  expect(answerTimes([counted([10, 60], [null, 100])])).toEqual({ p50Ms: 10, p95Ms: null });
});
