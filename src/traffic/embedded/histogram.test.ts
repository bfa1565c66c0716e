import fc from 'fast-check';
import { expect, test } from 'vitest';
import { latencyEdgesMs, LatencyHistogram } from './histogram.ts';

test('edges rise, and no bucket is wider than a sixteenth of its value', () => {
  for (const [index, edge] of latencyEdgesMs.entries()) {
    const lower = latencyEdgesMs[index - 1] ?? 0;
    expect(edge).toBeGreaterThan(lower);
    if (lower >= 0.25) expect((edge - lower) / lower).toBeLessThanOrEqual(1 / 16);
  }
});

test('every latency is counted below the first edge above it', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 200_000, noNaN: true }), (latencyMs) => {
      const histogram = new LatencyHistogram();
      histogram.observe(latencyMs);
      const first = histogram.toCumulative().find(({ count }) => count === 1);
      expect(first?.leMs ?? null).toBe(latencyEdgesMs.find((edge) => latencyMs < edge) ?? null);
    }),
  );
});

test('counts of two histograms add up; counts with other edges are ignored', () => {
  const [one, other] = [new LatencyHistogram(), new LatencyHistogram()];
  one.observe(1);
  other.observe(1_000);
  one.add(other.toCounts());
  one.add([1, 2, 3]);
  expect(one.toCumulative().at(-1)).toEqual({ leMs: null, count: 2 });
});
