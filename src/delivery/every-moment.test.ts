import { describe, expect, test } from 'vitest';
import type { CheckDefinition, StrategyDefinition } from '../app/index.ts';
import { switchAtOnce } from './revision.ts';
import { aCanary, type Wishes } from './testing/builders.ts';
import { brokenPromises, History, type Move } from './testing/history.ts';

/*
 * One rollout by each strategy, looked at step by step; then played again and again with something happening at each of
 * its moments: a server that dies after an effect, a server that freezes, a person, a router that forgets. Each time it
 * must come to rest with every promise kept.
 */

const held = { kind: 'timer', ms: 1_000 } as const;
const command: CheckDefinition = { kind: 'command', command: 'npm run smoke', timeoutMs: 5_000 };
const checks = { before: [command], after: [command] };
const strategies: [name: string, StrategyDefinition, more?: Wishes][] = [
  ['blue-green', switchAtOnce],
  ['blue-green with a preview', { kind: 'blue-green', preview: true, hold: held }],
  ['rolling', { kind: 'rolling', batch: 1, unavailable: 0, pauseMs: 600 }],
  ['blue-green with checks', switchAtOnce, { checks }],
  ['rolling without room', { kind: 'rolling', batch: 1, unavailable: 1, pauseMs: 0 }],
  [
    'a canary',
    aCanary([10, 60, 100], held, {
      sticky: true,
      testers: { header: null, cookie: { name: 'tester', value: 'yes' } },
    }),
  ],
];
const longestRollout = 400;

type Case = Wishes & { strategy: StrategyDefinition };

async function begun(rollout: Case): Promise<History> {
  const history = new History(17);
  const wishes: Wishes = { replicas: 2, stack: true };
  await history.play({ kind: 'deploy', behaves: 'good', wishes });
  await history.rest();
  await history.play({ kind: 'deploy', behaves: 'good', wishes: { ...wishes, ...rollout } });
  return history;
}

interface Moment {
  step: number;
  name: string;
  /** The rollout has just come here. */
  isNew: boolean;
  effects: number;
}

async function momentsOf(rollout: Case): Promise<Moment[]> {
  const history = await begun(rollout);
  const moments: Moment[] = [];
  for (let step = 0; step < longestRollout; step++) {
    const name = history.moment;
    if (step > 5 && name === 'rest') return moments;
    moments.push({ step, name, isNew: moments.at(-1)?.name !== name, effects: history.effectsDue });
    await history.step();
  }
  throw new Error(`it does not end: ${history.moment}`);
}

async function whenAt(rollout: Case, step: number, moves: Move[]): Promise<History> {
  const history = await begun(rollout);
  for (let i = 0; i < step; i++) await history.step();
  for (const move of moves) await history.play(move);
  await history.rest();
  return history;
}

const goOn: Move = { kind: 'go-on', looks: 2, crashes: false };
const say = (verb: string, full = false): Move => ({ kind: 'say', verb, by: 'lena', full });
const events: [what: string, moves: Move[], goesBack: boolean][] = [
  ['an abort', [{ kind: 'abort' }], true],
  ['an abort while it is promoted', [say('promote', true), { kind: 'abort' }], true],
  ['a pause for a while', [say('pause'), goOn, goOn, say('resume')], false],
  [
    'a server that freezes, and acts late',
    [{ kind: 'freeze' }, goOn, { kind: 'abort' }, goOn, { kind: 'thaw' }],
    false,
  ],
  ['a newer release', [{ kind: 'deploy', behaves: 'good', wishes: { replicas: 1, stack: true } }], false],
  [
    'a router that is away, and counts anew',
    [
      { kind: 'router', up: false },
      goOn,
      { kind: 'router', up: true },
      { kind: 'router-restart', lost: true },
    ],
    false,
  ],
  ['a stable revision that dies', [{ kind: 'damage' }, goOn], false],
  ['a clock that jumps', [{ kind: 'pass', ms: 3_600_000 }, goOn, { kind: 'pass', ms: -7_200_000 }], false],
];

describe.each(strategies)('%s', (_, strategy, more) => {
  const rollout = { ...more, strategy };
  test(
    'survives a server that dies after any of its effects, and before any commit',
    { timeout: 600_000 },
    async () => {
      const moments = (await momentsOf(rollout)).filter(({ effects, isNew }) => isNew || effects > 0);
      expect(moments.length).toBeGreaterThan(8);
      for (const { step, name, effects } of moments) {
        for (let done = 0; done <= effects; done++) {
          const crash: Move = { kind: 'tick', crashAfterEffects: done, loseCommit: true };
          const history = await whenAt(rollout, step, [crash, crash]);
          expect(brokenPromises(history), `${name}, after ${done} effects`).toEqual([]);
          expect(history.state.stable?.id, name).toBe('r2');
        }
      }
    },
  );
});

// The others have no stage of their own.
describe.each(
  strategies.filter(([name]) =>
    ['blue-green with checks', 'rolling without room', 'a canary'].includes(name),
  ),
)('%s', (_, strategy, more) => {
  const rollout = { ...more, strategy };
  test.each(events)('takes %s at any moment', { timeout: 600_000 }, async (what, moves, goesBack) => {
    const moments = (await momentsOf(rollout)).filter(({ isNew, step }) => isNew && step > 1);
    for (const { step, name } of moments) {
      const history = await whenAt(rollout, step, moves);
      expect(brokenPromises(history), `${what} at ${name}`).toEqual([]);
      if (goesBack) expect(history.state.stable?.id, `${what} at ${name}`).toBe('r1');
    }
  });
});
