import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectText } from './expect-text.ts';
import { setStage, startServer, type Stage } from './stage.ts';

let stage: Stage;
let shop: string;

const document = {
  flags: { cart: { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' } },
};

beforeAll(async () => {
  stage = setStage();
  await startServer(stage);
  shop = stage.repository('shop', { 'flags.json': JSON.stringify(document) });
  const applied = await stage.run(['flags', 'apply', 'production', 'flags.json'], { cwd: shop });
  expect(applied.exitCode, applied.text).toBe(0);
});

afterAll(() => stage.close());

test.each([
  ['ramp-no-share', ['ramp', 'production', 'cart', 'on']],
  ['ramp-no-share-either', ['ramp', 'production', 'cart', 'on', '--steps', '10%,some']],
  ['ramp-down', ['ramp', 'production', 'cart', 'on', '--steps', '50%,10%']],
  ['ramp-unknown-flag', ['ramp', 'production', 'crat', 'on', '--steps', '50%']],
  ['ramp-bad-hold', ['ramp', 'production', 'cart', 'on', '--steps', '50%', '--hold', '5']],
  ['ramp-dry', ['ramp', 'production', 'cart', 'on', '--steps', '50%', '--dry-run']],
  ['ramp-two-shares', ['ramp', 'production', 'cart', 'on', '10', '--steps', '50%']],
  ['ramp-abort-nothing', ['abort', 'production', 'cart']],
  ['flags-unknown-environment', ['apply', 'prodution', 'flags.json']],
  ['flags-no-file', ['apply', 'production', 'flags.json/flags']],
])('%s', async (name, words) => {
  await expectText(name, await stage.run(['flags', ...words], { cwd: shop }), 2);
});

test('a step of a rollout that turns what is not there', async () => {
  const steps = '[50%, { weight: 100%, flags: { new-cart: on } }]';
  const folder = stage.repository('dark', {
    'slipway.yml': `name: shop\nenvironments:\n  production:\n    branches: [main]\n    strategy: { canary: { steps: ${steps} } }\n    health: { path: / }\n`,
  });
  await expectText('flag-step-planned', await stage.run(['plan'], { cwd: folder }), 0);
  await expectText('flag-step-unknown', await stage.run(['ship'], { cwd: folder }), 1);
});
