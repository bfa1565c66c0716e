import { describe, expect, test } from 'vitest';
import type { RolloutRequest } from './environment.ts';
import { aRequest } from './testing/builders.ts';
import { at, atRest, lookMs, outcome, Stage } from './testing/stage.ts';

describe('the happy path', () => {
  test('of a first release: migrate, start, gate, all traffic, workers, bake', async () => {
    const stage = new Stage();
    await stage.tick(['rollout', aRequest(1, 'good')]);
    await stage.until(atRest);
    expect(stage.lines).toEqual([
      'rollout.requested',
      'rollout.started',
      'prepare r1',
      'route ',
      'run node migrate.js of r1',
      'task.succeeded',
      'start r1-web-1',
      'route r1=100%/1',
      'traffic.shifted',
      'start r1-worker-1',
      'rollout.succeeded',
      'tell run-1: succeeded, r1 serves app/production',
    ]);
  });

  test('of blue-green: the old revision serves until the new one is ready, then stands by', async () => {
    const stage = await new Stage().serves(aRequest(1, 'good', { replicas: 2 }));
    await stage.tick(['rollout', aRequest(2, 'good', { replicas: 2 })]);
    await stage.until(atRest);
    expect(stage.lines).toEqual([
      'rollout.requested',
      'rollout.started',
      'prepare r2',
      'run node migrate.js of r2',
      'task.succeeded',
      'start r2-web-1',
      'start r2-web-2',
      'route r1=0%/2 r2=100%/2',
      'traffic.shifted',
      'stop r1-worker-1',
      'start r2-worker-1',
      'rollout.succeeded',
      'tell run-1: succeeded, r2 serves app/production',
    ]);
    expect(stage.state).toMatchObject({ stable: { id: 'r2' }, standby: { revision: { id: 'r1' } } });
  });

  test('of rolling: no share of traffic is ahead of the copies that are ready', async () => {
    const stage = await new Stage().serves(aRequest(1, 'good', { replicas: 3 }));
    await stage.tick(['rollout', aRequest(2, 'good', { replicas: 3, rolling: true })]);
    await stage.until(atRest);
    expect(stage.lines.filter((line) => /^(start|route|stop) /.test(line))).toEqual([
      'start r2-web-1',
      'route r1=67%/3 r2=33%/1',
      'start r2-web-2',
      'route r1=34%/3 r2=66%/2',
      'start r2-web-3',
      'route r1=0%/3 r2=100%/3',
      'stop r1-worker-1',
      'start r2-worker-1',
    ]);
  });
});

describe('an abort', () => {
  test.each(['migrating', 'stepping', 'draining', 'stopping-workers', 'starting-workers', 'baking'])(
    'goes back from %s',
    async (phase) => {
      const stage = await new Stage().serves(aRequest(1, 'good'));
      await stage.tick(['rollout', aRequest(2, 'good')]);
      await stage.until(at(phase));
      await stage.tick(['abort', { rolloutId: 'ro-2', by: 'ana' }]);
      expect(stage.phase).toBe('reverting routing');
      await stage.until(atRest);
      expect(outcome(stage)).toBe('aborted, aborted by ana');
      expect(stage.world.weightOf('r1')).toBe(100);
      await stage.until(() => stage.world.copies.has('r1-worker-1'));
      expect([...stage.world.copies.keys()].toSorted()).toEqual(['r1-web-1', 'r1-worker-1']);
      expect(stage.world.broken).toEqual([]);
    },
  );

  test('that comes again and again holds the way back up in no phase', async () => {
    const stage = await new Stage().serves(aRequest(1, 'good'));
    await stage.tick(['rollout', aRequest(2, 'good')]);
    await stage.until(at('baking'));
    for (let looks = 0; looks < 20; looks++) {
      await stage.tick(['abort', { rolloutId: 'ro-2', by: 'slipway' }]);
      stage.pass(lookMs);
    }
    expect(stage.state.rollout).toBeNull();
    expect(stage.world.weightOf('r1')).toBe(100);
  });

  test('is not over while the release command is still ending', async () => {
    const stage = await new Stage().serves(aRequest(1, 'good'));
    await stage.tick(['rollout', aRequest(2, 'good')]);
    stage.see = (observed) => (observed.command = { state: 'running', logTail: [] });
    await stage.until(at('migrating'));
    await stage.tick(['abort', { rolloutId: 'ro-2', by: 'ana' }]);
    for (let looks = 0; looks < 10; looks++) await stage.tick();
    expect(stage.phase).toBe('reverting stopping');
    stage.see = () => {};
    await stage.until(atRest);
    expect(outcome(stage)).toBe('aborted, aborted by ana');
  });

  test('of another rollout changes nothing; of a waiting one takes it out of the queue', async () => {
    const stage = await new Stage().serves(aRequest(1, 'good'));
    await stage.tick(['rollout', aRequest(2, 'good')]);
    await stage.until(at('stepping'));
    await stage.tick(['rollout', aRequest(3, 'good')]);
    await stage.tick(
      ['abort', { rolloutId: 'ro-9', by: 'ana' }],
      ['abort', { rolloutId: 'ro-3', by: 'ana' }],
    );
    expect(stage.phase).toBe('stepping');
    expect(stage.state.queue).toEqual([]);
    expect(outcome(stage)).toBe('aborted, aborted by ana');
  });
});

