import { describe, expect, test } from 'vitest';
import { mayNot, type Verb } from './decisions.ts';
import type { EnvironmentState, Rollout } from './environment.ts';
import { aCanary, aRequest, type Wishes } from './testing/builders.ts';
import { at, atRest, lookMs, outcome, Stage } from './testing/stage.ts';

const approval = { kind: 'approval' } as const;
const reviewed: Wishes = { rules: { reviewers: ['ana', 'lena'], preventSelfReview: true } };

async function serving(): Promise<Stage> {
  return new Stage().serves(aRequest(1, 'good', { replicas: 2 }));
}

async function asked(wishes: Wishes): Promise<Stage> {
  const stage = await serving();
  await stage.tick(['rollout', aRequest(2, 'good', { replicas: 2, ...wishes })]);
  await stage.until(({ rollout }) => rollout !== null);
  return stage;
}

const word = (by: string, more: object = {}) => ({ rolloutId: 'ro-2', by, ...more });
const holding = ({ rollout }: EnvironmentState): boolean =>
  rollout?.phase.at === 'stepping' && rollout.phase.stage === 'holding';

async function looks(stage: Stage, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    await stage.tick();
    stage.pass(lookMs);
  }
}

describe('a rollout that needs an approval', () => {
  test('touches nothing until a reviewer gives it, who is not the one who asked', async () => {
    const stage = await asked(reviewed);
    await looks(stage, 20);
    expect(stage.lines).toEqual(['rollout.requested', 'rollout.started', 'rollout.waiting']);
    await stage.tick(['approve', word('eve')]);
    await stage.tick(['approve', word('ana')]);
    await looks(stage, 5);
    expect(stage.phase).toBe('waiting');
    await stage.tick(['approve', word('lena')]);
    await stage.until(atRest);
    expect(stage.lines.slice(3, 6)).toEqual(['rollout.approved', 'rollout.cleared', 'prepare r2']);
    expect(outcome(stage)).toBe('succeeded, r2 serves app/production');
  });

  test('ends when a reviewer rejects it, with what they said', async () => {
    const stage = await asked(reviewed);
    await stage.tick(['reject', word('eve', { reason: 'no' })]);
    expect(stage.phase).toBe('waiting');
    await stage.tick(['reject', word('lena', { reason: 'not on a Friday' })]);
    await stage.until(atRest);
    expect(outcome(stage)).toBe('aborted, rejected by lena: not on a Friday');
    expect(stage.lines.filter((line) => line.startsWith('start'))).toEqual([]);
  });

  test('waits its timer out as well, which nobody can promote away', async () => {
    const stage = await asked({ rules: { reviewers: ['lena'], waitTimerMs: 3_000 } });
    await stage.tick(['approve', word('lena')], ['promote', word('lena', { full: true })]);
    await looks(stage, 5);
    expect(stage.phase).toBe('waiting');
    await looks(stage, 10);
    expect(stage.phase).not.toBe('waiting');
  });

  test('is not asked for when somebody goes back', async () => {
    const stage = await serving();
    await stage.serves(aRequest(2, 'good', { replicas: 2 }));
    const revision = stage.state.standby?.revision;
    const back = { ...aRequest(3, 'good', reviewed), kind: 'rollback' as const };
    await stage.tick(['rollout', { ...back, revision: revision ?? back.revision }]);
    await stage.until(atRest);
    expect(stage.state.stable?.id).toBe('r1');
  });
});

