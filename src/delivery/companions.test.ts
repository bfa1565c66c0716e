import { describe, expect, test } from 'vitest';
import { instanceId } from './observed.ts';
import type { Observed } from './observed.ts';
import { probeWishes } from './probes.ts';
import { aRequest } from './testing/builders.ts';
import type { Wishes } from './testing/builders.ts';
import { at, atRest, lookMs, outcome, Stage } from './testing/stage.ts';
import type { Behaviour } from './testing/world.ts';

/** A web process that asks its companion `api`, which alone asks the database. */
const anApp = (serial: number, behaves: Behaviour, more: Wishes = {}) => {
  const request = aRequest(serial, behaves, { stack: true, replicas: 2, ...more });
  // A stateful service is refused with several machines.
  if (more.machines) request.revision.shared = [];
  return request;
};

const ill =
  (...ids: string[]) =>
  ({ instances }: Observed): void => {
    for (const copy of instances)
      if (ids.includes(copy.id)) copy.probe = { failed: 'its healthcheck fails (3 times in a row)' };
  };

const undecided =
  (id: string) =>
  ({ instances }: Observed): void => {
    for (const copy of instances)
      if (copy.id === id) copy.probe = { failed: 'its healthcheck has not passed yet', undecided: true };
  };

const starts = ({ lines }: Stage, revision: string) =>
  lines.filter((line) => line.startsWith(`start ${revision}-`));

describe('a migration that breaks the companion of what serves', () => {
  test('is caught before anything of the new version starts', async () => {
    const stage = await new Stage().serves(anApp(1, 'good'));
    await stage.tick(['rollout', anApp(2, 'breaks-stable')]);
    await stage.until(atRest);
    expect(outcome(stage)).toContain(
      'failed, r1, which serves, is not well any more since the tasks of r2 ran (release): r1-api-1: HTTP 500: no such column; no traffic was moved',
    );
    expect(starts(stage, 'r2')).toEqual([]);
  });

  test('is caught on whatever machine it is ill', async () => {
    const machines = ['here', 'deploy@10.0.0.6'];
    const stage = await new Stage().serves(anApp(1, 'good', { machines }));
    await stage.tick(['rollout', anApp(2, 'good', { machines })]);
    await stage.until(at('checking-stable'));
    stage.see = ill(instanceId('r1', 'api', 1, 'deploy@10.0.0.6'));
    await stage.until(atRest);
    expect(outcome(stage)).toContain(
      'r1-api-1 on deploy@10.0.0.6: its healthcheck fails (3 times in a row); no traffic was moved',
    );
  });

  test('is waited for while its healthcheck is undecided, until the deadline', async () => {
    const stage = await new Stage().serves(anApp(1, 'good'));
    await stage.tick(['rollout', anApp(2, 'good')]);
    await stage.until(at('checking-stable'));
    stage.see = undecided('r1-api-1');
    let waitedMs = 0;
    await stage.until(({ rollout }) => {
      const { phase } = rollout ?? {};
      if (phase?.at === 'checking-stable') waitedMs = phase.gate.deadline.elapsedMs;
      return rollout === null;
    });
    expect(waitedMs).toBeGreaterThan(anApp(1, 'good').revision.health.deadlineMs - 2 * lookMs);
    expect(outcome(stage)).toContain('r1-api-1: its healthcheck has not passed yet; no traffic was moved');
    expect(starts(stage, 'r2')).toEqual([]);
  });

  test('was announced: it is told, and no more', async () => {
    const stage = await new Stage().serves(anApp(1, 'good'));
    await stage.tick(['rollout', anApp(2, 'breaks-stable', { irreversible: true })]);
    await stage.until(atRest);
    expect(stage.lines).toContain('stable.ill');
    expect(outcome(stage)).toBe('succeeded, r2 serves app/production');
  });
});

