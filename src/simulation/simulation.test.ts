import { describe, expect, test } from 'vitest';
import { judgeLevels, type EnvironmentDefinition } from '../app/index.ts';
import { playBesidePeers, playMany } from './many.ts';
import { planOf, type Plan } from './plan.ts';
import { atLeastOneOf, poisson, seededRandom } from './random.ts';
import { edgesOf, playRollout, type Simulation } from './rollout.ts';
import { shareOf } from './summary.ts';
import { drawTrace } from './trace.ts';
import { quantileMs, slowerThan, steadyTraffic, usualLatency, type Candidate } from './traffic.ts';
import { waldSessions } from './wald.ts';

const minuteMs = 60_000;
const good: Candidate = { name: 'as good', errorShare: 0.002, slowdown: 1 };
const bad: Candidate = { name: '5 % errors', errorShare: 0.05, slowdown: 1 };
const plan: Plan = {
  steps: [10, 50].map((weightPercent) => ({ weightPercent, holdMs: 5 * minuteMs })),
  bakeMs: 10_000,
};

function simulation(wishes: Partial<Simulation> = {}): Simulation {
  const traffic = steadyTraffic(1_000);
  return { plan, rules: judgeLevels.balanced, traffic, candidate: good, lookMs: 1_000, ...wishes };
}

function meanAndVariance(values: number[]): { mean: number; variance: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length };
}

describe('chance', () => {
  test('the same seed gives the same numbers, a near one others', () => {
    const first = (seed: number) => Array.from({ length: 3 }, seededRandom(seed));
    expect(first(1)).toEqual(first(1));
    expect(first(1)).not.toEqual(first(2));
  });

  test.each([0.05, 3, 9.9, 10.1, 83])('Poisson numbers of mean %d have that mean and variance', (mean) => {
    const random = seededRandom(7);
    const drawn = meanAndVariance(Array.from({ length: 40_000 }, () => poisson(random, mean)));
    expect(Math.abs(drawn.mean / mean - 1)).toBeLessThan(0.05);
    expect(Math.abs(drawn.variance / mean - 1)).toBeLessThan(0.06);
  });

  test('of 5 tries that are not all in vain as many come true as should', () => {
    const random = seededRandom(7);
    const drawn = meanAndVariance(Array.from({ length: 40_000 }, () => atLeastOneOf(random, 5, 0.3)));
    expect(drawn.mean).toBeCloseTo((5 * 0.3) / (1 - 0.7 ** 5), 1);
    expect(atLeastOneOf(random, 5, 1)).toBe(5);
  });
});

describe('traffic', () => {
  test('p95 of the usual latency is 2.7 times its median', () => {
    expect(quantileMs(0.95, usualLatency)).toBeCloseTo(80 * Math.exp(0.6 * 1.645), 0);
    expect(slowerThan(quantileMs(0.9, usualLatency), usualLatency, 1)).toBeCloseTo(0.1, 5);
  });

  test('slow is what takes longer than the edges of routers next above what is usual', () => {
    expect(edgesOf(steadyTraffic(50))).toEqual([192, 224, 384]);
  });

  test('sessions, errors and slow requests are as many as the model says', () => {
    const traffic = { ...steadyTraffic(6_000), errorShare: 0.02 };
    const edgesMs = edgesOf(traffic);
    const model = { traffic, candidate: bad, edgesMs, marksMs: [250], tickMs: 1_000, lengthMs: minuteMs };
    const trace = drawTrace(model, seededRandom(3));
    const sum = { sessions: 0, requests: 0, errors: 0, slow: 0, slowSessions: 0, failed: 0 };
    for (let second = 0; second < 2_000; second++) {
      const { stable } = trace.next(second * 1_000, 0.25);
      sum.sessions += stable.sessions;
      sum.requests += stable.requests;
      sum.errors += stable.errors;
      sum.failed += stable.failedSessions;
      sum.slow += stable.slowRequests[0] ?? 0;
      sum.slowSessions += stable.slowSessions[1] ?? 0;
    }
    expect(sum.sessions / 2_000).toBeCloseTo(15, 0);
    expect(sum.requests).toBe(5 * sum.sessions);
    expect(sum.errors / sum.requests).toBeCloseTo(0.02, 2);
    expect(sum.failed / sum.sessions).toBeCloseTo(1 - 0.98 ** 5, 2);
    expect(sum.slow / sum.requests).toBeCloseTo(slowerThan(250, usualLatency, 1), 2);
    const slowShare = slowerThan(edgesMs[1] ?? 0, usualLatency, 1);
    expect(sum.slowSessions / sum.sessions).toBeCloseTo(1 - (1 - slowShare) ** 5, 1);
  });

  test('a bad session of clustered traffic fails with all of its requests', () => {
    const traffic = { ...steadyTraffic(6_000), errorShare: 0.1, failures: 'together' as const };
    const model = { traffic, candidate: bad, edgesMs: [], marksMs: [], tickMs: 1_000, lengthMs: minuteMs };
    const { stable } = drawTrace(model, seededRandom(3)).next(0, 0.1);
    expect(stable.failedSessions).toBeGreaterThan(0);
    expect(stable.errors).toBe(5 * stable.failedSessions);
  });
});

