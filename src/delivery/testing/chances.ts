import fc from 'fast-check';
import { here } from '../machines.ts';
import type { CanaryStep, CheckDefinition, Hold, StrategyDefinition } from '../../app/index.ts';
import { switchAtOnce } from '../revision.ts';
import { aJudge, type Wishes } from './builders.ts';
import { load, memory, someProbes } from './measuring.ts';
import type { Move } from './history.ts';
import type { Behaviour } from './world.ts';

const hold: fc.Arbitrary<Hold> = fc.constantFrom<Hold>(
  { kind: 'none' },
  { kind: 'timer', ms: 1_000 },
  { kind: 'approval' },
);
/** What steps do to flags: mostly nothing. */
const turns: Pick<CanaryStep, 'flags'>[][] = [
  [],
  [],
  [{ flags: { cart: 'on' } }],
  [{}, { flags: { cart: 'on' } }, { flags: { cart: 'dark' } }],
];
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
        fc
          .record({ each: hold, turned: fc.constantFrom(...turns) })
          .map(({ each, turned }) =>
            weights.map((weightPercent, index) => ({ weightPercent, hold: each, ...turned[index] })),
          ),
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
/** All that a judge may rest on; what proves it good is soon seen. */
const judge = fc
  .record({
    errorRate: fc.constantFrom(null, 0.1),
    minRequests: fc.constant(20),
    provenBelow: fc.constantFrom(0.2, 0.05),
    undecided: fc.constantFrom('go-on', 'go-on', 'hold', 'ask'),
    metrics: fc.subarray([load, memory]),
    probes: fc.constantFrom(null, someProbes),
  })
  .map(aJudge);
/** What people ask for. */
export const wishes: fc.Arbitrary<Wishes> = fc.record({
  replicas: fc.integer({ min: 1, max: 3 }),
  strategy,
  stack: fc.boolean(),
  alone: fc.constantFrom(false, false, false, true),
  irreversible: fc.constantFrom(false, false, true),
  settings: fc.record({
    judge: fc.oneof(fc.constant(null), judge),
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

/** Somebody asks for a release, which may be a bad one. */
export function deploy(wanted: fc.Arbitrary<Wishes>): fc.Arbitrary<Move> {
  return fc.record({
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
      'leaks',
    ),
    wishes: wanted,
  });
}

const tick = fc.record({
  kind: fc.constant('tick' as const),
  crashAfterEffects: fc.oneof(
    { weight: 5, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.nat(2) },
  ),
  loseCommit: fc.boolean(),
});
/** What may happen to an environment on one machine, and to the server that looks after it. */
export const move: fc.Arbitrary<Move> = fc.oneof(
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
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('router-refuses' as const),
      name: fc.constant(here),
      refuses: fc.boolean(),
    }),
  },
  { weight: 6, arbitrary: deploy(wishes) },
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
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('flag' as const),
      flag: fc.constant('cart'),
      to: fc.constantFrom('on', 'off', 'dark'),
    }),
  },
);
