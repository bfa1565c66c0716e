import { describe, expect, test } from 'vitest';
import { instanceId } from './observed.ts';
import type { Observed } from './observed.ts';
import { aRequest } from './testing/builders.ts';
import type { Wishes } from './testing/builders.ts';
import { at, atRest, outcome, Stage } from './testing/stage.ts';
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