describe('requests', () => {
  test('wait for the rollout under way, and the newest supersedes those that wait', async () => {
    const stage = await new Stage().serves(aRequest(1, 'good'));
    await stage.tick(['rollout', aRequest(2, 'good')]);
    await stage.until(at('stepping'));
    await stage.tick(['rollout', aRequest(3, 'good')]);
    await stage.tick(['rollout', aRequest(4, 'good')]);
    expect(outcome(stage)).toBe('superseded, ro-4 was asked for after it');
    await stage.until(atRest);
    expect(stage.state.stable).toMatchObject({ id: 'r3', release: { commit: 'c4' } });
  });

  test('of an earlier ship come too late, whatever became of the newer one', async () => {
    const stage = await new Stage().serves({ ...aRequest(1, 'good'), shipNumber: 1 });
    await stage.tick(['rollout', { ...aRequest(3, 'good'), shipNumber: 3 }]);
    await stage.tick(['rollout', { ...aRequest(2, 'good'), shipNumber: 2 }]);
    expect(outcome(stage)).toBe('superseded, ro-3, of a newer ship, was asked for before it');
    await stage.until(atRest);
    expect(stage.state.stable).toMatchObject({ release: { commit: 'c3' } });
    await stage.tick(['rollout', { ...aRequest(4, 'crashes'), shipNumber: 4 }]);
    await stage.until(atRest);
    await stage.tick(['rollout', { ...aRequest(2, 'good'), rolloutId: 'ro-late', shipNumber: 2 }]);
    expect(outcome(stage)).toBe('superseded, ro-4, of a newer ship, was asked for before it');
    await stage.tick(['rollout', { ...aRequest(5, 'good'), shipNumber: 5 }]);
    await stage.until(atRest);
    expect(stage.state.stable).toMatchObject({ release: { commit: 'c5' } });
  });

  test('that are made twice are one', async () => {
    const stage = new Stage();
    await stage.tick(['rollout', aRequest(1, 'good')]);
    await stage.tick(['rollout', aRequest(1, 'good')]);
    await stage.until(atRest);
    expect(stage.lines.filter((line) => line === 'rollout.requested')).toHaveLength(1);
  });

  test('for what runs already end at once, and touch nothing', async () => {
    const stage = await new Stage().serves(aRequest(1, 'good'));
    await stage.tick(['rollout', { ...aRequest(1, 'good'), rolloutId: 'ro-2' }]);
    await stage.until(atRest);
    expect(stage.lines).toEqual([
      'rollout.requested',
      'rollout.succeeded',
      'tell run-1: succeeded, this release already runs here',
    ]);
  });

  test('with another configuration are a rollout, whose release command has run', async () => {
    const stage = await new Stage().serves(aRequest(1, 'good'));
    const again = aRequest(1, 'good');
    again.revision.configuration.fingerprint = 'other';
    await stage.tick(['rollout', { ...again, rolloutId: 'ro-2' }]);
    await stage.until(atRest);
    expect(stage.state.stable?.id).toBe('r2');
    expect([...stage.world.commandRuns.keys()]).toEqual(['release-r1']);
  });
});