describe('rollouts', () => {
  test('the judge seldom stops a good candidate, and a bad one soon', () => {
    expect(playMany(simulation(), { rollouts: 300, seed: 1 }).stopped.count).toBeLessThan(6);
    const stopped = playMany(simulation({ candidate: bad }), { rollouts: 100, seed: 1 });
    expect(stopped.stopped.count).toBe(100);
    expect(stopped.meanStopMs).toBeLessThan(5 * minuteMs);
  });

  test('looks that are left out as nothing can come of them change nothing', () => {
    // With a bound that nothing can break every look is taken, and it alone is never enough.
    const rules = { ...judgeLevels.balanced, falseAlarm: 0.2 };
    const slow = { name: 'slow', errorShare: 0.004, slowdown: 1.3 };
    for (let seed = 0; seed < 40; seed++) {
      const short = simulation({ rules, candidate: slow });
      const skipping = playRollout(short, seededRandom(seed));
      const metric = { name: 'never read', failures: 3 } as (typeof rules.metrics)[number];
      const looking = playRollout({ ...short, rules: { ...rules, metrics: [metric] } }, seededRandom(seed));
      expect(looking).toEqual(skipping);
    }
  });

  test('who waits for proof gets it from a good candidate', () => {
    const rules = judgeLevels.careful;
    const { end, ms } = playRollout(simulation({ rules }), seededRandom(5));
    expect(end).toBe('through');
    expect(ms).toBeGreaterThanOrEqual(10 * minuteMs);
  });

  test('slowness is not looked at while caches are cold', () => {
    const short = { steps: [{ weightPercent: 50, holdMs: 20_000 }], bakeMs: 0 };
    const traffic = { ...steadyTraffic(20_000), coldStart: { forMs: 20_000, times: 3 } };
    const rules = { ...judgeLevels.balanced, warmUpMs: 20_000 };
    expect(playRollout(simulation({ plan: short, traffic, rules }), seededRandom(1)).end).toBe('through');
    const bold = { ...rules, warmUpMs: 0 };
    const { end, about } = playRollout(simulation({ plan: short, traffic, rules: bold }), seededRandom(1));
    expect({ end, about }).toEqual({ end: 'stopped', about: 'slowness' });
  });

  test('a revision that stands still now and then is not slow', () => {
    const traffic = { ...steadyTraffic(5_000), stalls: { everyMs: 60_000, lastsMs: 2_000 } };
    const stoppedOf = (stallMs: number, slowdown: number) =>
      playMany(
        simulation({
          traffic,
          rules: { ...judgeLevels.balanced, stallMs },
          candidate: { ...good, slowdown },
          lookMs: 500,
        }),
        { rollouts: 40, seed: 3 },
      ).stopped.count;
    expect(stoppedOf(0, 1)).toBeGreaterThan(4);
    expect(stoppedOf(2_000, 1)).toBe(0);
    expect(stoppedOf(2_000, 1.6)).toBe(40);
  });

  test('others look at the same users', () => {
    const { ours, peers } = playBesidePeers(simulation({ candidate: bad }), { rollouts: 20, seed: 1 });
    expect(ours.stopped.count).toBe(20);
    expect(peers.argo.stopped.count).toBe(20);
    expect(peers.flagger.meanStopMs).toBeGreaterThanOrEqual(6 * minuteMs);
  });
});

test('the strategy of an environment is the plan', () => {
  const canary = {
    kind: 'canary',
    sticky: true,
    testers: null,
    steps: [
      { weightPercent: 10, hold: { kind: 'timer', ms: 1_000 } },
      { weightPercent: 100, hold: { kind: 'none' } },
    ],
  } satisfies EnvironmentDefinition['strategy'];
  const environment = { strategy: canary, replicas: {}, bakeMs: 5 } as unknown as EnvironmentDefinition;
  expect(planOf(environment)).toEqual({ steps: [{ weightPercent: 10, holdMs: 1_000 }], bakeMs: 5 });
});

test("Wald's bound: ten times the errors at a tenth of the traffic are told by eight failed sessions", () => {
  const traffic = { ...steadyTraffic(100), requestsPerSession: 1 };
  const candidate = { name: '', errorShare: 0.02, slowdown: 1 };
  const sessions = waldSessions({ traffic, candidate }, 0.1, 0.01);
  expect(sessions * (0.1 * 0.02 + 0.9 * 0.002)).toBeCloseTo(8.1, 1);
  expect(waldSessions({ traffic, candidate: good }, 0.1, 0.01)).toBe(Infinity);
});

test('the interval of a share is open at none and at all', () => {
  expect(shareOf(0, 10_000)).toMatchObject({ low: 0, high: expect.closeTo(0.000_384, 5) as number });
  expect(shareOf(10, 10).high).toBe(1);
});
