import { describe, expect, test } from 'vitest';
import type { Observed } from './observed.ts';
import { probingWish } from './probing.ts';
import { aCanary, aJudge, aRequest, type Wishes } from './testing/builders.ts';
import { atRest, Stage } from './testing/stage.ts';

const login = { path: '/login', status: 200, headers: {}, body: null, json: {} };
const probes = { perMinute: 30, requests: [login] };
const strategy = aCanary([10, 100], { kind: 'timer', ms: 600 });
const wishes: Wishes = { strategy, settings: { judge: aJudge({ probes }) } };

/** A rollout, and what Slipway is to send by itself in each of its phases, once for each change. */
async function sent(
  more: Wishes,
  view: (observed: Observed) => Observed = (observed) => observed,
): Promise<{ stage: Stage; lines: string[] }> {
  const stage = await new Stage().serves(aRequest(1, 'good', { machines: more.machines ?? ['here'] }));
  const lines: string[] = [];
  stage.see = (observed) => {
    const wish = probingWish(stage.state, view(observed));
    const to = wish && [wish.pins.candidate, wish.pins.stable ?? 'nobody else'].join(', ');
    const at = wish?.places.map(({ machine }) => ` at ${machine}`).join('') ?? '';
    const untimed = wish && !wish.timed ? ', untimed' : '';
    const line = `${stage.phase}: ${to ?? 'nothing'}${at}${untimed}`;
    if (lines.at(-1) !== line) lines.push(line);
  };
  await stage.tick(['rollout', aRequest(2, 'good', { ...wishes, ...more })]);
  await stage.until(atRest);
  await stage.tick();
  return {
    stage,
    lines: lines.filter((line) => !/^(none|waiting|preparing|migrating|checking-stable):/.test(line)),
  };
}

describe('requests of Slipway itself', () => {
  test('go to both revisions by pins of their own, until the bake ends', async () => {
    const { stage, lines } = await sent({});
    expect(lines).toEqual([
      'stepping: nothing',
      'stepping: ro-2, ro-2:stable at here',
      'stepping: ro-2, ro-2:stable at here, untimed',
      'draining: nothing',
      'stopping-workers: ro-2, ro-2:stable at here, untimed',
      'starting-workers: ro-2, ro-2:stable at here, untimed',
      'baking: ro-2, ro-2:stable at here, untimed',
    ]);
    const routes = stage.lines.filter((line) => line.startsWith('route'));
    expect(routes).toEqual([
      'route r1=90%/1 r2=10%/1 [header x-slipway-check=ro-2 to r2] [header x-slipway-check=ro-2:stable to r1]',
      'route r1=0%/1 r2=100%/1 [header x-slipway-check=ro-2 to r2] [header x-slipway-check=ro-2:stable to r1]',
      'route r2=100%/1 r1=0%/1',
    ]);
  });

  test('name a pin once, also where checks need it', async () => {
    const after = [{ kind: 'request' as const, request: login, timeoutMs: 2_000 }];
    const { stage } = await sent({ checks: { before: [], after } });
    expect(stage.lines.find((line) => line.includes('r2=10%'))).toBe(
      'route r1=90%/1 r2=10%/1 [header x-slipway-check=ro-2 to r2] [header x-slipway-check=ro-2:stable to r1]',
    );
  });

  test('wait for routes that are in force', async () => {
    const { lines } = await sent({}, (observed) => {
      const routers = structuredClone(observed.routers);
      for (const router of Object.values(routers)) if (router) router.unsure = true;
      return { ...observed, routers };
    });
    expect(lines.every((line) => line.endsWith('nothing'))).toBe(true);
  });

  test('go to the candidate alone where no stable copy is left beside it', async () =>
    expect((await sent({ alone: true })).lines).toContain('baking: ro-2, nobody else at here, untimed'));

  const nine = { sessions: 9, failed: 0, slow: [0] };
  test.each([
    [0.5, 'are held against each other', { chance: 0.5, candidate: nine, stable: nine }],
    [1, 'are held against nothing where nobody else could be asked', null],
  ] as const)('with a chance of %d %s', async (chance, _, expected) => {
    const stage = await new Stage().serves(aRequest(1, 'good'));
    const counts = { ...nine, slow: [{ overMs: 250, count: 0 }] };
    let compared: unknown = null;
    stage.see = (observed) => {
      observed.probed = { epoch: 'e', chance, candidate: counts, stable: counts };
      compared = stage.state.rollout?.compared?.probed ?? compared;
    };
    await stage.tick(['rollout', aRequest(2, 'good', wishes)]);
    await stage.until(atRest);
    expect(compared).toEqual(expected);
  });

  test('count where no time that they tell is slow enough to choose', async () => {
    const stage = await new Stage().serves(aRequest(1, 'good'));
    const slow = [{ overMs: 100, count: 9 }];
    let compared: unknown = null;
    stage.see = (observed) => {
      const candidate = { sessions: 9, failed: 4, slow };
      observed.probed = { epoch: 'e', chance: 0.5, candidate, stable: { sessions: 9, failed: 0, slow } };
      compared = stage.state.rollout?.compared?.probed ?? compared;
    };
    await stage.tick(['rollout', aRequest(2, 'good', wishes)]);
    await stage.until(atRest);
    expect(compared).toMatchObject({ candidate: { failed: 4, slow: [] }, stable: { failed: 0 } });
  });

  test('go through the router of each machine that has both', async () =>
    expect((await sent({ machines: ['here', 'deploy@b'] })).lines).toContain(
      'baking: ro-2, ro-2:stable at here at deploy@b, untimed',
    ));
});
