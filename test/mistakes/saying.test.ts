import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StatusView } from '../../src/wiring/index.ts';
import { until } from '../rig/index.ts';
import { expectText } from './expect-text.ts';
import { setStage, startServer, type Stage } from './stage.ts';

/*
 * A canary with approvals, driven to its end by the real command line: who may say what, and what a wrong word is told.
 */

let stage: Stage;
let shop: string;

const canary = `name: shop
environments:
  production:
    branches: [main]
    health: { path: /, interval: 100ms, timeout: 2s, successes: 1, deadline: 30s }
    replicas: { web: 2 }
    strategy:
      canary: { steps: [10%, 50%, 100%], hold: approval }
    bake: 1h
    reviewers: [Ana, Lena]
    prevent-self-review: true
`;

beforeAll(async () => {
  stage = setStage();
  await startServer(stage);
  shop = stage.repository('shop');
  const shipped = await stage.run(['ship'], { cwd: shop });
  expect(shipped.exitCode, shipped.text).toBe(0);
});

afterAll(() => stage.close());

/** What somebody says, in the repository of the app. */
const say = (name: string, ...words: string[]) =>
  stage.run(words, {
    cwd: shop,
    env: { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'user.name', GIT_CONFIG_VALUE_0: name },
  });

async function rollout() {
  const { text } = await stage.run(['status', '--json'], { cwd: shop });
  const line = text.split('\n').find((one) => one.startsWith('{')) ?? '{}';
  return (JSON.parse(line) as StatusView).environments[0]?.rollout ?? null;
}

function comesTo(what: string, state: string, weightPercent: number): Promise<void> {
  return until(
    what,
    async () => {
      const now = await rollout();
      return now?.state === state && now.weightPercent === weightPercent;
    },
    rollout,
  );
}

test('nothing is under way', async () => {
  await expectText('say-nothing', await say('Lena', 'approve'), 4);
});

test('a canary goes to its end by the words of those who may say them', { timeout: 240_000 }, async () => {
  writeFileSync(join(shop, 'slipway.yml'), canary);
  stage.git(shop, 'commit', '-qam', 'Sell more');
  const shipped = await say('Ana', 'ship', '--detach');
  expect(shipped.exitCode, shipped.text).toBe(0);

  await comesTo('it waits for a reviewer', 'waiting', 0);
  stage.hide((await rollout())?.id ?? '', '<rollout>');
  await expectText('say-self', await say('Ana', 'approve'), 4);
  await expectText('say-stranger', await say('Eve', 'approve'), 4);
  await expectText('say-promote-waiting', await say('Lena', 'promote'), 4);
  await expectText('say-approve', await say('Lena', 'approve'), 0);

  await comesTo('it holds at a tenth', 'holding', 10);
  await expectText('say-resume', await say('Lena', 'resume'), 4);
  await expectText('say-pause', await say('Ana', 'pause'), 0);
  await expectText('say-pause-again', await say('Lena', 'pause'), 4);
  expect((await rollout())?.asks).toEqual({ verbs: ['resume'], who: null });
  expect((await say('Ana', 'resume')).exitCode).toBe(0);
  const held = await rollout();
  expect(held?.asks).toEqual({ verbs: ['approve', 'reject'], who: ['Lena'] });
  expect(held?.next).toBe('50 % of traffic on r2');
  const status = (await say('Ana', 'status')).text;
  expect(status).toContain('then: 50 % of traffic on r2');
  expect(status).toContain('you can: slipway approve production, or: slipway reject production (by Lena)');
  expect((await say('Lena', 'approve')).exitCode).toBe(0);

  await comesTo('it holds at a half', 'holding', 50);
  expect((await say('Ana', 'promote', '--full')).exitCode).toBe(4);
  await expectText('say-promote', await say('Lena', 'promote', '--full'), 0);
  await until('it is over', async () => (await rollout()) === null, rollout);
  const history = (await say('Ana', 'history')).text;
  expect(history).toContain('succeeded');
});

test('a rejected rollout touches nothing, and its reason is kept', { timeout: 120_000 }, async () => {
  stage.git(shop, 'commit', '-q', '--allow-empty', '-m', 'Sell less');
  await say('Ana', 'ship', '--detach');
  await comesTo('it waits for a reviewer', 'waiting', 0);
  stage.hide((await rollout())?.id ?? '', '<rollout>');
  await expectText('say-reject', await say('Lena', 'reject', '--reason', 'not on a Friday'), 0);
  await until('it is over', async () => (await rollout()) === null, rollout);
  expect((await say('Ana', 'history', '--json')).text).toContain('rejected by Lena: not on a Friday');
});