describe('a canary with approvals', () => {
  const canary: Wishes = {
    strategy: aCanary([10, 50, 100], approval, {
      sticky: true,
      testers: { header: { name: 'x-tester', value: 'yes' }, cookie: null },
    }),
  };

  test('holds at each share; testers reach it from the first; sessions stick while traffic is shared', async () => {
    const stage = await asked(canary);
    for (const share of [10, 50]) {
      await stage.until((state) => holding(state) && stage.world.weightOf('r2') === share);
      await looks(stage, 20);
      expect(stage.world.weightOf('r2')).toBe(share);
      await stage.tick(['approve', word('lena')]);
    }
    await stage.until(atRest);
    expect(stage.lines.filter((line) => /^(start|stop|route) /.test(line))).toEqual([
      'start r2-web-1',
      'route r1=90%/2 r2=10%/1 [header x-tester=yes to r2] sticky',
      'route r1=50%/2 r2=50%/1 [header x-tester=yes to r2] sticky',
      'start r2-web-2',
      'route r1=0%/2 r2=100%/2 [header x-tester=yes to r2]',
      'route r1=0%/2 r2=100%/2',
      'stop r1-worker-1',
      'start r2-worker-1',
    ]);
  });

  test('ends its sessions and pins with an abort, and the stable copies were there all the time', async () => {
    const stage = await asked(canary);
    await stage.until(holding);
    await stage.tick(['abort', word('ana')]);
    await stage.until(atRest);
    expect(stage.lines).toContain('route r1=100%/2 r2=0%/1');
    expect(stage.lines.filter((line) => line.startsWith('stop r1'))).toEqual([]);
    expect(outcome(stage)).toBe('aborted, aborted by ana');
  });

  test('can be rejected at any share', async () => {
    const stage = await asked(canary);
    await stage.until(holding);
    await stage.tick(['reject', word('lena')]);
    await stage.until(atRest);
    expect(outcome(stage)).toBe('aborted, rejected by lena');
  });

  test('promoted in full takes all traffic without more holds, and no bake', async () => {
    const stage = await asked(canary);
    await stage.until(holding);
    await stage.tick(['promote', word('lena', { full: true })]);
    await stage.until(atRest);
    expect(stage.lines.filter((line) => line.startsWith('route r1=50%'))).toEqual([]);
    expect(outcome(stage)).toBe('succeeded, r2 serves app/production');
  });

  test('is not promoted past an approval by somebody who may not give it', async () => {
    const stage = await asked({ ...canary, rules: { reviewers: ['lena'] } });
    await stage.tick(['approve', word('lena')]);
    await stage.until(holding);
    await stage.tick(['promote', word('ana')]);
    await looks(stage, 10);
    expect(stage.world.weightOf('r2')).toBe(10);
    await stage.tick(['promote', word('lena')]);
    await stage.until(() => stage.world.weightOf('r2') === 50);
  });
});

test('a canary with timers goes on by itself, and a promotion ends the present hold alone', async () => {
  const stage = await asked({ strategy: aCanary([10, 50, 100], { kind: 'timer', ms: 60_000 }) });
  await stage.until(holding);
  await stage.tick(['promote', word('ana')]);
  await stage.until(() => stage.world.weightOf('r2') === 50);
  await stage.until(holding);
  for (let i = 0; i < 5; i++) {
    stage.pass(9_000);
    await stage.tick();
  }
  expect(stage.world.weightOf('r2')).toBe(50);
  await stage.until(atRest);
  expect(outcome(stage)).toBe('succeeded, r2 serves app/production');
});

test('a blue-green candidate is shown at a preview address before the switch, and the way back is one route', async () => {
  const stage = await asked({ strategy: { kind: 'blue-green', preview: true, hold: approval } });
  await stage.until(holding);
  expect(stage.world.weightOf('r2')).toBe(0);
  await stage.tick(['approve', word('ana')]);
  await stage.until(at('baking'));
  expect(stage.lines.filter((line) => line.startsWith('route'))).toEqual([
    'route r1=100%/2 r2=0%/2 [preview.app.localhost to r2]',
    'route r1=0%/2 r2=100%/2 [preview.app.localhost to r2]',
    'route r1=0%/2 r2=100%/2',
  ]);
  stage.lines = [];
  await stage.tick(['abort', word('ana')]);
  await stage.until(({ rollout }) => rollout?.phase.at === 'reverting' && rollout.phase.stage !== 'routing');
  expect(stage.lines.filter((line) => !line.startsWith('rollout'))).toEqual(['route r1=100%/2 r2=0%/2']);
});

test('a rolling update without room ends old copies first, and brings them back before traffic when it fails', async () => {
  const strategy = { kind: 'rolling', batch: 1, unavailable: 1, pauseMs: 60_000 } as const;
  const stage = await asked({ strategy });
  await stage.until(holding);
  expect([...stage.world.copies.keys()].toSorted()).toEqual(['r1-web-1', 'r1-worker-1', 'r2-web-1']);
  stage.lines = [];
  await stage.tick(['abort', word('ana')]);
  await stage.until(atRest);
  expect(stage.lines).toEqual([
    'rollout.aborting',
    'rollout.reverting',
    'start r1-web-2',
    'route r1=100%/2 r2=0%/1',
    'stop r2-web-1',
    'route r1=100%/2',
    'rollout.aborted',
    'tell run-1: aborted, aborted by ana',
  ]);
  expect(stage.world.broken).toEqual([]);
});

