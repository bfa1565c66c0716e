import { expect, test } from 'vitest';
import { aJudge, aRequest } from './testing/builders.ts';
import { Stage } from './testing/stage.ts';

const judge = aJudge({ errorRate: 0.05, minRequests: 50 });

/** What serves has answered so many more requests since the last look. */
async function answers(stage: Stage, requests: number, errors: number, looks = 1): Promise<void> {
  let sum = { requests: 0, errors: 0 };
  stage.see = ({ routers: { here: router } }) => {
    for (const traffic of router?.revisions ?? [])
      Object.assign(traffic, { ...sum, sessions: sum.requests, sessionsWithError: sum.errors });
  };
  await stage.tick();
  for (let look = 0; look < looks; look++) {
    sum = { requests: sum.requests + requests, errors: sum.errors + errors };
    stage.pass(5_000);
    await stage.tick();
  }
}

const told = ({ lines }: Stage) => lines.filter((line) => line.startsWith('bounds.'));

test('what serves is still held against the bounds that let it through, and told once', async () => {
  const stage = await new Stage().serves(aRequest(1, 'good', { settings: { judge } }));
  await answers(stage, 200, 40, 3);
  expect(told(stage)).toEqual(['bounds.broken']);
  expect(stage.state.watch?.broken).toMatch(
    /^20 % of its 200 requests failed, 5 % may; odds against chance /,
  );
  expect(stage.state.stable?.id).toBe('r1');
});

test('and told again when it keeps them for a while', async () => {
  const stage = await new Stage().serves(aRequest(1, 'good', { settings: { judge } }));
  await answers(stage, 200, 40);
  await answers(stage, 200, 1, 130);
  expect(told(stage)).toEqual(['bounds.broken', 'bounds.kept']);
  expect(stage.state.watch?.broken).toBeNull();
});

test('few requests say nothing, and without bounds nothing is watched', async () => {
  const stage = await new Stage().serves(aRequest(1, 'good', { settings: { judge } }));
  await answers(stage, 20, 20);
  expect(told(stage)).toEqual([]);
  const other = await new Stage().serves(aRequest(1, 'good', { settings: { judge: aJudge({}) } }));
  expect(other.state.watch).toBeUndefined();
});

test('a way back is not held against the bounds of what it left', async () => {
  const stage = await new Stage().serves(aRequest(1, 'good'));
  await stage.serves(aRequest(2, 'good', { settings: { judge } }));
  const back = stage.state.standby?.revision;
  if (!back) throw new Error('nothing stands by');
  await stage.serves({ ...aRequest(3, 'good'), kind: 'rollback', revision: back });
  expect(stage.state.watch).toBeUndefined();
});
