import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CheckDefinition, Hold, StrategyDefinition } from '../app/index.ts';
import { switchAtOnce } from './revision.ts';
import type { Wishes } from './testing/builders.ts';
import { brokenPromises, History, playAll, type Move } from './testing/history.ts';
import type { Behaviour } from './testing/world.ts';

/*
 * Random histories of one environment: ticks that crash after any effect or before their commit, owners that freeze with
 * a decision in hand and wake up after another has taken over, a router that goes away, a clock that jumps, people who
 * deploy, abort and roll back at any moment. The world refuses stale fences, and notes every promise that is broken.
 */

const hold: fc.Arbitrary<Hold> = fc.constantFrom<Hold>(
  { kind: 'none' },
  { kind: 'timer', ms: 1_000 },
  { kind: 'approval' },
);
const strategy: fc.Arbitrary<StrategyDefinition> = fc.oneof(
  fc.constant(switchAtOnce),
  fc.record({
    kind: fc.constant('rolling' as const),
    batch: fc.integer({ min: 1, max: 2 }),
    unavailable: fc.constantFrom(0, 0, 1, 2),
    pauseMs: fc.constantFrom(0, 600),
  }),
  fc.record({ kind: fc.constant('blue-green' as const), preview: fc.boolean(), hold }),
  fc.record({
    kind: fc.constant('canary' as const),
    steps: fc
      .constantFrom([10, 50, 100], [25], [1, 100])
      .chain((weights) =>
        hold.map((each) => weights.map((weightPercent) => ({ weightPercent, hold: each }))),
      ),
    sticky: fc.boolean(),
    testers: fc.constantFrom(null, { header: { name: 'x-tester', value: 'yes' }, cookie: null }),
  }),
);
const command: CheckDefinition = { kind: 'command', command: 'npm run smoke', timeoutMs: 5_000 };
const asked: CheckDefinition = {
  kind: 'request',
  request: { path: '/login', status: 200, headers: {}, body: null, json: {} },
  timeoutMs: 900,
};
const wishes: fc.Arbitrary<Wishes> = fc.record({
  replicas: fc.integer({ min: 1, max: 3 }),
  strategy,
  stack: fc.boolean(),
  alone: fc.constantFrom(false, false, false, true),
  irreversible: fc.constantFrom(false, false, true),
  settings: fc.record({
    judge: fc.constantFrom(null, { errorRate: 0.1, p95Ms: null, minRequests: 20 }),
  }),
  checks: fc.record({
    before: fc.constantFrom([], [], [command], [asked, command]),
    after: fc.constantFrom([], [], [asked], [command, asked]),
  }),
  rules: fc.record({
    reviewers: fc.constantFrom<string[]>([], [], ['lena'], ['ana', 'lena']),
    preventSelfReview: fc.boolean(),
    waitTimerMs: fc.constantFrom(0, 0, 900),
    deadlineMs: fc.constantFrom(null, 30_000),
  }),
});

const tick = fc.record({
  kind: fc.constant('tick' as const),
  crashAfterEffects: fc.oneof(
    { weight: 5, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.nat(2) },
  ),
  loseCommit: fc.boolean(),
});
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 10, arbitrary: tick },
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('go-on' as const),
      looks: fc.integer({ min: 3, max: 40 }),
      crashes: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'freeze' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'thaw' as const }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      ms: fc.constantFrom(50, 300, 300, 300, 2_000, 2_000, 3_600_000, -7_200_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('router' as const), up: fc.boolean() }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('deploy' as const),
      behaves: fc.constantFrom<Behaviour>(
        ...Array<Behaviour>(9).fill('good'),
        'never-ready',
        'crashes',
        'migration-fails',
        'crashes-later',
        'errors',
        'breaks-stable',
        'cannot-prepare',
        'check-fails',
      ),
      wishes,
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'damage' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rollback' as const), force: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'repair' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'apply-shared' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('router-restart' as const), lost: fc.boolean() }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('say' as const),
      verb: fc.constantFrom('promote', 'approve', 'reject', 'pause', 'resume'),
      by: fc.constantFrom('ana', 'lena', 'eve'),
      full: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'abort' as const }) },
);

