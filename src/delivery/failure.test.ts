import { describe, expect, test } from 'vitest';
import type { EnvironmentState } from './environment.ts';
import { here } from './machines.ts';
import type { InstanceObservation, Observed } from './observed.ts';
import { aRequest } from './testing/builders.ts';
import { at, atRest, outcome, Stage } from './testing/stage.ts';
import type { Behaviour } from './testing/world.ts';

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

  test('a router that answers and does not do what it is told moves nobody, and stops nobody', async () => {
    const stage = await new Stage().serves(aRequest(1, 'good'));
    await stage.tick(['rollout', aRequest(2, 'good')]);
    const router = stage.world.on(here);
    router.refuses = true;
    await stage.until((state) => state.rollout?.phase.at === 'reverting');
    expect(stage.world.weightOf('r1')).toBe(100);
    router.refuses = false;
    await stage.until(atRest);
    expect(outcome(stage)).toContain('failed, the router did not take the new routes within');
    expect(stage.world.weightOf('r1')).toBe(100);
    expect(stage.world.broken).toEqual([]);
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

  test.each(['draining', 'stopping-workers', 'starting-workers'])(
    'a crash with all traffic takes it back while the old one is still %s, also without a bake',
    async (phase) => {
      const stage = await new Stage().serves(aRequest(1, 'good'));
      await stage.tick(['rollout', aRequest(2, 'good', { settings: { bakeMs: 0 } })]);
      await stage.until(at(phase));
      // The old revision takes its time, and the copy is up again before anybody looks.
      const busy = seen((copy) => (copy.phase = 'starting'), 'r2-worker-1');
      const slow = (observed: Observed) => {
        busy(observed);
        for (const traffic of observed.routers['here']?.revisions ?? [])
          if (traffic.id === 'r1') traffic.inFlight = 1;
        if (phase === 'stopping-workers' && !observed.instances.some(({ id }) => id === 'r1-worker-1'))
          observed.instances.push({ ...copyOf('r1-worker-1'), phase: 'stopping' });
      };
      stage.see = slow;
      await stage.tick();
      await stage.tick();
      stage.see = (observed) => {
        slow(observed);
        seen((copy) => (copy.restarts += 1), 'r2-web-1')(observed);
      };
      await stage.until(({ rollout }) => rollout?.phase.at === 'reverting');
      stage.see = () => {};
      await stage.until(atRest);
      expect(outcome(stage)).toBe('failed, r2-web-1 crashed while it had traffic');
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
