import { describe, expect, test } from 'vitest';
import type { MetricDefinition } from '../app/index.ts';
import { metricWishes, type MeasuredRevision } from './metric-wishes.ts';
import { aCanary, aJudge, aRequest, type Wishes } from './testing/builders.ts';
import { atRest, Stage } from './testing/stage.ts';
import type { Behaviour } from './testing/world.ts';

const memory: MetricDefinition = {
  name: 'memory',
  source: { kind: 'resource', of: 'memory' },
  below: 100,
  above: null,
  times: null,
  intervalMs: 1_000,
  failures: 3,
};
const wishes: Wishes = { replicas: 2, settings: { judge: aJudge({ metrics: [memory] }) } };

/** What is to be read in each phase, once for each change. */
async function wishedFor(
  behaves: Behaviour,
  more: Wishes,
  first: Behaviour | null = 'good',
): Promise<string[]> {
  const stage = new Stage();
  if (first) await stage.serves(aRequest(1, first, { replicas: 2 }));
  const seen: string[] = [];
  stage.see = () => {
    const [wish] = metricWishes(stage.state);
    const line = `${stage.phase}: ${wish ? `${text(wish.candidate)} beside ${text(wish.stable)}` : 'nothing'}`;
    if (seen.at(-1) !== line) seen.push(line);
  };
  await stage.tick(['rollout', aRequest(2, behaves, { ...wishes, ...more })]);
  await stage.until(atRest);
  return seen.filter((line) => !/^(none|waiting|preparing|migrating|checking-stable):/.test(line));
}
const text = (one: MeasuredRevision | null) => (one ? one.copies.join(' ') : 'none');

describe('the metrics of a judge are read', () => {
  test('of the copies that have traffic, from the first step until the bake ends', async () =>
    expect(await wishedFor('good', { strategy: aCanary([10, 100], { kind: 'timer', ms: 600 }) })).toEqual([
      'stepping: nothing',
      'stepping: r2-web-1 beside r1-web-1 r1-web-2',
      'stepping: r2-web-1 r2-web-2 beside none',
      'draining: r2-web-1 r2-web-2 beside none',
      'stopping-workers: r2-web-1 r2-web-2 beside none',
      'starting-workers: r2-web-1 r2-web-2 beside none',
      'baking: r2-web-1 r2-web-2 beside none',
    ]));

  test('of no old copy that a step has taken away', async () =>
    expect(
      await wishedFor('good', { strategy: { kind: 'rolling', batch: 1, unavailable: 1, pauseMs: 600 } }),
    ).toContain('stepping: r2-web-1 beside r1-web-1'));

  test('no longer once it goes back', async () => {
    const back = (await wishedFor('crashes-later', {})).filter((line) => line.startsWith('reverting'));
    expect(back.map((line) => line.split(': ')[1])).toEqual(['nothing', 'nothing', 'nothing']);
  });

  test('where nobody asks for any, not at all', async () =>
    expect(
      (await wishedFor('good', { settings: { judge: aJudge({}) } })).every((line) =>
        line.endsWith('nothing'),
      ),
    ).toBe(true));

  test('beside none where nothing served before', async () =>
    expect(await wishedFor('good', {}, null)).toContain('baking: r1-web-1 r1-web-2 beside none'));
});
