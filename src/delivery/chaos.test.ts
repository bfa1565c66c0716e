import fc from 'fast-check';
import { expect, test } from 'vitest';
import { here } from './machines.ts';
import type { Wishes } from './testing/builders.ts';
import { deploy, move, wishes } from './testing/chances.ts';
import { brokenPromises, History, playAll, type Move } from './testing/history.ts';

/*
 * Random histories of one environment: ticks that crash after any effect or before their commit, owners that freeze with
 * a decision in hand and wake up after another has taken over, a router that goes away, a clock that jumps, people who
 * deploy, abort and roll back at any moment. The world refuses stale fences, and notes every promise that is broken.
 */

const runs = Number(process.env['SLIPWAY_CHAOS_RUNS'] ?? 500);

async function survive(move: fc.Arbitrary<Move>, numRuns: number, illOn: string | null): Promise<void> {
  await fc.assert(
    fc.asyncProperty(
      fc.array(move, { minLength: 20, maxLength: 100, size: 'max' }),
      fc.nat(),
      async (moves, seed) => {
        const history = await playAll(moves, seed, illOn);
        expect(brokenPromises(history)).toEqual([]);
      },
    ),
    {
      numRuns,
      // In CI the seed is enough; shrinking a long history takes minutes.
      endOnFailure: process.env['CI'] === 'true',
    },
  );
}

test(
  `no crash, freeze, jump or order of wishes breaks a promise (${runs} histories)`,
  { timeout: 1_800_000 },
  () => survive(move, runs, null),
);

const other = 'deploy@10.0.0.6';
const third = 'deploy@10.0.0.7';
const machines = fc.constantFrom<string[]>(
  [here, other],
  [here, other],
  [other, here],
  [here],
  [other],
  [here, other, third],
);
const onMachines = fc.oneof(
  { weight: 30, arbitrary: move.filter(({ kind }) => kind !== 'deploy') },
  {
    weight: 5,
    // A stateful service, and one that only one may run, are refused with several machines before a rollout begins.
    arbitrary: deploy(
      fc.tuple(wishes, machines).map(([wish, on]): Wishes => ({
        ...wish,
        machines: on,
        stack: false,
        alone: wish.alone === true && on.length === 1,
      })),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('machine' as const),
      name: fc.constantFrom(here, other, other, third),
      answers: fc.boolean(),
    }),
  },
);

test.each([null, other])(
  `nor does any machine that is cut off, of up to three, where releases misbehave on: %s (${Math.ceil(runs / 10)} histories)`,
  { timeout: 1_800_000 },
  (illOn) => survive(onMachines, Math.ceil(runs / 10), illOn),
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
