import { describe, expect, test } from 'vitest';
import type { EnvironmentState } from './environment.ts';
import type { InstanceObservation } from './observed.ts';
import { aCanary, aJudge, aRequest } from './testing/builders.ts';
import { at, atRest, outcome, Stage } from './testing/stage.ts';

/*
 * Failures that users of other tools have reported to their trackers, each played here: what happened there does not
 * happen here. The numbers are those of the issues.
 */

async function serving(replicas = 2): Promise<Stage> {
  return new Stage().serves(aRequest(1, 'good', { replicas }));
}

const ill =
  (...ids: string[]) =>
  ({ instances }: { instances: InstanceObservation[] }): void => {
    for (const copy of instances) if (ids.includes(copy.id)) copy.probe = { failed: 'HTTP 500' };
  };
const holding = ({ rollout }: EnvironmentState): boolean =>
  rollout?.phase.at === 'stepping' && rollout.phase.stage === 'holding';
const held = aCanary([10, 100], { kind: 'approval' });
const at10 = (stage: Stage) => (state: EnvironmentState) =>
  holding(state) && stage.world.weightOf('r2') === 10;
const order = ({ lines }: Stage, ...starts: string[]): number[] =>
  starts.map((start) => lines.findIndex((line) => line.startsWith(start)));

describe('downtime despite zero downtime', () => {
  test('the old copy is not stopped before the new one serves, nor before its image is there (coolify 7313 8627 10593, dokploy 617)', async () => {
    const stage = await serving();
    await stage.tick(['rollout', aRequest(2, 'cannot-prepare', { replicas: 2 })]);
    await stage.until(atRest);
    expect(stage.lines.filter((line) => line.startsWith('stop'))).toEqual([]);
    await stage.tick(['rollout', aRequest(3, 'good', { replicas: 2, settings: { rollbackWindowMs: 0 } })]);
    await stage.until((state) => atRest(state) && state.retiring.length === 0);
    const [prepared = 0, started = 0, shifted = 0, stopped = 0] = order(
      stage,
      'prepare r3',
      'start r3-web',
      'route r1=0%/2 r3=100%',
      'stop r1-web',
    );
    expect([prepared, started, shifted, stopped].toSorted((a, b) => a - b)).toEqual([
      prepared,
      started,
      shifted,
      stopped,
    ]);
    expect(prepared).toBeGreaterThan(-1);
  });

  test('a copy that is starting gets no traffic (docker-rollout 21 32)', async () => {
    const stage = await serving();
    await stage.tick(['rollout', aRequest(2, 'never-ready', { replicas: 2, rolling: true })]);
    await stage.until(atRest);
    expect(stage.lines.filter((line) => /^route .*r2=[1-9]/.test(line))).toEqual([]);
  });

  test('the stable copies are not scaled down before the switch, nor before the bake ends (argo-rollouts 2235 2050)', async () => {
    const stage = await serving();
    await stage.tick(['rollout', aRequest(2, 'good', { replicas: 2, strategy: held })]);
    await stage.until(at10(stage));
    await stage.tick(['approve', { rolloutId: null, by: 'ana' }]);
    await stage.until(at('baking'));
    expect([...stage.world.copies.keys()].filter((id) => id.startsWith('r1-web'))).toHaveLength(2);
  });

  test('no traffic comes before capacity (argo-rollouts 3941)', async () => {
    const stage = await serving(4);
    const strategy = aCanary([10, 60, 100], { kind: 'timer', ms: 1_000 });
    await stage.tick(['rollout', aRequest(2, 'good', { replicas: 4, strategy })]);
    await stage.until(atRest);
    const shares = stage.lines.flatMap((line) => [...line.matchAll(/r2=(\d+)%\/(\d+)/g)]);
    expect(shares.length).toBeGreaterThan(2);
    for (const [, weight, copies] of shares) expect(Number(weight)).toBeLessThanOrEqual(25 * Number(copies));
  });

  test('a promotion starts no second copy of what is proven (flagger 1202 773)', async () => {
    const stage = await serving();
    await stage.tick(['rollout', aRequest(2, 'good', { replicas: 2, strategy: held })]);
    await stage.until(at10(stage));
    await stage.tick(['promote', { rolloutId: null, by: 'ana', full: true }]);
    await stage.until(atRest);
    const starts = stage.lines.filter((line) => line.startsWith('start r2-web'));
    expect(starts).toEqual(['start r2-web-1', 'start r2-web-2']);
    expect(stage.state.stable?.id).toBe('r2');
  });
});

