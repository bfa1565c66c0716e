import { describe, expect, test } from 'vitest';
import type { EnvironmentState, RolloutRequest } from './environment.ts';
import type { InstanceObservation, Observed } from './observed.ts';
import { aRequest } from './testing/builders.ts';
import { at, atRest, lookMs, outcome, Stage } from './testing/stage.ts';
import type { Behaviour } from './testing/world.ts';

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

describe('what fails', () => {
  test.each<[Behaviour, string]>([
    ['never-ready', 'failed, r2-web-1 was not ready within 10 s: HTTP 503'],
    ['crashes', 'failed, r2-web-1 ended by itself 3 times'],
    ['migration-fails', 'failed, the release command exited with 1; no traffic was moved'],
    ['crashes-later', 'failed, r2-web-1 crashed during the bake'],
  ])('%s: the reason is said, and the old revision serves', async (behaves, reason) => {
    const stage = await new Stage().serves(aRequest(1, 'good'));
    await stage.tick(['rollout', aRequest(2, behaves)]);
    await stage.until(atRest);
    expect(outcome(stage)).toBe(reason);
    expect(stage.state).toMatchObject({ stable: { id: 'r1' }, standby: null });
    expect(stage.world.weightOf('r1')).toBe(100);
    expect([...stage.world.copies.keys()].toSorted()).toEqual(['r1-web-1', 'r1-worker-1']);
  });

  const seen =
    (change: (instance: InstanceObservation) => void, of: string) =>
    ({ instances }: Observed): void =>
      instances.filter(({ id }) => id === of).forEach(change);
  const sick = (id: string) => seen((copy) => (copy.probe = { failed: 'HTTP 500' }), id);

  test('a release command that nobody saw end counts as failed', async () => {
    const stage = await new Stage().serves(aRequest(1, 'good'));
    await stage.tick(['rollout', aRequest(2, 'good')]);
    stage.see = (observed) => (observed.command = { state: 'exited', code: null, logTail: ['half'] });
    await stage.until(atRest);
    expect(outcome(stage)).toBe(
      'failed, the release command ended and nobody saw how, so it counts as failed; no traffic was moved',
    );
  });

  test('a worker that does not stay up', async () => {
    const stage = await new Stage().serves(aRequest(1, 'good'));
    await stage.tick(['rollout', aRequest(2, 'good')]);
    stage.see = seen((copy) => (copy.phase = 'backoff'), 'r2-worker-1');
    await stage.until(atRest);
    expect(outcome(stage)).toBe('failed, the new workers did not stay up within 60 s');
    expect(stage.lines.slice(-7, -1)).toEqual([
      'route r1=100%/1 r2=0%/1',
      'stop r2-web-1',
      'stop r2-worker-1',
      'start r1-worker-1',
      'route r1=100%/1',
      'rollout.failed',
    ]);
  });

  test('a router that does not take the routes is named, not the copy', async () => {
    const stage = await new Stage().serves(aRequest(1, 'good'));
    await stage.tick(['rollout', aRequest(2, 'good')]);
    await stage.until(at('stepping'));
    stage.see = (observed) => (observed.routers['here'] = null);
    await stage.until(({ rollout }) => rollout?.phase.at === 'reverting');
    stage.see = () => {};
    await stage.until(atRest);
    expect(outcome(stage)).toBe('failed, the router did not take the new routes within 10 s');
  });

  test('a copy that is ready at the last moment is not late while its traffic moves', async () => {
    const stage = await new Stage().serves(aRequest(1, 'good'));
    await stage.tick(['rollout', aRequest(2, 'good')]);
    const once = ({ rollout }: EnvironmentState): boolean =>
      rollout?.phase.at === 'stepping' && rollout.phase.gate.streaks['r2-web-1'] === 1;
    await stage.until(once);
    const { phase } = stage.state.rollout ?? {};
    if (phase?.at === 'stepping') phase.gate.deadline.elapsedMs = 9_500;
    await stage.until(atRest);
    expect(outcome(stage)).toBe('succeeded, r2 serves app/production');
  });

  test('a copy that falls ill with the first share of traffic takes the rollout back at once', async () => {
    const stage = await new Stage().serves(aRequest(1, 'good', { replicas: 2 }));
    await stage.tick(['rollout', aRequest(2, 'good', { replicas: 2, rolling: true })]);
    await stage.until(() => stage.world.weightOf('r2') === 50);
    stage.see = sick('r2-web-1');
    await stage.until(atRest);
    expect(outcome(stage)).toBe('failed, r2-web-1 stopped being ready while it had traffic: HTTP 500');
    expect(stage.world.weightOf('r1')).toBe(100);
  });

  test.each(['draining', 'stopping-workers', 'starting-workers'])(
    'a revision that falls ill with all traffic is taken back while the old one is still %s',
    async (phase) => {
      const stage = await new Stage().serves(aRequest(1, 'good'));
      await stage.tick(['rollout', aRequest(2, 'good')]);
      await stage.until(at(phase));
      stage.see = (observed) => {
        sick('r2-web-1')(observed);
        // The old revision takes its time.
        for (const traffic of observed.routers['here']?.revisions ?? [])
          if (traffic.id === 'r1') traffic.inFlight = 1;
        for (const copy of observed.instances) if (copy.id === 'r2-worker-1') copy.phase = 'starting';
        const worker = observed.instances.find(({ id }) => id === 'r1-worker-1');
        if (phase === 'stopping-workers' && !worker)
          observed.instances.push({ ...copyOf('r1-worker-1'), phase: 'stopping' });
      };
      await stage.until(({ rollout }) => rollout?.phase.at === 'reverting');
      stage.see = () => {};
      await stage.until(atRest);
      expect(outcome(stage)).toBe('failed, r2-web-1 stopped being ready while it had traffic: HTTP 500');
      expect(stage.world.weightOf('r1')).toBe(100);
    },
  );

  test('so does one that falls ill in the bake; one bad probe does not', async () => {
    const stage = await new Stage().serves(aRequest(1, 'good'));
    await stage.tick(['rollout', aRequest(2, 'good')]);
    await stage.until(at('baking'));
    stage.see = sick('r2-web-1');
    await stage.tick();
    stage.see = () => {};
    await stage.tick();
    expect(stage.phase).toBe('baking');
    stage.see = sick('r2-web-1');
    await stage.until(atRest);
    expect(outcome(stage)).toBe('failed, r2-web-1 stopped being ready during the bake: HTTP 500');
  });

  test('a release whose command failed may be shipped again, and its command runs again', async () => {
    const stage = await new Stage().serves(aRequest(1, 'good'));
    const bad = aRequest(2, 'migration-fails');
    await stage.tick(['rollout', bad]);
    await stage.until(atRest);
    await stage.tick(['rollout', { ...bad, rolloutId: 'ro-3' }]);
    await stage.until(atRest);
    expect([...stage.world.commandRuns.keys()]).toEqual(['release-r1', 'release-r2', 'release-r3']);
  });
});

function copyOf(id: string): InstanceObservation {
  const [revision = '', process = ''] = id.split('-');
  const rest = {
    host: '127.0.0.1',
    drift: null,
    port: null,
    restarts: 0,
    exitCode: null,
    probe: 'not-probed',
    logTail: [],
  } as const;
  return { ...rest, id, revision, process, phase: 'running', logTail: [] };
}

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
