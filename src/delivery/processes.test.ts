import { describe, expect, test } from 'vitest';
import type { RolloutRequest } from './environment.ts';
import { aRequest } from './testing/builders.ts';
import { atRest, outcome, Stage } from './testing/stage.ts';

describe('an app that changes its processes', () => {
  function changed(serial: number, change: (request: RolloutRequest) => void): RolloutRequest {
    const request = aRequest(serial, 'good');
    change(request);
    return request;
  }
  const overlap = (value: boolean) => (request: RolloutRequest) =>
    request.revision.processes.forEach((process) => (process.overlap = value));
  const without = (name: string) => (request: RolloutRequest) =>
    (request.revision.processes = request.revision.processes.filter((process) => process.name !== name));

  test.each([
    ['allowed', true, 'forbidden', false],
    ['forbidden', false, 'allowed', true],
  ])(
    'two workers, once %s (%s) and now %s (%s): the old one ends before the new one starts',
    async (...row) => {
      const stage = await new Stage().serves(changed(1, overlap(row[1])));
      await stage.tick(['rollout', changed(2, overlap(row[3]))]);
      await stage.until(atRest);
      expect(outcome(stage)).toBe('succeeded, r2 serves app/production');
      const workers = stage.lines.filter((line) => line.includes('-worker-'));
      expect(workers).toEqual(['stop r1-worker-1', 'start r2-worker-1']);
    },
  );

  test('workers that may overlap start beside the old ones', async () => {
    const stage = await new Stage().serves(changed(1, overlap(true)));
    await stage.tick(['rollout', changed(2, overlap(true))]);
    await stage.until(atRest);
    const workers = stage.lines.filter((line) => line.includes('-worker-'));
    expect(workers).toEqual(['start r2-worker-1', 'stop r1-worker-1']);
  });

  test('by a worker less, or one more', async () => {
    const stage = await new Stage().serves(aRequest(1, 'good'));
    await stage.serves(changed(2, without('worker')));
    expect([...stage.world.copies.keys()].toSorted()).toEqual(['r1-web-1', 'r2-web-1']);
    await stage.serves(aRequest(3, 'good'));
    expect(stage.world.copies.has('r3-worker-1')).toBe(true);
  });

  test('by its web process: nothing answers without one, and one that comes gets everything', async () => {
    const stage = await new Stage().serves(aRequest(1, 'good'));
    await stage.serves(changed(2, without('web')));
    expect(stage.world.weightOf('r1')).toBe(0);
    await stage.serves(aRequest(3, 'good', { rolling: true, replicas: 2 }));
    expect(stage.world.weightOf('r3')).toBe(100);
    expect(stage.world.broken).toEqual([]);
  });

  test('and calls a worker what used to be its web process', async () => {
    const stage = await new Stage().serves(changed(1, without('worker')));
    const swap = changed(2, ({ revision: { processes } }) => {
      for (const process of processes) process.role = process.name === 'worker' ? 'web' : 'worker';
    });
    await stage.tick(['rollout', swap]);
    await stage.until(atRest);
    expect(outcome(stage)).toBe('succeeded, r2 serves app/production');
  });
});
