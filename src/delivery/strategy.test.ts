import { describe, expect, test } from 'vitest';
import type { StrategyDefinition } from '../app/index.ts';
import { compileStrategy } from './strategy.ts';

function compile(strategy: StrategyDefinition, candidate: number, stable = candidate): string[] {
  return compileStrategy(strategy, { candidate, stable }).map(({ ready, weightPercent, taken, hold }) =>
    [
      `${ready} ready, ${weightPercent} %`,
      ...(taken === 0 ? [] : [`${taken} taken`]),
      ...(hold.kind === 'none' ? [] : [hold.kind]),
    ].join(', '),
  );
}

const rolling = (batch: number, unavailable = 0, pauseMs = 0): StrategyDefinition => ({
  kind: 'rolling',
  batch,
  unavailable,
  pauseMs,
});
const noHold = { kind: 'none' } as const;
const approval = { kind: 'approval' } as const;

describe('steps', () => {
  test.each<[string, string[], string[]]>([
    ['rolling, one at a time', compile(rolling(1), 3), ['1 ready, 33 %', '2 ready, 66 %', '3 ready, 100 %']],
    ['rolling, two at a time', compile(rolling(2), 3), ['2 ready, 66 %', '3 ready, 100 %']],
    [
      'rolling with a pause after each but the last',
      compile(rolling(2, 0, 5_000), 4),
      ['2 ready, 50 %, timer', '4 ready, 100 %'],
    ],
    [
      'rolling without room: an old copy goes first',
      compile(rolling(1, 1), 3),
      ['1 ready, 33 %, 1 taken', '2 ready, 66 %, 2 taken', '3 ready, 100 %, 3 taken'],
    ],
    [
      'rolling without room, from fewer copies',
      compile(rolling(1, 1), 3, 1),
      ['1 ready, 33 %', '2 ready, 66 %', '3 ready, 100 %, 1 taken'],
    ],
    ['blue-green', compile({ kind: 'blue-green', preview: false, hold: noHold }, 2), ['2 ready, 100 %']],
    [
      'blue-green that somebody looks at first',
      compile({ kind: 'blue-green', preview: true, hold: approval }, 2),
      ['2 ready, 0 %, approval', '2 ready, 100 %'],
    ],
    [
      'a canary: capacity follows weight, and the last step is all',
      compile(
        {
          kind: 'canary',
          steps: [
            { weightPercent: 10, hold: approval },
            { weightPercent: 50, hold: approval },
          ],
          sticky: false,
          testers: null,
        },
        3,
      ),
      ['1 ready, 10 %, approval', '2 ready, 50 %, approval', '3 ready, 100 %'],
    ],
    ['any, when nothing serves yet', compile(rolling(1), 3, 0), ['3 ready, 100 %']],
    ['any, of an app without a web process', compile(rolling(1), 0, 2), ['0 ready, 100 %']],
  ])('of %s', (_, steps, expected) => {
    expect(steps).toEqual(expected);
  });

  test('never give a share of traffic that is ahead of the copies', () => {
    for (let replicas = 1; replicas <= 7; replicas++) {
      for (const strategy of [
        rolling(1),
        rolling(3),
        rolling(2, 1),
        canaryOf(1),
        canaryOf(34),
        canaryOf(99),
      ]) {
        const steps = compileStrategy(strategy, { candidate: replicas, stable: replicas });
        for (const { ready, weightPercent } of steps)
          expect(weightPercent).toBeLessThanOrEqual((100 * ready) / replicas);
        expect(steps.at(-1)).toMatchObject({ ready: replicas, weightPercent: 100 });
      }
    }
  });
});

function canaryOf(weightPercent: number): StrategyDefinition {
  return { kind: 'canary', steps: [{ weightPercent, hold: noHold }], sticky: false, testers: null };
}
