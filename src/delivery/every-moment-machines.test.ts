import { describe, expect, test } from 'vitest';
import { here } from './machines.ts';
import { aCanary, type Wishes } from './testing/builders.ts';
import { brokenPromises, type Move } from './testing/history.ts';
import { afterEachCrash, goOnFor, momentsOf, whenAt, type Story } from './testing/stories.ts';
import type { Behaviour } from './testing/world.ts';

/*
 * Rollouts over two machines, with something happening at each of their moments: a server that dies after an effect, a
 * machine that is cut off for a while, one that is cut off until the rollout is over. No machine may shift before all are
 * ready, all that answer end on the same revision, and what was cut off is put right when it is seen again.
 */

const other = 'deploy@10.0.0.6';
const both = [here, other];
const deploy = (wishes: Wishes = {}, behaves: Behaviour = 'good'): Move => ({
  kind: 'deploy',
  behaves,
  wishes: { replicas: 2, machines: both, ...wishes },
});
const held = { kind: 'timer', ms: 1_000 } as const;

const stories: Story[] = [
  {
    name: 'a canary on both',
    before: [deploy()],
    begin: [deploy({ strategy: aCanary([50, 100], held) })],
    ends: 'r2',
    through: ['preparing', 'migrating', 'checking-stable', 'stepping holding 0', 'draining', 'baking'],
  },
  {
    name: 'rolling without room on both',
    before: [deploy()],
    begin: [deploy({ strategy: { kind: 'rolling', batch: 1, unavailable: 1, pauseMs: 0 } })],
    ends: 'r2',
    through: ['stepping making-room 0', 'stepping making-room 1', 'draining'],
  },
  {
    name: 'a version that crashes with users on the second alone',
    before: [deploy()],
    begin: [deploy({ strategy: aCanary([50, 100], held), settings: { bakeMs: 20_000 } }, 'crashes-later')],
    ends: 'r1',
    through: ['reverting routing', 'reverting draining', 'reverting stopping'],
    illOn: other,
  },
  {
    name: 'a machine more, and another order',
    before: [deploy({ machines: [here] })],
    begin: [deploy({ machines: [other, here] })],
    ends: 'r2',
    through: ['preparing', 'migrating', 'stopping-workers'],
  },
  {
    name: 'a machine less',
    before: [deploy()],
    begin: [deploy({ machines: [here], settings: { rollbackWindowMs: 0 } })],
    ends: 'r2',
    through: ['preparing', 'migrating', 'draining'],
  },
];

/** Longer than a machine is waited for. */
const longTask = 50;
stories.push({
  name: 'a migration that takes long',
  before: [deploy()],
  begin: [deploy()],
  ends: 'r2',
  through: ['migrating', 'checking-stable'],
  taskLooks: longTask,
});

const cutOff = (name: string, looks: number): Move[] => [
  { kind: 'machine', name, answers: false },
  goOnFor(looks),
  { kind: 'machine', name, answers: true },
];
/** Longer than a rollout waits for a machine, and than its way back takes. */
const forLong = 80;

describe.each(stories)('$name', (story) => {
  test('survives a server that dies after any of its effects', { timeout: 600_000 }, async () => {
    for await (const { where, history } of afterEachCrash(story)) {
      expect(brokenPromises(history), where).toEqual([]);
      expect(history.state.stable?.id, where).toBe(story.ends);
    }
  });

  test.each([
    ['the second machine for a while', cutOff(other, 4)],
    ['the second machine until all is over', cutOff(other, forLong)],
    ['the machine of the server until all is over', cutOff(here, forLong)],
  ])('loses %s at any moment', { timeout: 600_000 }, async (what, moves) => {
    const moments = (await momentsOf(story)).filter(({ isNew, step }) => isNew && step > 1);
    for (const { step, name } of moments)
      expect(brokenPromises(await whenAt(story, step, moves)), `${what} at ${name}`).toEqual([]);
  });
});
