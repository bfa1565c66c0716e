import { describe, expect, test } from 'vitest';
import type { CheckDefinition } from '../app/index.ts';
import { here } from './machines.ts';
import { aCanary, aJudge, type Wishes } from './testing/builders.ts';
import { brokenPromises, type Move } from './testing/history.ts';
import { load, memory, someProbes } from './testing/measuring.ts';
import { afterEachCrash, goOnFor, momentsOf, whenAt, type Story } from './testing/stories.ts';
import type { Behaviour } from './testing/world.ts';

/*
 * One rollout by each strategy and to each end, and everything else that changes an environment, looked at step by step;
 * then played again and again with something happening at each of its moments: a server that dies after an effect, a
 * server that freezes, a person, a router that forgets. Each time it must come to rest with every promise kept.
 */

const stack: Wishes = { replicas: 2, stack: true };
const deploy = (wishes: Wishes = {}, behaves: Behaviour = 'good'): Move => ({
  kind: 'deploy',
  behaves,
  wishes: { ...stack, ...wishes },
});
const say = (verb: string, full = false): Move => ({ kind: 'say', verb, by: 'lena', full });
const held = { kind: 'timer', ms: 1_000 } as const;
const approval = { kind: 'approval' } as const;
const command: CheckDefinition = { kind: 'command', command: 'npm run smoke', timeoutMs: 5_000 };
const measured = aJudge({
  provenBelow: 0.2,
  undecided: 'hold',
  probes: someProbes,
  metrics: [load, memory],
});
const checks = { before: [command], after: [command] };
/** What it replaces stands by for a few looks only. */
const soonAlone: Wishes = { settings: { rollbackWindowMs: 3_000 } };
const withoutRoom = { kind: 'rolling', batch: 1, unavailable: 1, pauseMs: 0 } as const;
const on = { cart: 'on' };
const dark = { cart: 'dark' };
const testers = { header: null, cookie: { name: 'tester', value: 'yes' } };
const forward = ['preparing', 'migrating', 'checking-stable', 'draining', 'stopping-workers', 'baking'];
const back = ['reverting routing', 'reverting draining', 'reverting stopping'];

/** Played where r1 serves, unless told. */
const stories = (all: (Omit<Story, 'before'> & { before?: Move[] })[]): Story[] =>
  all.map((story) => ({ before: [deploy()], ...story }));

/** One for each strategy: these are disturbed in every way. */
const strategies = stories([
  {
    name: 'blue-green with checks',
    begin: [deploy({ checks })],
    ends: 'r2',
    through: [...forward, 'stepping checking 0'],
  },
  {
    name: 'rolling without room',
    begin: [deploy({ strategy: withoutRoom })],
    ends: 'r2',
    through: [...forward, 'stepping making-room 0', 'stepping making-room 1'],
  },
  {
    name: 'a canary whose steps turn a flag twice',
    begin: [deploy({ strategy: aCanary([10, 60, 100], held, { flags: { 10: on, 100: dark } }), checks })],
    ends: 'r2',
    through: [...forward, 'stepping flagging 0', 'stepping verifying 0', 'stepping flagging 2'],
  },
  {
    name: 'a canary',
    begin: [deploy({ strategy: aCanary([10, 60, 100], held, { sticky: true, testers }) })],
    ends: 'r2',
    through: [...forward, 'stepping holding 0', 'stepping holding 1', 'stepping shifting 2'],
  },
]);