test('a rolling update without room lets old copies finish what they have before they end', async () => {
  const strategy = { kind: 'rolling', batch: 1, unavailable: 1, pauseMs: 0 } as const;
  const stage = await asked({ strategy });
  stage.see = ({ routers: { here: router } }) => {
    for (const revision of router?.revisions ?? []) if (revision.id === 'r1') revision.inFlight = 1;
  };
  await stage.until(() => stage.lines.some((line) => line.startsWith('route r1=100%/1')));
  await looks(stage, 5);
  expect(stage.lines.filter((line) => /^(stop|start) /.test(line))).toEqual([]);
  stage.see = () => {};
  await stage.until(at('baking'));
  expect(stage.lines.find((line) => /^(stop|start) /.test(line))).toBe('stop r1-web-2');
});

describe('a pause', () => {
  test.each(['preparing', 'stepping', 'draining', 'starting-workers', 'baking'])(
    'keeps a rollout where it is (%s), and a resume lets it go on',
    async (phase) => {
      const stage = await asked({});
      await stage.until(at(phase));
      await stage.tick(['pause', word('lena')]);
      await looks(stage, 50);
      expect(stage.phase).toBe(phase);
      await stage.tick(['resume', word('lena')]);
      await stage.until(atRest);
      expect(outcome(stage)).toBe('succeeded, r2 serves app/production');
    },
  );

  test('does not stop what fails from going back', async () => {
    const stage = await asked({});
    await stage.until(at('baking'));
    await stage.tick(['pause', word('lena')]);
    stage.see = ({ instances }) => {
      for (const copy of instances) if (copy.id === 'r2-web-1') copy.probe = { failed: 'HTTP 500' };
    };
    await stage.until(atRest);
    expect(outcome(stage)).toBe('failed, r2-web-1 stopped being ready during the bake: HTTP 500');
  });

  test('ends with a promotion, and with an abort', async () => {
    const stage = await asked({});
    await stage.until(at('stepping'));
    await stage.tick(['pause', word('lena')]);
    await stage.tick(['promote', word('ana')]);
    expect(stage.state.rollout?.paused).toBeNull();
    await stage.tick(['pause', word('lena')]);
    await stage.tick(['abort', word('ana')]);
    await stage.until(atRest);
    expect(outcome(stage)).toBe('aborted, aborted by ana');
  });
});

test('a rollout that has not all traffic by the deadline of its environment goes back', async () => {
  const stage = await asked({ strategy: aCanary([10, 100], approval), rules: { deadlineMs: 30_000 } });
  await stage.until(atRest);
  expect(outcome(stage)).toBe('failed, it had not all traffic within 30s, the deadline of its environment');
});

test('a promotion ends the bake', async () => {
  const stage = await asked({ settings: { bakeMs: 3_600_000 } });
  await stage.until(at('baking'));
  await looks(stage, 10);
  expect(stage.phase).toBe('baking');
  await stage.tick(['promote', word('ana')]);
  await stage.until(atRest);
  expect(outcome(stage)).toBe('succeeded, r2 serves app/production');
});

describe('a word that has no place', () => {
  test.each<[Verb, string, string]>([
    ['approve', 'starting', 'it does not wait for an approval'],
    ['reject', 'starting', 'it does not wait for an approval'],
    ['resume', 'starting', 'it is not paused'],
    ['promote', 'starting', 'it does not hold: it goes on by itself as soon as it can'],
    ['promote', 'waiting', 'it waits for the rules of its environment, which nobody can skip'],
    ['approve', 'waiting', 'eve is not among its reviewers (ana, lena)'],
    ['pause', 'reverting', 'it is going back already'],
  ])('%s while %s: %s', async (verb, when, reason) => {
    const stage = await asked(when === 'waiting' ? reviewed : {});
    if (when !== 'waiting') await stage.until(at('stepping'));
    if (when === 'reverting') await stage.tick(['abort', word('ana')]);
    const rollout = stage.state.rollout as Rollout;
    expect(mayNot(verb, rollout, { by: 'eve' })).toBe(reason);
    const before = JSON.stringify(rollout);
    await stage.tick([verb, word('eve')]);
    expect(stage.state.rollout?.paused).toBeNull();
    expect(stage.state.rollout?.phase.at).toBe((JSON.parse(before) as Rollout).phase.at);
  });
});
