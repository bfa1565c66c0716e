import { describe, expect, test } from 'vitest';
import { judgeLevels } from '../app/index.ts';
import { judge } from './judge.ts';
import type { DrawnSessions, Seen, SessionCounts } from './model.ts';
import { addToStretches, startStretches } from './stretches.ts';

const nothing = { requests: 0, errors: 0, sessions: 0, failedSessions: 0, slow: 0 };
const few: SessionCounts = { sessions: 20, failed: 0, slow: [1] };
const stalled: SessionCounts = { sessions: 20, failed: 0, slow: [20] };

/** One stretch after the other, half of all sessions on each revision. */
function verdictAfter(all: readonly Omit<DrawnSessions, 'chance'>[]): ReturnType<typeof judge> {
  const lengthMs = judgeLevels.balanced.stallMs;
  const stretches = startStretches(lengthMs)!;
  for (const [index, sides] of all.entries())
    addToStretches(stretches, [{ chance: 0.5, ...sides }], (index + 1) * lengthMs);
  addToStretches(stretches, [], (all.length + 1) * lengthMs);
  const sum = (side: 'candidate' | 'stable') => ({
    sessions: all.reduce((total, one) => total + one[side].sessions, 0),
    failed: 0,
    slow: [all.reduce((total, one) => total + (one[side].slow[0] ?? 0), 0)],
  });
  const drawn = [{ chance: 0.5, candidate: sum('candidate'), stable: sum('stable') }];
  const seen: Seen = {
    edgesMs: [250],
    drawn,
    stretches,
    dealt: null,
    probed: null,
    candidate: { ...nothing, requests: 1_000, sessions: 1_000 },
    stable: nothing,
    earlier: [],
    shares: 1,
    metrics: [],
    sessionsPerMinute: null,
  };
  return judge(judgeLevels.balanced, seen);
}

function times<T>(count: number, value: T): T[] {
  return Array.from({ length: count }, () => value);
}

describe('slowness that passes', () => {
  const quiet = { candidate: few, stable: few };

  test('a candidate that stands still once is not taken back, however many were there', () => {
    const crowd = { sessions: 5_000, failed: 0, slow: [5_000] };
    const still = { candidate: crowd, stable: { ...crowd, slow: [10] } };
    expect(verdictAfter([...times(30, quiet), still, ...times(30, quiet)]).is).not.toBe('failed');
  });

  test('nor one that stands still as often as the stable revision', () => {
    const ours = { candidate: stalled, stable: few };
    const theirs = { candidate: few, stable: stalled };
    expect(verdictAfter(times(40, [ours, quiet, theirs, quiet]).flat()).is).not.toBe('failed');
  });

  test('one that is slow in each stretch is', () => {
    const slow = { candidate: { ...few, slow: [9] }, stable: few };
    expect(verdictAfter(times(40, slow))).toMatchObject({
      is: 'failed',
      reason: expect.stringMatching(/^360 of 800 sessions had to wait longer than 250 ms/) as string,
    });
  });

  test('and so is one whose slow sessions are far between, each the only one of its stretch', () => {
    const nobody = { sessions: 0, failed: 0, slow: [0] };
    const candidate = { candidate: { sessions: 1, failed: 0, slow: [1] }, stable: nobody };
    const stable = { candidate: nobody, stable: { sessions: 1, failed: 0, slow: [0] } };
    expect(verdictAfter(times(20, [candidate, stable]).flat()).is).toBe('failed');
  });
});