const runs = Number(process.env['SLIPWAY_CHAOS_RUNS'] ?? 500);

test(
  `no crash, freeze, jump or order of wishes breaks a promise (${runs} histories)`,
  { timeout: 1_800_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(move, { minLength: 20, maxLength: 100, size: 'max' }),
        fc.nat(),
        async (moves, seed) => {
          const history = await playAll(moves, seed);
          expect(brokenPromises(history)).toEqual([]);
        },
      ),
      {
        numRuns: runs,
        // In CI the seed is enough; shrinking a long history takes minutes.
        endOnFailure: process.env['CI'] === 'true',
      },
    );
  },
);

test('a version that is never ready, that crashes or whose migration fails never gets traffic', async () => {
  for (const behaves of ['never-ready', 'crashes', 'migration-fails'] as const) {
    const history = new History(7);
    await history.play({ kind: 'deploy', behaves: 'good', wishes: { replicas: 2 } });
    await history.rest();
    await history.play({ kind: 'deploy', behaves, wishes: { rolling: true, replicas: 2 } });
    await history.rest();
    expect(history.state.stable?.id).toBe('r1');
    expect(history.world.proven).toEqual(new Set(['r1']));
    expect(history.events.map(({ type }) => type)).toContain('rollout.failed');
  }
});

test('going back to a revision that stands starts nothing and runs no command', async () => {
  const history = new History(3);
  await history.play({ kind: 'deploy', behaves: 'good', wishes: {} });
  await history.rest();
  await history.play({ kind: 'deploy', behaves: 'good', wishes: {} });
  for (let i = 0; i < 100; i++) {
    await history.play({ kind: 'tick', crashAfterEffects: null, loseCommit: false });
    await history.play({ kind: 'pass', ms: 50 });
  }
  await history.play({ kind: 'rollback', force: false });
  const started: string[] = [];
  const start = history.world.target.start.bind(history.world.target);
  history.world.target.start = (instance, fence) => {
    if (instance.process.role === 'web') started.push(instance.id);
    return start(instance, fence);
  };
  await history.rest();
  expect(started).toEqual([]);
  expect(history.state.stable?.id).toBe('r1');
  expect([...history.world.commandRuns.values()]).toEqual([1, 1]);
});

test('an owner that froze before it moved traffic cannot move it once its successor has taken the rollout back', async () => {
  const history = new History(5);
  const step = async () => {
    await history.play({ kind: 'tick', crashAfterEffects: null, loseCommit: false });
    await history.play({ kind: 'pass', ms: 300 });
  };
  await history.play({ kind: 'deploy', behaves: 'good', wishes: {} });
  await history.rest();
  await history.play({ kind: 'deploy', behaves: 'good', wishes: {} });
  const aboutToShift = () => {
    const phase = history.state.rollout?.phase;
    return phase?.at === 'stepping' && phase.stage === 'shifting';
  };
  for (let i = 0; i < 50 && !aboutToShift(); i++) await step();
  expect(aboutToShift()).toBe(true);
  await history.play({ kind: 'freeze' });
  await history.play({ kind: 'abort' });
  for (let i = 0; i < 50 && history.state.rollout; i++) await step();
  await history.play({ kind: 'thaw' });
  expect(history.world.routes?.revisions).toMatchObject([{ id: 'r1', weightPercent: 100 }]);
});

test('a rollback to a revision that cannot be started any more fails, and the one that serves goes on', async () => {
  const history = new History(11);
  const live = async () => {
    await history.play({ kind: 'deploy', behaves: 'good', wishes: {} });
    for (let i = 0; i < 60; i++) {
      await history.play({ kind: 'tick', crashAfterEffects: null, loseCommit: false });
      await history.play({ kind: 'pass', ms: 300 });
    }
  };
  await live();
  await live();
  expect(history.state.standby?.revision.id).toBe('r1');
  history.world.damage('r1');
  await history.play({ kind: 'rollback', force: false });
  await history.rest();
  expect(history.state.rollout).toBeNull();
  expect(history.world.routes?.revisions.find(({ weightPercent }) => weightPercent === 100)?.id).toBe('r2');
  expect(history.events.at(-1)).toMatchObject({ type: 'rollout.failed' });
});
