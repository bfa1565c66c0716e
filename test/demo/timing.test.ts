import { describe, expect, it } from 'vitest';
import { durationMs, lengthOfUnion, splitOf, waitsOf, type Interval } from '../../scripts/demo/timing.ts';
import type { RolloutView, ShipView } from '../../src/wiring/index.ts';

describe('the time from commit to live', () => {
  it('counts the time of steps that ran beside each other once', () => {
    expect(
      lengthOfUnion([
        [0, 10],
        [5, 12],
        [20, 25],
        [21, 22],
      ]),
    ).toBe(17);
    expect(lengthOfUnion([])).toBe(0);
  });

  it('is shared out between pipeline, waits and Slipway without rest', () => {
    const ship = shipWith(
      [
        [100, 400],
        [300, 600],
      ],
      [600, 2000],
    );
    const waits: Interval[] = [
      [1500, 1800],
      [1900, 5000],
    ];
    const split = splitOf({ ship, committedAtMs: 0, endedAtMs: 2000, waits });
    expect(split).toEqual({ totalMs: 2000, pipelineMs: 500, waitedMs: 400, slipwayMs: 1100 });
  });

  it('leaves to the pipeline what a wait claims at the same time', () => {
    const split = splitOf({
      ship: shipWith([[0, 1000]], [1000, 1100]),
      committedAtMs: 0,
      endedAtMs: 1000,
      waits: [[500, 900]],
    });
    expect(split).toEqual({ totalMs: 1000, pipelineMs: 1000, waitedMs: 0, slipwayMs: 0 });
  });

  it('counts a bake from its end, and a deadline from the start', () => {
    const configured = { bakeMs: 1000, healthDeadlineMs: 8000 };
    const live = { liveAtMs: 5000, finishedAtMs: 7100 } as RolloutView;
    expect(waitsOf(live, 4000, configured)).toEqual([[6100, 7100]]);
    const never = { liveAtMs: null, finishedAtMs: 13_000 } as RolloutView;
    expect(waitsOf(never, 4000, configured)).toEqual([[4000, 12_000]]);
    expect(waitsOf(never, null, configured)).toEqual([]);
  });

  it.each([
    ['200ms', 200],
    ['1s', 1000],
    ['1.5m', 90_000],
    ['1h', 3_600_000],
    ['soon', 0],
  ] as const)('reads %s', (text, expected) => expect(durationMs(text)).toBe(expected));
});

function shipWith(steps: Interval[], deploy: Interval): ShipView {
  const step =
    (name: string) =>
    ([startedAtMs, finishedAtMs]: Interval) => ({ name, startedAtMs, finishedAtMs });
  const all = [...steps.map(step('Run npm test')), ...[deploy].map(step('Run slipway/deploy@v1'))];
  return { runs: [{ jobs: [{ steps: all }] }] } as unknown as ShipView;
}