describe('the revision that stands by', () => {
  async function twoShipped(): Promise<Stage> {
    const stage = await new Stage().serves(aRequest(1, 'good'));
    return stage.serves(aRequest(2, 'good'));
  }

  function back(stage: Stage): RolloutRequest {
    const request = aRequest(3, 'good');
    const revision = stage.state.standby?.revision;
    if (!revision) throw new Error('nothing stands by');
    return { ...request, kind: 'rollback', revision, settings: { ...request.settings, bakeMs: 0 } };
  }

  test('is gone back to by one change of the routes', async () => {
    const stage = await twoShipped();
    await stage.tick(['rollout', back(stage)]);
    await stage.until(atRest);
    expect(stage.lines).toEqual([
      'rollout.requested',
      'rollout.started',
      'route r2=0%/1 r1=100%/1',
      'traffic.shifted',
      'stop r2-worker-1',
      'start r1-worker-1',
      'rollout.succeeded',
      'tell run-1: succeeded, r1 serves app/production',
    ]);
    expect(stage.state).toMatchObject({ stable: { id: 'r1' }, standby: { revision: { id: 'r2' } } });
  });

  test('may have ended by itself long ago, as long as it is ready now', async () => {
    const stage = await twoShipped();
    for (const copy of stage.world.copies.values()) if (copy.id === 'r1-web-1') copy.restarts = 7;
    await stage.tick(['rollout', back(stage)]);
    await stage.until(atRest);
    expect(outcome(stage)).toBe('succeeded, r1 serves app/production');
  });

  test('drains and ends after its window, which time that nobody watched does not shorten', async () => {
    const stage = await twoShipped();
    stage.pass(3_600_000);
    await stage.tick();
    expect(stage.state.standby?.revision.id).toBe('r1');
    await stage.until(({ standby, retiring }) => standby === null && retiring.length === 0);
    expect(stage.lines).toEqual(['stop r1-web-1', 'route r2=100%/1', 'revision.retired']);
    expect([...stage.world.copies.keys()].toSorted()).toEqual(['r2-web-1', 'r2-worker-1']);
  });

  test('is replaced by the next revision that is left behind', async () => {
    const stage = await twoShipped();
    await stage.tick(['rollout', aRequest(4, 'good')]);
    await stage.until((state) => atRest(state) && state.retiring.length === 0);
    expect(stage.state).toMatchObject({ stable: { id: 'r3' }, standby: { revision: { id: 'r2' } } });
    expect(stage.lines).toContain('revision.retired');
  });

  test('keeps standing when the way back to it fails', async () => {
    const stage = await twoShipped();
    stage.see = ({ instances }) => {
      for (const copy of instances) if (copy.id === 'r1-web-1') copy.probe = { failed: 'HTTP 500' };
    };
    await stage.tick(['rollout', back(stage)]);
    await stage.until(atRest);
    expect(outcome(stage)).toBe('failed, r1-web-1 was not ready within 10 s: HTTP 500');
    expect(stage.world.weightOf('r2')).toBe(100);
    expect(stage.world.copies.has('r1-web-1')).toBe(true);
  });
});

test('a copy that is seen less often than the timers allow still comes to its deadline', async () => {
  const stage = await new Stage().serves(aRequest(1, 'good'));
  const slow = aRequest(2, 'never-ready');
  slow.revision.health = { ...slow.revision.health, intervalMs: 30_000, deadlineMs: 120_000 };
  await stage.tick(['rollout', slow]);
  await stage.until(at('stepping'));
  for (let looks = 0; looks < 6; looks++) {
    await stage.tick();
    stage.pass(30_000);
  }
  expect(stage.phase).toMatch(/^reverting/);
});

test('a server that was down uses up none of the time in which a revision may become ready', async () => {
  const stage = await new Stage().serves(aRequest(1, 'good'));
  await stage.tick(['rollout', aRequest(2, 'good')]);
  await stage.until(at('stepping'));
  for (let deaths = 0; deaths < 3; deaths++) {
    stage.pass(60_000);
    await stage.tick();
  }
  await stage.until(atRest);
  expect(outcome(stage)).toBe('succeeded, r2 serves app/production');
});
