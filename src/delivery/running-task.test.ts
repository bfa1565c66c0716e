import { describe, expect, test } from 'vitest';
import { here } from './machines.ts';
import { aRequest } from './testing/builders.ts';
import { at, atRest, lookMs, outcome, Stage } from './testing/stage.ts';

/*
 * A task in the middle of what it does is not ended for trouble elsewhere: the rollout waits for its end, and goes back
 * then. A person may end it.
 */

const other = 'deploy@10.0.0.6';
/** Longer than a machine, a router or an environment is waited for. */
const longTask = 60;
const deadline = { deadlineMs: 12_000 };
const abort: [string, unknown] = ['abort', { rolloutId: null, by: 'ana' }];

async function migrating(machines = [here, other]): Promise<Stage> {
  const stage = await new Stage().serves(aRequest(1, 'good', { machines }));
  stage.world.taskLooks = longTask;
  await stage.tick(['rollout', aRequest(2, 'good', { machines, rules: deadline })]);
  await stage.until(at('migrating'));
  await looks(stage, 2);
  return stage;
}

async function looks(stage: Stage, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    await stage.tick();
    stage.pass(lookMs);
  }
}

const trouble: [what: string, begins: (stage: Stage) => void, reason: string][] = [
  [
    'another machine is silent',
    ({ world }) => void (world.on(other).answers = false),
    'failed, deploy@10.0.0.6 has not answered for ',
  ],
  [
    'a router refuses its routes',
    (stage) => {
      const { router } = stage.world.on(other);
      const apply = router.apply.bind(router);
      const waits = () => stage.phase === 'migrating';
      router.apply = (...call) => (waits() ? Promise.reject(new Error('no space left')) : apply(...call));
      stage.see = ({ routers }) => {
        const seen = routers[other];
        if (seen && waits()) seen.routes = null;
      };
    },
    'failed, the router on deploy@10.0.0.6 does not take the routes, for ',
  ],
  [
    'the time of its environment is over',
    () => {},
    'failed, it had not all traffic within 12s, the deadline of its environment',
  ],
];

describe.each(trouble)('while a task runs and %s', (_, begins, reason) => {
  test('the rollout waits for its end, goes back then, and remembers that it succeeded', async () => {
    const stage = await migrating();
    begins(stage);
    await looks(stage, longTask - 5);
    expect(stage.phase).toBe('migrating');
    await stage.until(atRest);
    expect(outcome(stage)?.slice(0, reason.length)).toBe(reason);
    expect(stage.world.broken).toEqual([]);
    expect([...stage.world.succeeded.values()]).toEqual([1, 1]);
    expect(stage.state.migrated).toContain('sha256:good:2 release');
  });

  test('a person may end it all the same', async () => {
    const stage = await migrating();
    begins(stage);
    await looks(stage, longTask - 5);
    await stage.tick(abort);
    await looks(stage, 8);
    expect(stage.phase).toBe('none');
    expect(outcome(stage)).toBe('aborted, aborted by ana');
    expect(stage.world.broken).toEqual([]);
    expect(stage.state.migrated).toEqual(['sha256:good:1 release']);
  });
});

describe('a way back that finds a task running, on a machine that was silent', () => {
  async function goingBack(): Promise<Stage> {
    const stage = await migrating([here]);
    stage.world.on(here).answers = false;
    await stage.until(at('reverting'));
    stage.world.on(here).answers = true;
    await looks(stage, 8);
    expect(stage.phase).toBe('reverting stopping');
    return stage;
  }

  test('waits for its end', async () => {
    const stage = await goingBack();
    await stage.until(atRest);
    expect(outcome(stage)).toMatch(/^failed, here has not answered/);
    expect(stage.world.broken).toEqual([]);
    expect(stage.state.migrated).toContain('sha256:good:2 release');
  });

  test('ends it when somebody asks for an abort, and tells why it went back', async () => {
    const stage = await goingBack();
    await stage.tick(abort);
    await looks(stage, 4);
    expect(outcome(stage)).toMatch(/^failed, here has not answered/);
    expect(stage.state.migrated).toEqual(['sha256:good:1 release']);
  });
});
