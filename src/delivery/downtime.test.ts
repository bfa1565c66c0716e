import { describe, expect, test } from 'vitest';
import { mayNot } from './decisions.ts';
import { aRequest, type Wishes } from './testing/builders.ts';
import { at, atRest, outcome, Stage } from './testing/stage.ts';
import type { Behaviour } from './testing/world.ts';

const alone = { alone: true };
const web = ({ lines }: Stage) =>
  lines.filter((line) => /^(route .*100%|start .*web|stop .*web|prepare|run)/.test(line));

async function rollout(behaves: Behaviour, wishes: Wishes = alone): Promise<Stage> {
  const stage = await new Stage().serves(aRequest(1, 'good', alone));
  await stage.tick(['rollout', aRequest(2, behaves, wishes)]);
  return stage;
}

/** Whether users see the maintenance page. */
const wait = ({ world }: Stage) => world.routes?.maintenance;

describe('a service of which only one may run', () => {
  test('is prepared and migrated, then ends, starts anew, and gets its users back', async () => {
    const stage = await rollout('good');
    await stage.until(atRest);
    expect(web(stage)).toEqual([
      'prepare r2',
      'run node migrate.js of r2',
      'stop r1-web-1',
      'start r2-web-1',
      'route r2=100%/1',
    ]);
    expect(stage.world.routes).toMatchObject({ maintenance: false });
    expect(stage.state.standby).toBeNull();
    expect(stage.world.broken).toEqual([]);
  });

  test('shows the maintenance page from the first moment to the last, and no longer', async () => {
    const stage = await rollout('good');
    const seen: [string, boolean | undefined][] = [];
    stage.see = () => seen.push([stage.phase, wait(stage)]);
    await stage.until(atRest);
    const waiting = seen.filter(([, page]) => page).map(([phase]) => phase);
    expect(new Set(waiting)).toEqual(new Set(['stepping']));
    expect(wait(stage)).toBe(false);
  });

  test.each<[Behaviour, RegExp]>([
    ['never-ready', /^failed, r2-web-1 was not ready within 10 s/],
    ['crashes', /^failed, r2-web-1 ended by itself/],
    ['crashes-later', /^failed, r2-web-1 (crashed|ended)/],
  ])('that does not come up (%s) makes way for the old one again', async (behaves, reason) => {
    const stage = await rollout(behaves, { alone: true, settings: { bakeMs: 30_000 } });
    await stage.until(atRest);
    expect(outcome(stage)).toMatch(reason);
    expect(web(stage).slice(-3)).toEqual(['stop r2-web-1', 'start r1-web-1', 'route r1=100%/1']);
    expect(stage.world.routes).toMatchObject({ maintenance: false });
    expect(stage.world.broken).toEqual([]);
  });

  test('takes the requests that the old one still has to their end, before it stops', async () => {
    const stage = await rollout('good');
    const finish = await waitingForOld(stage);
    expect(stage.world.copies.get('r1-web-1')).toMatchObject({ stopping: false });
    finish();
    await stage.until(atRest);
    expect(outcome(stage)).toMatch(/^succeeded/);
  });

  test('begins its companions while the old copy still finishes', async () => {
    const stage = new Stage();
    await stage.serves(aRequest(1, 'good', { ...alone, stack: true }));
    await stage.tick(['rollout', aRequest(2, 'good', { ...alone, stack: true })]);
    await stage.until(atRest);
    const order = stage.lines.filter((line) => /^(start|stop) r\d-(api|web)/.test(line));
    expect(order.slice(0, 3)).toEqual(['start r2-api-1', 'stop r1-web-1', 'start r2-web-1']);
    expect(stage.world.broken).toEqual([]);
  });

  test('ends a version that stands by first, which would hold what only one may', async () => {
    const stage = await new Stage().serves(aRequest(1, 'good'));
    await stage.serves(aRequest(2, 'good'));
    expect(stage.state.standby?.revision.id).toBe('r1');
    await stage.tick(['rollout', aRequest(3, 'good', alone)]);
    await stage.until(atRest);
    expect([...stage.world.copies.keys()].toSorted()).toEqual(['r3-web-1', 'r3-worker-1']);
    expect(stage.world.broken).toEqual([]);
  });

  test('goes back the same way when somebody asks for it', async () => {
    const stage = await rollout('good');
    await stage.until(atRest);
    const [revision] = stage.state.past;
    await stage.tick(['rollout', { ...aRequest(3, 'good'), kind: 'rollback', revision }]);
    await stage.until(atRest);
    expect(stage.state.stable?.release.digest).toBe('sha256:good:1');
    expect(stage.world.broken).toEqual([]);
  });

  test('is not paused while users wait; an abort brings the old one back', async () => {
    const stage = await rollout('good');
    await stage.until(at('stepping'));
    const under = stage.state.rollout;
    expect(under && mayNot('pause', under, { by: 'ana' })).toMatch(/^users wait for the new version/);
    await stage.until(() => wait(stage) === true);
    await stage.tick(['abort', { rolloutId: null, by: 'ana' }]);
    await stage.until(atRest);
    expect(outcome(stage)).toBe('aborted, aborted by ana');
    expect(stage.world.routes).toMatchObject({
      maintenance: false,
      revisions: [{ id: 'r1', weightPercent: 100 }],
    });
    expect(stage.world.broken).toEqual([]);
  });
});

