import { describe, expect, test } from 'vitest';
import type { EnvironmentState } from './environment.ts';
import { here, localId, machineOf, machinesOf, nameOn, spoken } from './machines.ts';
import { instanceId } from './observed.ts';
import { aCanary, aJudge, aRequest, type Wishes } from './testing/builders.ts';
import { at, atRest, lookMs, outcome, Stage } from './testing/stage.ts';
import type { Behaviour } from './testing/world.ts';

const other = 'deploy@10.0.0.6';
const both = { machines: [here, other] };

const deploy = (serial: number, behaves: Behaviour = 'good', wishes: Wishes = {}) =>
  aRequest(serial, behaves, { ...both, ...wishes });

/** r1 serves on both machines; r2 has just been asked for. */
async function shipping(
  behaves: Behaviour = 'good',
  wishes: Wishes = {},
  stage = new Stage(),
): Promise<Stage> {
  await stage.serves(deploy(1));
  await stage.tick(['rollout', deploy(2, behaves, wishes)]);
  return stage;
}

async function looks(stage: Stage, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    await stage.tick();
    stage.pass(lookMs);
  }
}

/** What each machine sends its users to. */
function serving({ world }: Stage): Record<string, string> {
  return Object.fromEntries(
    world.all.map(({ name, routes }) => [
      name,
      (routes?.revisions ?? [])
        .filter(({ weightPercent }) => weightPercent > 0)
        .map(({ id, weightPercent }) => `${id}=${weightPercent}%`)
        .join(' '),
    ]),
  );
}

const copies = ({ world }: Stage): string[] => [...world.copies.keys()].toSorted();
const isHolding = ({ rollout }: EnvironmentState) =>
  rollout?.phase.at === 'stepping' && rollout.phase.stage === 'holding';
const isShifting = ({ rollout }: EnvironmentState) =>
  rollout?.phase.at === 'stepping' && rollout.phase.stage === 'shifting';

test('a copy elsewhere has its machine in its id, one of the server itself is called as ever', () => {
  expect(instanceId('r7', 'web', 1, here)).toBe('r7-web-1');
  const id = instanceId('r7', 'web', 1, other);
  expect(id).toBe('r7-web-1@deploy@10.0.0.6');
  expect([machineOf(id), localId(id), spoken(id)]).toEqual([
    other,
    'r7-web-1',
    'r7-web-1 on deploy@10.0.0.6',
  ]);
  expect([machineOf('r7-web-1'), localId('r7-web-1'), spoken('r7-web-1')]).toEqual([
    here,
    'r7-web-1',
    'r7-web-1',
  ]);
  expect(nameOn(other, 'route')).toBe('route@deploy@10.0.0.6');
});