describe('stuck', () => {
  test('a broken stable does not block its fix (argo-rollouts 1774 995 3110, flagger 639)', async () => {
    for (const strategy of [held, { kind: 'blue-green', preview: false, hold: { kind: 'none' } } as const]) {
      const stage = await serving();
      stage.see = ill('r1-web-1', 'r1-web-2');
      await stage.tick(['rollout', aRequest(2, 'good', { replicas: 2, strategy })]);
      if (strategy === held) {
        await stage.until(at10(stage));
        await stage.tick(['approve', { rolloutId: null, by: 'ana' }]);
      }
      await stage.until(atRest);
      expect(outcome(stage)).toBe('succeeded, r2 serves app/production');
    }
  });

  test('nor does one whose copies are gone and cannot be started again', async () => {
    const stage = await serving();
    stage.world.damage('r1');
    await stage.tick(['rollout', aRequest(2, 'good', { replicas: 2 })]);
    await stage.until(atRest);
    expect(outcome(stage)).toBe('succeeded, r2 serves app/production');
  });

  test('a rollout that is being promoted can be aborted (flagger 1588 1591)', async () => {
    const stage = await serving();
    await stage.tick(['rollout', aRequest(2, 'good', { replicas: 2, strategy: held })]);
    await stage.until(at10(stage));
    await stage.tick(['promote', { rolloutId: null, by: 'ana', full: true }]);
    await stage.tick();
    await stage.tick(['abort', { rolloutId: null, by: 'lena' }]);
    await stage.until(atRest);
    expect(outcome(stage)).toBe('aborted, aborted by lena');
    expect(stage.world.weightOf('r1')).toBe(100);
  });

  test('what waits in the queue is part of the state, and outlives the server (dokploy 390 2106 4461)', async () => {
    const stage = await serving();
    await stage.tick(['rollout', aRequest(2, 'good', { replicas: 2 })]);
    await stage.until(at('baking'));
    await stage.tick(['rollout', aRequest(3, 'good', { replicas: 2 })]);
    expect(JSON.parse(JSON.stringify(stage.state))).toMatchObject({ queue: [{ rolloutId: 'ro-3' }] });
    await stage.until(atRest);
    expect(outcome(stage)).toBe('succeeded, r3 serves app/production');
  });
});

describe('the way back', () => {
  test('deploys what ran, with its own configuration, from what is remembered (coolify 8445 11467, dokploy 2771 319)', async () => {
    const stage = await serving(1);
    const first = stage.state.stable;
    for (const serial of [2, 3, 4]) await stage.serves(aRequest(serial, 'good'));
    await stage.until(({ standby, retiring }) => standby === null && retiring.length === 0);
    const remembered = stage.state.past.find(({ id }) => id === 'r1');
    expect(remembered).toEqual(first);
    const request = { ...aRequest(9, 'good'), kind: 'rollback' as const };
    await stage.tick(['rollout', { ...request, revision: remembered ?? request.revision }]);
    await stage.until(atRest);
    expect(stage.state.stable).toEqual({ ...first, id: 'r5' });
    expect([...stage.world.commandRuns.keys()]).not.toContain('release-r5');
  });
});