test('a companion that was ill before the migration does not stop its mend', async () => {
  const stage = await new Stage().serves(anApp(1, 'good'));
  stage.see = ill('r1-api-1');
  await stage.tick(['rollout', anApp(2, 'good')]);
  await stage.until(atRest);
  expect(stage.lines).toContain('stable.ill');
  expect(outcome(stage)).toBe('succeeded, r2 serves app/production');
});

describe('a new companion that falls ill', () => {
  test('in the bake takes the rollout back', async () => {
    const stage = await new Stage().serves(anApp(1, 'good'));
    await stage.tick(['rollout', anApp(2, 'good')]);
    await stage.until(at('baking'));
    stage.see = ill('r2-api-1');
    await stage.until(atRest);
    expect(outcome(stage)).toBe(
      'failed, r2-api-1 stopped being ready during the bake: its healthcheck fails (3 times in a row)',
    );
    expect(stage.world.weightOf('r1')).toBe(100);
  });

  test('no bake ends while its healthcheck is undecided', async () => {
    const stage = await new Stage().serves(anApp(1, 'good'));
    await stage.tick(['rollout', anApp(2, 'good')]);
    await stage.until(at('baking'));
    stage.see = undecided('r2-api-1');
    const { bakeMs } = stage.state.rollout?.settings ?? { bakeMs: 0 };
    await stage.until(({ rollout }) => {
      const { phase } = rollout ?? {};
      return phase?.at !== 'baking' || phase.timer.elapsedMs > bakeMs + 10 * lookMs;
    });
    expect(stage.phase).toBe('baking');
    stage.see = () => {};
    await stage.until(atRest);
    expect(outcome(stage)).toBe('succeeded, r2 serves app/production');
  });

  test('with the first batch does so while the old one stands beside it; the old one does not', async () => {
    const stage = await new Stage().serves(anApp(1, 'good'));
    await stage.tick(['rollout', anApp(2, 'good', { rolling: true })]);
    await stage.until(() => stage.world.weightOf('r2') === 50);
    stage.see = ill('r1-api-1');
    await stage.until(at('baking'));
    stage.see = ill('r2-api-1');
    await stage.until(atRest);
    expect(outcome(stage)).toMatch(/^failed, r2-api-1 stopped being ready/);
    expect(stage.world.weightOf('r1')).toBe(100);
  });
});

test('every stage of a rollout asks anew', async () => {
  const stage = await new Stage().serves(anApp(1, 'good'));
  await stage.tick(['rollout', anApp(2, 'good', { rolling: true })]);
  const asking = new Map<string, string>();
  await stage.until((state) => {
    const { phase } = state.rollout ?? {};
    const name = phase?.at === 'stepping' ? `${phase.index} ${phase.stage}` : (phase?.at ?? '');
    for (const { moment } of probeWishes(state)) asking.set(moment, name);
    return atRest(state);
  });
  const names = [...asking.values()];
  expect(new Set(names).size).toBe(names.length);
  expect(names).toEqual(
    expect.arrayContaining(['preparing', 'checking-stable', '0 starting', '1 starting', 'baking']),
  );
});

test('the way back of one that made room does not wait for companions that are ill', async () => {
  const alone = { replicas: 1, alone: true };
  const stage = await new Stage().serves(anApp(1, 'good', alone));
  await stage.tick(['rollout', anApp(2, 'never-ready', alone)]);
  await stage.until(at('stepping'));
  stage.see = ill('r1-api-1');
  let waitedMs = 0;
  await stage.until(({ rollout }) => {
    const { phase } = rollout ?? {};
    if (phase?.at === 'reverting' && phase.stage === 'restoring') waitedMs = phase.gate.deadline.elapsedMs;
    return rollout === null;
  });
  expect(waitedMs).toBeGreaterThan(0);
  expect(waitedMs).toBeLessThan(anApp(1, 'good').revision.health.deadlineMs / 2);
  expect(stage.world.weightOf('r1')).toBe(100);
});