/** Users wait, and the old version has one request that does not end. @returns Ends it. */
async function waitingForOld(stage: Stage): Promise<() => void> {
  let busy = true;
  stage.see = ({ routers: { here: router } }) => {
    for (const one of router?.revisions ?? []) if (one.id === 'r1' && busy) one.inFlight = 1;
  };
  await stage.until(() => wait(stage) === true);
  for (let looks = 0; looks < 5; looks++) {
    await stage.tick();
    stage.pass(300);
  }
  return () => {
    busy = false;
  };
}

describe('a shared service that may be away', () => {
  const stack = { stack: true };
  const away = { stack: true, sharedDowntime: true };
  const fingerprint = ({ state }: Stage) => state.shared[0]?.service.fingerprint;
  async function shipped(behaves: Behaviour, wishes: Wishes): Promise<Stage> {
    const stage = await new Stage().serves(aRequest(1, 'good', stack));
    await stage.tick(['rollout', aRequest(2, behaves, wishes)]);
    return stage;
  }
  const told = ({ lines }: Stage) =>
    lines.filter((line) => /^(stop|start) (shared|r\d-web)|^run|^route .*100%/.test(line));

  test('is replaced before the tasks of a release that needs it otherwise, while users wait', async () => {
    const stage = await shipped('good', away);
    const waiting = new Set<string>();
    stage.see = () => wait(stage) && waiting.add(stage.phase);
    await stage.until(atRest);
    expect(told(stage)).toEqual([
      'stop shared-db-1',
      'start shared-db-1',
      'run node migrate.js of r2',
      'stop r1-web-1',
      'start r2-web-1',
      'route r2=100%/1',
    ]);
    expect([...waiting]).toEqual(['preparing', 'migrating', 'stepping']);
    expect(wait(stage)).toBe(false);
    expect(fingerprint(stage)).toBe('s2');
    expect(stage.state.standby).toBeNull();
    expect(stage.world.broken).toEqual([]);
  });

  test('is put back as it was when the release does not come up', async () => {
    const stage = await shipped('never-ready', away);
    await stage.until(atRest);
    expect(outcome(stage)).toMatch(/^failed, r2-api-1 was not ready/);
    expect(fingerprint(stage)).toBe('s1');
    expect(stage.world.routes).toMatchObject({ maintenance: false });
    expect(stage.world.broken).toEqual([]);
  });

  test('that does not come up itself ends the rollout, and nothing of it has started', async () => {
    const stage = await shipped('good', { ...away, brokenShared: true });
    await stage.until(atRest);
    expect(outcome(stage)).toMatch(
      /^failed, the shared service db did not come up as r2 needs it: it was not ready .*; it runs as before$/,
    );
    expect(fingerprint(stage)).toBe('s1');
    expect(stage.lines.filter((line) => line.startsWith('run '))).toEqual([]);
    expect(wait(stage)).toBe(false);
  });

  test('answers what users have asked for already before it ends', async () => {
    const stage = await shipped('good', away);
    const finish = await waitingForOld(stage);
    expect(stage.lines).not.toContain('stop shared-db-1');
    finish();
    await stage.until(atRest);
    expect(fingerprint(stage)).toBe('s2');
  });

  test('goes back with a rollback, also to a release that does not say so', async () => {
    const stage = await shipped('good', away);
    await stage.until((state) => atRest(state) && state.retiring.length === 0);
    const [before] = stage.state.past;
    if (!before) throw new Error('nothing to go back to');
    await stage.tick(['rollout', { ...aRequest(3, 'good'), kind: 'rollback', revision: before }]);
    await stage.until(atRest);
    expect(outcome(stage)).toMatch(/^succeeded/);
    expect(fingerprint(stage)).toBe('s1');
    expect(stage.world.broken).toEqual([]);
  });

  test('stays as it runs where nobody has allowed that', async () => {
    const stage = await shipped('good', stack);
    await stage.until(atRest);
    expect(fingerprint(stage)).toBe('s1');
    expect(stage.lines).not.toContain('stop shared-db-1');
  });

  test('on a machine that is silent is not taken for one that has ended', async () => {
    const stage = await new Stage().serves(aRequest(1, 'good', stack));
    await stage.serves(aRequest(2, 'good', stack));
    await stage.tick(['apply-shared', { service: 'db', by: 'ana' }]);
    stage.see = (observed) => {
      observed.silent.push('here');
      observed.instances = [];
    };
    await stage.tick();
    expect(stage.state.replacing?.stage).toBe('stopping');
  });
});