describe('an app on two machines', () => {
  test('has all web copies on each, what may overlap too, and tasks and a lone worker on the first', async () => {
    const stage = new Stage();
    await stage.tick(['rollout', deploy(1, 'good', { replicas: 2 })]);
    await stage.until(atRest);
    expect(stage.lines.filter((line) => /^(prepare|start|run) /.test(line))).toEqual([
      'prepare r1',
      'prepare r1 on deploy@10.0.0.6',
      'run node migrate.js of r1',
      'start r1-web-1',
      'start r1-web-2',
      'start r1-web-1@deploy@10.0.0.6',
      'start r1-web-2@deploy@10.0.0.6',
      'start r1-worker-1',
    ]);
    expect(serving(stage)).toEqual({ [here]: 'r1=100%', [other]: 'r1=100%' });
    expect(stage.world.on(other).routes?.revisions[0]?.endpoints.map(({ instance }) => instance)).toEqual([
      'r1-web-1',
      'r1-web-2',
    ]);
    expect(stage.world.broken).toEqual([]);
  });

  test('shifts on both at once, by the same share', async () => {
    const stage = await shipping('good', { strategy: aCanary([10, 100], { kind: 'approval' }) });
    await stage.until(isHolding);
    const half = 'r1=90% r2=10%';
    expect(serving(stage)).toEqual({ [here]: half, [other]: half });
    await stage.tick(['promote', { rolloutId: null, by: 'ana', full: false }]);
    await stage.until(atRest);
    expect(serving(stage)).toEqual({ [here]: 'r2=100%', [other]: 'r2=100%' });
    expect(stage.world.broken).toEqual([]);
  });

  test('keeps everybody where they are when a version does not come up on the second one', async () => {
    const stage = new Stage();
    stage.world.illOn = other;
    await shipping('never-ready', {}, stage);
    await stage.until(atRest);
    expect(outcome(stage)).toBe('failed, r2-web-1 on deploy@10.0.0.6 was not ready within 10 s: HTTP 503');
    expect(stage.lines.filter((line) => line.startsWith('route ') && line.includes('r2=100%'))).toEqual([]);
    expect(serving(stage)).toEqual({ [here]: 'r1=100%', [other]: 'r1=100%' });
    expect(copies(stage)).toEqual(['r1-web-1', 'r1-web-1@deploy@10.0.0.6', 'r1-worker-1']);
  });

  test('takes both back when only the second one fails with users', async () => {
    const stage = new Stage();
    stage.world.illOn = other;
    await shipping('crashes-later', { settings: { bakeMs: 20_000 } }, stage);
    await stage.until(at('baking'));
    expect(serving(stage)).toEqual({ [here]: 'r2=100%', [other]: 'r2=100%' });
    await stage.until(atRest);
    expect(outcome(stage)).toBe('failed, r2-web-1 on deploy@10.0.0.6 crashed during the bake');
    expect(serving(stage)).toEqual({ [here]: 'r1=100%', [other]: 'r1=100%' });
  });

  test('is judged by what both have counted', async () => {
    const stage = new Stage();
    stage.world.illOn = other;
    const judge = aJudge({ errorRate: 0.1, minRequests: 40 });
    const strategy = aCanary([50, 100], { kind: 'timer', ms: 60_000 });
    await shipping('errors', { strategy, settings: { judge } }, stage);
    await stage.until(isHolding);
    // Neither has seen enough alone.
    stage.see = ({ routers }) => {
      const began = stage.state.rollout?.compared != null;
      for (const [machine, router] of Object.entries(routers))
        for (const traffic of router?.revisions ?? [])
          if (traffic.id === 'r2') {
            const errors = began && machine === other ? 15 : 0;
            Object.assign(traffic, { requests: began ? 20 : 0, errors, sessionsWithError: errors });
          }
    };
    await stage.until(atRest);
    expect(outcome(stage)).toContain('37.5 % of its 40 requests failed, 10 % may');
  });

  test('waits until the requests of both are finished', async () => {
    const stage = await shipping();
    stage.see = ({ routers }) => {
      for (const traffic of routers[other]?.revisions ?? []) if (traffic.id === 'r1') traffic.inFlight = 1;
    };
    await stage.until(at('draining'));
    await looks(stage, 5);
    expect(stage.phase).toBe('draining');
    stage.see = () => {};
    await stage.until(atRest);
    expect(outcome(stage)).toBe('succeeded, r2 serves app/production');
  });

  test('names the machine whose router does not take the routes', async () => {
    const stage = await shipping();
    await stage.until(isShifting);
    stage.world.on(other).routerUp = false;
    await stage.until(({ rollout }) => rollout?.phase.at === 'reverting');
    stage.world.on(other).routerUp = true;
    await stage.until(atRest);
    expect(outcome(stage)).toBe(
      'failed, the router on deploy@10.0.0.6 did not take the new routes within 10 s',
    );
    expect(serving(stage)).toEqual({ [here]: 'r1=100%', [other]: 'r1=100%' });
  });

  test('ends nothing where the router does not answer, and goes on elsewhere', async () => {
    const stage = await shipping('good', { settings: { rollbackWindowMs: 0 } });
    await stage.until(atRest);
    stage.lines = [];
    stage.world.on(other).routerUp = false;
    const stops = () => stage.lines.filter((line) => line.startsWith('stop '));
    await looks(stage, 60);
    expect(stops()).toEqual(['stop r1-web-1']);
    stage.world.on(other).routerUp = true;
    await looks(stage, 60);
    expect(stops()).toEqual(['stop r1-web-1', 'stop r1-web-1@deploy@10.0.0.6']);
    expect(stage.lines).toContain('revision.retired');
  });

  test('runs again where the list of machines has changed, whatever its release', async () => {
    const stage = await new Stage().serves(deploy(1));
    const request = deploy(1, 'good', { machines: [here] });
    await stage.tick(['rollout', { ...request, rolloutId: 'ro-2' }]);
    await stage.until(atRest);
    expect(outcome(stage)).toBe('succeeded, r2 serves app/production');
    expect(serving(stage)).toEqual({ [here]: 'r2=100%', [other]: '' });
  });
});