const others = stories([
  { name: 'blue-green', begin: [deploy()], ends: 'r2', through: forward },
  {
    name: 'a service of which only one may run',
    before: [deploy({ replicas: 1, alone: true })],
    begin: [deploy({ replicas: 1, alone: true })],
    ends: 'r2',
    through: ['migrating', 'stepping making-room 0', 'stepping starting 0', 'baking'],
  },
  {
    name: 'a service of which only one may run, taken back',
    before: [deploy({ replicas: 1, alone: true })],
    begin: [deploy({ replicas: 1, alone: true }, 'never-ready')],
    ends: 'r1',
    through: ['reverting restoring', 'reverting stopping'],
  },
  {
    name: 'the first release',
    before: [],
    begin: [deploy()],
    ends: 'r1',
    through: ['preparing', 'migrating', 'stepping starting 0', 'starting-workers'],
  },
  {
    name: 'blue-green with a preview that waits for an approval',
    begin: [deploy({ strategy: { kind: 'blue-green', preview: true, hold: approval } })],
    ends: 'r2',
    through: [...forward, 'stepping holding 0'],
  },
  {
    name: 'rolling with a pause',
    begin: [deploy({ strategy: { kind: 'rolling', batch: 1, unavailable: 0, pauseMs: 600 } })],
    ends: 'r2',
    through: [...forward, 'stepping holding 0'],
  },
  {
    name: 'a release that waits for a reviewer and its timer',
    begin: [deploy({ rules: { reviewers: ['lena'], waitTimerMs: 900 } })],
    ends: 'r2',
    through: ['waiting', ...forward],
  },
  {
    name: 'a release that waits for a window',
    begin: [
      deploy({
        rules: {
          windows: [{ text: 'Thu 00:17-01:00', days: [4], fromMinute: 17, toMinute: 60, timeZone: 'UTC' }],
        },
      }),
    ],
    ends: 'r2',
    through: ['waiting', ...forward],
  },
  {
    name: 'a canary that somebody pauses, and lets go on later',
    begin: [deploy({ strategy: aCanary([10, 100], held) }), goOnFor(20), say('pause')],
    ends: 'r2',
    through: ['stepping holding 0 paused', 'stepping shifting 1', ...forward.slice(3)],
  },
  {
    name: 'a release that somebody pauses while it migrates',
    begin: [deploy(), goOnFor(6), say('pause')],
    ends: 'r2',
    through: ['migrating 0 paused', ...forward.slice(2)],
  },
  {
    name: 'a canary held for an approval, then promoted to the end',
    begin: [deploy({ strategy: aCanary([10, 60, 100], approval) }), goOnFor(40), say('promote', true)],
    ends: 'r2',
    through: ['stepping holding 0', 'draining'],
  },
  {
    name: 'a canary that a reviewer rejects',
    begin: [
      deploy({ strategy: aCanary([10, 100], approval, { testers }), rules: { reviewers: ['lena'] } }),
      say('approve'),
      goOnFor(40),
      say('reject'),
    ],
    ends: 'r1',
    through: back,
  },
  {
    name: 'rolling without room, taken back',
    begin: [deploy({ strategy: withoutRoom }), goOnFor(24), { kind: 'abort' }],
    ends: 'r1',
    through: ['reverting restoring', ...back],
  },
  {
    name: 'a version that is never ready',
    begin: [deploy({}, 'never-ready')],
    ends: 'r1',
    through: ['stepping starting 0', ...back],
  },
  {
    name: 'a version that crashes with users',
    begin: [deploy({ strategy: aCanary([50, 100], held), settings: { bakeMs: 20_000 } }, 'crashes-later')],
    ends: 'r1',
    through: back,
  },
  {
    name: 'a version with a flag that crashes with users',
    begin: [
      deploy(
        { strategy: aCanary([50, 100], held, { flags: { 50: on } }), settings: { bakeMs: 20_000 } },
        'crashes-later',
      ),
    ],
    ends: 'r1',
    through: ['stepping flagging 0', ...back],
  },
  {
    name: 'a service of which only one may run, with a flag, taken back',
    before: [deploy({ replicas: 1, alone: true })],
    begin: [
      deploy({ replicas: 1, alone: true, strategy: aCanary([10, 100], held, { flags: { 10: on } }) }),
      { kind: 'go-on', looks: 24, crashes: false },
      { kind: 'abort' },
    ],
    ends: 'r1',
    through: ['reverting restoring', 'reverting stopping'],
  },
  {
    name: 'a flag that somebody changes while it is turned',
    begin: [
      deploy({ strategy: aCanary([10, 100], held, { flags: { 10: on, 100: dark } }) }),
      goOnFor(20),
      { kind: 'flag', flag: 'cart', to: 'mine' },
    ],
    ends: 'r2',
    through: ['stepping holding 0', 'stepping flagging 1'],
  },
  {
    name: 'a version whose errors are past its bound',
    begin: [
      deploy(
        {
          strategy: aCanary([50, 100], { kind: 'timer', ms: 20_000 }),
          settings: { judge: aJudge({ errorRate: 0.1, minRequests: 20 }) },
        },
        'errors',
      ),
    ],
    ends: 'r1',
    through: ['stepping holding 0', ...back],
  },
  {
    name: 'a canary that must be proven good, by its own requests and by what is measured',
    begin: [deploy({ strategy: aCanary([10, 60, 100], held), settings: { judge: measured } })],
    ends: 'r2',
    through: [...forward, 'stepping holding 0', 'stepping holding 1'],
  },
  {
    name: 'a version of which too much is measured',
    begin: [deploy({ strategy: aCanary([10, 100], held), settings: { judge: measured } }, 'leaks')],
    ends: 'r1',
    through: ['stepping holding 0', ...back],
  },
  {
    name: 'a migration that fails',
    begin: [deploy({}, 'migration-fails')],
    ends: 'r1',
    through: ['migrating'],
  },
  {
    name: 'a migration that breaks what serves',
    begin: [deploy({}, 'breaks-stable')],
    ends: 'r1',
    through: ['checking-stable'],
  },
  {
    name: 'a version that cannot be prepared',
    begin: [deploy({}, 'cannot-prepare')],
    ends: 'r1',
    through: ['preparing'],
  },
  {
    name: 'a way back to what stands by',
    before: [deploy(), deploy()],
    begin: [{ kind: 'rollback', force: false }],
    ends: 'r1',
    through: ['stepping shifting 0', 'starting-workers'],
  },
  {
    // It is r1 that comes back, under a new name.
    name: 'a way back to what was retired',
    before: [deploy(), deploy(soonAlone), goOnFor(30)],
    begin: [{ kind: 'rollback', force: false }],
    ends: 'r3',
    through: ['preparing', 'stepping starting 0'],
  },
  {
    name: 'a repair, also of a shared service that was stopped',
    before: [deploy({ stack: true })],
    begin: [{ kind: 'stop-shared' }, { kind: 'repair' }],
    ends: 'r2',
    through: ['stepping starting 0', 'draining'],
  },
  {
    name: 'a shared service that is replaced',
    before: [deploy(), deploy()],
    begin: [{ kind: 'apply-shared' }],
    ends: 'r2',
    through: ['replacing stopping', 'replacing starting'],
  },
  {
    name: 'a rollout that replaces a shared service, which may be away',
    begin: [deploy({ sharedDowntime: true })],
    ends: 'r2',
    through: ['preparing', 'replacing stopping', 'replacing starting', 'migrating', 'stepping making-room 0'],
  },
  {
    name: 'a rollout that replaces a shared service, and is taken back',
    begin: [deploy({ sharedDowntime: true }, 'never-ready')],
    ends: 'r1',
    through: ['replacing starting', 'migrating', 'reverting restoring', 'reverting stopping'],
  },
  {
    name: 'a rollout that replaces a shared service by one that does not come up',
    begin: [deploy({ sharedDowntime: true, brokenShared: true })],
    ends: 'r1',
    through: ['replacing undoing', 'reverting restoring'],
  },
  {
    name: 'a way back across a shared service that was replaced',
    before: [deploy(), deploy({ sharedDowntime: true, ...soonAlone }), goOnFor(30)],
    begin: [{ kind: 'rollback', force: false }],
    ends: 'r3',
    through: ['replacing stopping', 'stepping making-room 0'],
  },
  {
    name: 'a shared service whose next definition does not come up',
    before: [deploy(), deploy({ brokenShared: true })],
    begin: [{ kind: 'apply-shared' }],
    ends: 'r2',
    through: ['replacing stopping', 'replacing starting', 'replacing undoing'],
  },
]);
const goOn = goOnFor(2);
const events: [what: string, moves: Move[], goesBack: boolean][] = [
  ['an abort', [{ kind: 'abort' }], true],
  ['an abort while it is promoted', [say('promote', true), { kind: 'abort' }], true],
  ['a pause for a while', [say('pause'), goOn, goOn, say('resume')], false],
  [
    'a server that freezes, and acts late',
    [{ kind: 'freeze' }, goOn, { kind: 'abort' }, goOn, { kind: 'thaw' }],
    false,
  ],
  [
    'a server that freezes, and acts when all is over',
    [{ kind: 'freeze' }, { kind: 'abort' }, goOnFor(60), { kind: 'thaw' }],
    true,
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
  [
    'a router that refuses what it is told',
    [
      { kind: 'router-refuses', name: here, refuses: true },
      goOn,
      { kind: 'router-refuses', name: here, refuses: false },
    ],
    false,
  ],
  ['somebody who changes a flag', [{ kind: 'flag', flag: 'cart', to: 'mine' }, goOn], false],
  ['a stable revision that dies', [{ kind: 'damage' }, goOn], false],
  ['a clock that jumps', [{ kind: 'pass', ms: 3_600_000 }, goOn, { kind: 'pass', ms: -7_200_000 }], false],
];

describe.each([...strategies, ...others])('$name', (story) => {
  test(
    'survives a server that dies after any of its effects, and before any commit',
    { timeout: 600_000 },
    async () => {
      for await (const { where, history } of afterEachCrash(story)) {
        expect(brokenPromises(history), where).toEqual([]);
        expect(history.state.stable?.id, where).toBe(story.ends);
      }
    },
  );
});

describe.each(strategies)('$name', (story) => {
  test.each(events)('takes %s at any moment', { timeout: 600_000 }, async (what, moves, goesBack) => {
    const moments = (await momentsOf(story)).filter(({ isNew, step }) => isNew && step > 1);
    for (const { step, name } of moments) {
      const history = await whenAt(story, step, moves);
      expect(brokenPromises(history), `${what} at ${name}`).toEqual([]);
      if (goesBack) expect(history.state.stable?.id, `${what} at ${name}`).toBe('r1');
    }
  });
});

// A newer release and a server that acts late, at every moment of every way back and of everything else.
const hardest = ['a server that freezes, and acts late', 'a newer release'];
describe.each(others)('$name', (story) => {
  test('takes whatever happens at any moment', { timeout: 600_000 }, async () => {
    const moments = (await momentsOf(story)).filter(({ isNew }) => isNew);
    for (const { step, name } of moments) {
      for (const [what, moves] of events.filter(([name]) => hardest.includes(name))) {
        const history = await whenAt(story, step, moves);
        expect(brokenPromises(history), `${what} at ${name}`).toEqual([]);
      }
    }
  });
});
