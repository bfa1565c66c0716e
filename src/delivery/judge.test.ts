import { describe, expect, test } from 'vitest';
import { judge, sampleSince, takeBaseline, type TrafficSample } from './judge.ts';
import type { RouterState } from './ports.ts';
import { aJudge } from './testing/builders.ts';

const rules = aJudge({ errorRate: 0.01, p95Ms: 200, minRequests: 100 });

function sample(requests: number, errors = 0, slow = 0): TrafficSample {
  const latency = [
    { leMs: 100, count: requests - slow },
    { leMs: 250, count: requests - slow },
    { leMs: null, count: requests },
  ];
  return { requests, errors, latency };
}

const look = (candidate: TrafficSample | null, stable: TrafficSample | null = null, lost = false) =>
  judge(rules, { candidate, stable, lost });

describe('the thresholds of a canary', () => {
  test.each([
    ['no data is neither pass nor fail', look(sample(0)), 'about 100 more requests are needed'],
    ['too little data neither, however bad', look(sample(99, 99)), 'about 1 more requests are needed'],
    ['lost lines block a verdict', look(sample(500, 400), null, true), 'the router lost observations'],
    ['so does a router that began anew', look(null), 'the router began to count anew'],
  ])('%s', (_, verdict, reason) => {
    expect(verdict).toEqual({ is: 'inconclusive', reason });
  });

  test('hold for one that keeps them', () => {
    expect(look(sample(200, 2))).toEqual({ is: 'passed' });
  });

  test('fail one that answers too many requests with errors', () => {
    expect(look(sample(200, 3), sample(1_000, 1))).toEqual({
      is: 'failed',
      reason: '1.5 % of its 200 requests failed, 1 % are allowed (the stable revision: 0.1 %)',
    });
  });

  test('fail one that is slow, counted at an edge that is surely past the threshold', () => {
    expect(look(sample(200, 0, 11))).toEqual({
      is: 'failed',
      reason: '5.5 % of its 200 requests took longer than 200 ms, 5 % may',
    });
    expect(look(sample(200, 0, 10))).toEqual({ is: 'passed' });
  });

  test('do not fail one that is better than a broken stable revision', () => {
    expect(look(sample(200, 20, 30), sample(200, 80, 90))).toEqual({ is: 'passed' });
  });

  test('compare with nothing when the stable revision has shown too little', () => {
    expect(look(sample(200, 20), sample(99, 99))).toMatchObject({ is: 'failed' });
  });
});

describe('what came since a step began', () => {
  const state = (epoch: string, requests: number): RouterState => ({
    epoch,
    losses: 0,
    lots: null,
    unsure: false,
    fence: 1,
    routes: null,
    revisions: [
      {
        id: 'r2',
        weightPercent: 10,
        inFlight: 0,
        inFlightAt: null,
        failures: null,
        gatewayErrors: 0,
        sessions: 0,
        sessionsWithError: 0,
        ...sample(requests, 1),
      },
    ],
  });

  test('is what the router counts more than then', () => {
    const baseline = takeBaseline(state('e1', 40));
    expect(sampleSince(baseline, state('e1', 100), 'r2')).toMatchObject({ requests: 60, errors: 0 });
    expect(sampleSince(baseline, state('e1', 100), 'r9')).toMatchObject({ requests: 0 });
  });

  test('is not known across a router that began anew', () => {
    expect(sampleSince(takeBaseline(state('e1', 40)), state('e2', 100), 'r2')).toBeNull();
  });
});