describe('a machine that does not answer', () => {
  test('holds a rollout up, and takes it back on the others when the time is over', async () => {
    const stage = await shipping('good', { strategy: aCanary([10, 100], { kind: 'approval' }) });
    await stage.until(isHolding);
    stage.world.on(other).answers = false;
    await stage.tick(['promote', { rolloutId: null, by: 'ana', full: true }]);
    await looks(stage, 10);
    expect(serving(stage)[here]).toBe('r1=90% r2=10%');
    await stage.until(atRest);
    expect(outcome(stage)).toMatch(/^failed, deploy@10\.0\.0\.6 has not answered for 1\d s$/);
    expect(serving(stage)).toEqual({ [here]: 'r1=100%', [other]: 'r1=90% r2=10%' });
    expect(copies(stage)).toContain('r2-web-1@deploy@10.0.0.6');
    expect(stage.state.retiring).toMatchObject([{ revision: { id: 'r2' }, on: [other] }]);

    stage.world.on(other).answers = true;
    await stage.until(({ retiring }) => retiring.length === 0);
    expect(serving(stage)).toEqual({ [here]: 'r1=100%', [other]: 'r1=100%' });
    await looks(stage, 3);
    expect(copies(stage)).toEqual(['r1-web-1', 'r1-web-1@deploy@10.0.0.6', 'r1-worker-1']);
    expect(stage.world.broken).toEqual([]);
  });

  test('is waited for when it comes back in time', async () => {
    const stage = await shipping();
    await stage.until(isShifting);
    stage.world.on(other).answers = false;
    await looks(stage, 10);
    expect(stage.phase).toBe('stepping');
    stage.world.on(other).answers = true;
    await stage.until(atRest);
    expect(outcome(stage)).toBe('succeeded, r2 serves app/production');
  });

  test('is told while nothing is rolled out, and changes nothing else', async () => {
    const stage = await new Stage().serves(deploy(1));
    stage.world.on(other).answers = false;
    await looks(stage, 10);
    expect(Object.keys(stage.state.silent ?? {})).toEqual([other]);
    expect(stage.state.silent?.[other]?.elapsedMs).toBeGreaterThan(2_000);
    expect(stage.lines).toEqual([]);
    stage.world.on(other).answers = true;
    await looks(stage, 1);
    expect(stage.state).not.toHaveProperty('silent');
  });

  test('is left out by the next release, and loses its traffic when it is seen again', async () => {
    const stage = await new Stage().serves(deploy(1));
    stage.world.on(other).answers = false;
    await stage.tick(['rollout', deploy(2, 'good', { machines: [here], settings: { rollbackWindowMs: 0 } })]);
    await stage.until(atRest);
    expect(outcome(stage)).toBe('succeeded, r2 serves app/production');
    expect(serving(stage)).toEqual({ [here]: 'r2=100%', [other]: 'r1=100%' });
    expect(machinesOf(stage.state)).toEqual([here, other]);

    stage.world.on(other).answers = true;
    await stage.until(({ retiring }) => retiring.length === 0);
    expect(serving(stage)).toEqual({ [here]: 'r2=100%', [other]: '' });
    expect(machinesOf(stage.state)).toEqual([here]);
  });

  test('that was never reached is forgotten with the rollout that named it', async () => {
    const stage = await new Stage().serves(deploy(1, 'good', { machines: [here] }));
    stage.world.on('typo').answers = false;
    await stage.tick(['rollout', deploy(2, 'good', { machines: [here, 'typo'] })]);
    await stage.until(atRest);
    expect(outcome(stage)).toMatch(/^failed, typo has not answered for 1\d s$/);
    expect(machinesOf(stage.state)).toEqual([here]);
    expect(copies(stage)).toEqual(['r1-web-1', 'r1-worker-1']);
  });

  test('does not hold up the way to what stands by', async () => {
    const stage = await new Stage().serves(deploy(1));
    await stage.serves(deploy(2));
    stage.world.on(other).answers = false;
    const standby = stage.state.standby?.revision;
    const back = { ...deploy(3), kind: 'rollback' as const, revision: standby ?? deploy(3).revision };
    await stage.tick(['rollout', back]);
    await stage.until(atRest);
    expect(serving(stage)).toEqual({ [here]: 'r1=100%', [other]: 'r2=100%' });
    stage.world.on(other).answers = true;
    await looks(stage, 5);
    expect(serving(stage)).toEqual({ [here]: 'r1=100%', [other]: 'r1=100%' });
  });

  test('may still run a lone worker: no other one starts on the way back until it is seen', async () => {
    const stage = new Stage();
    await stage.serves(deploy(1));
    await stage.tick([
      'rollout',
      deploy(2, 'good', { machines: [other, here], settings: { bakeMs: 60_000 } }),
    ]);
    await stage.until(at('baking'));
    expect(copies(stage)).toContain('r2-worker-1@deploy@10.0.0.6');
    stage.world.on(other).answers = false;
    await stage.until(atRest);
    await looks(stage, 5);
    expect(serving(stage)[here]).toBe('r1=100%');
    expect(copies(stage)).not.toContain('r1-worker-1');
    stage.world.on(other).answers = true;
    await looks(stage, 10);
    expect(copies(stage)).toContain('r1-worker-1');
    expect(stage.world.broken).toEqual([]);
  });

  test('is not waited for by people who say no', async () => {
    const stage = await shipping('good', { strategy: aCanary([10, 100], { kind: 'approval' }) });
    await stage.until(isHolding);
    stage.world.on(other).answers = false;
    await stage.tick(['abort', { rolloutId: 'ro-2', by: 'ana' }]);
    await looks(stage, 10);
    expect(outcome(stage)).toBe('aborted, aborted by ana');
    expect(serving(stage)[here]).toBe('r1=100%');
  });
});

test('a shared service that runs elsewhere is not reached by the next release', async () => {
  const stage = await new Stage().serves(deploy(1, 'good', { machines: [here], stack: true }));
  await stage.tick(['rollout', deploy(2, 'good', { machines: [other], stack: true })]);
  await stage.until(atRest);
  expect(outcome(stage)).toBe(
    'failed, the shared service db runs on the server, where r2 on deploy@10.0.0.6 does not reach it: use a database that all machines reach',
  );
});