describe('half and half', () => {
  test('copies that have switched go back when one that follows does not come up (kamal, uncloud)', async () => {
    const stage = await serving(4);
    stage.see = ill('r2-web-3');
    await stage.tick(['rollout', aRequest(2, 'good', { replicas: 4, rolling: true })]);
    await stage.until(atRest);
    expect(outcome(stage)).toContain('failed, r2-web-3');
    expect(stage.lines.some((line) => /^route .*r2=50%\/2/.test(line))).toBe(true);
    expect(stage.world.weightOf('r1')).toBe(100);
    expect([...stage.world.copies.keys()].filter((id) => id.startsWith('r2'))).toEqual([]);
  });

  test('web copies go back when the worker of their release does not stay up', async () => {
    const stage = await serving();
    let looks = 0;
    stage.see = ({ instances }) => {
      const worker = instances.find(({ id }) => id === 'r2-worker-1');
      if (worker) Object.assign(worker, { restarts: (looks += 1), phase: 'backoff', exitCode: 1 });
    };
    await stage.tick(['rollout', aRequest(2, 'good', { replicas: 2 })]);
    await stage.until(atRest);
    expect(outcome(stage)).toContain('failed, r2-worker-1');
    expect(stage.lines.some((line) => line.startsWith('route r1=0%/2 r2=100%'))).toBe(true);
    expect(stage.world.weightOf('r1')).toBe(100);
    expect([...stage.world.copies.keys()].filter((id) => id.includes('worker'))).toEqual(['r1-worker-1']);
  });
});

describe('numbers that say too much', () => {
  const judge = aJudge({ errorRate: 0.01, minRequests: 50 });
  const strategy = aCanary([10, 100], { kind: 'timer', ms: 5_000 });

  async function counted(candidate: [number, number], stable: [number, number]): Promise<Stage> {
    const stage = await serving();
    await stage.tick(['rollout', aRequest(2, 'good', { replicas: 2, strategy, settings: { judge } })]);
    stage.see = ({ routers: { here: router } }) => {
      const began = stage.state.rollout?.compared != null;
      for (const revision of router?.revisions ?? []) {
        const [requests, errors] = revision.id === 'r2' ? candidate : stable;
        const seen = { requests, errors, sessions: requests, sessionsWithError: errors };
        Object.assign(revision, began ? seen : { requests: 0, errors: 0 });
      }
    };
    await stage.until(atRest);
    return stage;
  }

  test('no traffic is not a failure (flagger 1035 883 1689 1353), and not a success either', async () => {
    const stage = await counted([0, 0], [0, 0]);
    expect(outcome(stage)).toBe('succeeded, r2 serves app/production');
    expect(stage.lines).toContain('rollout.unproven');
  });

  test('the numbers of the stable revision are not taken for those of the canary (argo-rollouts 1700)', async () => {
    expect(outcome(await counted([100, 0], [1_000, 900]))).toBe('succeeded, r2 serves app/production');
    expect(outcome(await counted([100, 90], [1_000, 0]))).toContain(
      'failed, 90 % of its 100 requests failed, 1 % may; 0 % on the old revision',
    );
  });
});

test('migrations run in the new release, before anything of it starts (coolify)', async () => {
  const stage = await serving();
  await stage.tick(['rollout', aRequest(2, 'good', { replicas: 2 })]);
  await stage.until(atRest);
  const [ran = 0, started = 0] = order(stage, 'run node migrate.js of r2', 'start r2');
  expect(ran).toBeGreaterThan(-1);
  expect(ran).toBeLessThan(started);
});

test('a migration that breaks what serves is caught before traffic moves', async () => {
  const stage = await serving();
  await stage.tick(['rollout', aRequest(2, 'breaks-stable', { replicas: 2 })]);
  await stage.until(atRest);
  expect(outcome(stage)).toBe(
    'failed, r1, which serves, is not well any more since the tasks of r2 ran (release): HTTP 500: no such column; no traffic was moved, and users have r1 as it is: undo what the tasks did, or ship what can live with it',
  );
  expect(stage.lines.filter((line) => line.startsWith('start r2'))).toEqual([]);
});
