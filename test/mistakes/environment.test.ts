import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectText } from './expect-text.ts';
import { setStage, startServer, type Files, type Stage } from './stage.ts';

let stage: Stage;
let shop: string;

beforeAll(async () => {
  stage = setStage();
  await startServer(stage);
  shop = stage.repository('shop');
});

afterAll(() => stage.close());

/** One case after the other on one server: what is asked too early comes first. */
test('asked before anything was shipped', async () => {
  await expectText('rollback-too-early', await stage.run(['rollback'], { cwd: shop }), 2);
  await expectText('rollback-nothing-runs', await stage.run(['rollback', 'production'], { cwd: shop }), 4);
  await expectText('abort-nothing', await stage.run(['abort'], { cwd: shop }), 0);
  await expectText('which-app', await stage.run(['rollback']), 2);
  await expectText('logs-too-early', await stage.run(['logs', '--job', 'test'], { cwd: shop }), 2);
});

test('shipped a Compose file that no rollout can honour: refused before its pipeline runs', async () => {
  const files: Files = {
    'compose.yml':
      'services:\n  web:\n    build: .\n    ports: ["8080:3000", "2222:22"]\n    network_mode: service:db\n',
    'slipway.yml': 'kind: compose\nroute: { port: 3000 }\n',
  };
  const folder = stage.repository('refused', files);
  await expectText('compose-refused', await stage.run(['ship'], { cwd: folder }), 2);
});

test('asked for what does not exist', async () => {
  const shipped = await stage.run(['ship'], { cwd: shop });
  expect(shipped.exitCode, shipped.text).toBe(0);
  await expectText('rollback-no-earlier', await stage.run(['rollback'], { cwd: shop }), 4);
  await expectText('rollback-serves', await stage.run(['rollback', '--to', 'r1'], { cwd: shop }), 4);
  await expectText('rollback-unknown', await stage.run(['rollback', '--to', 'r9'], { cwd: shop }), 2);
  await expectText('rollback-environment', await stage.run(['rollback', 'staging'], { cwd: shop }), 4);
  await expectText('rollback-app', await stage.run(['rollback', '--app', 'shpo'], { cwd: shop }), 2);
  await expectText('abort-unknown', await stage.run(['abort', 'staging'], { cwd: shop }), 2);
  await expectText('logs-unknown', await stage.run(['logs', 's-00000000'], { cwd: shop }), 2);
  await expectText('logs-unknown-job', await stage.run(['logs', '--job', 'tset'], { cwd: shop }), 2);
  await expectText('logs-unknown-process', await stage.run(['logs', '--process', 'wbe'], { cwd: shop }), 2);
  await expectText('history-unknown', await stage.run(['history', 'staging'], { cwd: shop }), 0);
  await expectText(
    'audit-unknown-chain',
    await stage.run(['audit', 'verify', 'shop/staging'], { cwd: shop }),
    2,
  );
  await expectText(
    'audit-log-unknown-chain',
    await stage.run(['audit', 'log', 'shop/staging'], { cwd: shop }),
    0,
  );
});

test('asked of a router that cannot do it', async () => {
  const settings = join(stage.home, 'router', 'settings.json');
  // A plan asks what the home has, not nginx itself.
  writeFileSync(settings, JSON.stringify({ kind: 'nginx' }));
  const testers = 'testers: { header: "X_Canary: yes" }';
  const canary = stage.repository('shop', {
    'slipway.yml': `name: shop\nenvironments:\n  production:\n    strategy: { canary: { steps: [10%, 100%], ${testers} } }\n`,
  });
  await expectText('router-cannot', await stage.run(['plan'], { cwd: canary }), 2);
  await expectText('router-setting', await stage.run(['up', '--own-config', 'own.cfg'], { cwd: canary }), 2);
  rmSync(settings);
  await expectText('router-in-use', await stage.run(['up', '--https', '127.0.0.1:443']), 1);
});

test('secrets that cannot be kept', async () => {
  const set = (name: string, stdin = 's3cret\n') =>
    stage.run(['secrets', 'set', name, '-e', 'production'], { cwd: shop, stdin });
  await expectText('secret-name', await set('api-key'), 2);
  await expectText('secret-empty', await set('API_KEY', ''), 2);
});

test('filled in a Compose file from the env file, which a plan reads as Compose does, and from a secret', async () => {
  const envFile = join(stage.root, 'stack.env');
  writeFileSync(envFile, 'TAG=v1.2.3\nBACKEND_URL=http://backend:4000\n', { mode: 0o600 });
  const yml = (more: string) =>
    `name: stack\nkind: compose\nenvironments:\n  production:\n    env-file: ${envFile}\n${more}`;
  const folder = stage.repository('stack', {
    'compose.yml': [
      'services:',
      '  web:',
      '    image: stack-web:${TAG}',
      '    ports: ["3000"]',
      '    environment: { BACKEND_URL: "${BACKEND_URL}", MAIL_URL: "${MAIL_URL}" }',
      '  backend:',
      '    image: stack-backend:${TAG}',
      '  mailer:',
      '    image: stack-mailer',
      '',
    ].join('\n'),
    'slipway.yml': yml('    secrets: [MAIL_URL]\n'),
  });
  const set = (name: string, stdin: string) =>
    stage.run(['secrets', 'set', name, '-e', 'production'], { cwd: folder, stdin });
  expect((await set('MAIL_URL', 'http://mailer:25\n')).exitCode).toBe(0);
  const plan = await stage.run(['plan'], { cwd: folder });
  expect(plan.text).toContain('companion, because "web" names it in BACKEND_URL');
  expect(plan.text).toContain('companion, because "web" names it in MAIL_URL');
  expect(plan.text).not.toContain('\u27e6');
  writeFileSync(join(folder, 'slipway.yml'), yml('    secrets: [MAIL_URL, TAG]\n'));
  writeFileSync(envFile, 'BACKEND_URL=http://backend:4000\n');
  stage.git(folder, 'commit', '-qam', 'Hide the tag');
  stage.hide(stage.git(folder, 'rev-parse', 'HEAD'), '<commit>');
  expect((await set('TAG', 'v1.2.3\n')).exitCode).toBe(0);
  await expectText('secret-in-clear', await stage.run(['plan'], { cwd: folder }), 2);
});

const production = (lines: string) =>
  `name: shop\nenvironments:\n  production:\n    branches: [main]\n    health: { path: /, interval: 100ms, successes: 1, deadline: 3s }\n${lines}\n`;

const refusedRollouts: [name: string, what: string, files: Files][] = [
  [
    'secret-missing',
    'a secret that nobody has set',
    { 'slipway.yml': production('    secrets: [DATABASE_URL]') },
  ],
  [
    'env-file-open',
    'an env file that others can read',
    { 'slipway.yml': production('    env-file: <tmp>/open.env') },
  ],
  [
    'env-file-missing',
    'an env file that is not there',
    { 'slipway.yml': production('    env-file: <tmp>/none.env') },
  ],
  [
    'env-file-line',
    'an env file with a line that is none',
    { 'slipway.yml': production('    env-file: <tmp>/line.env') },
  ],
  [
    'release-command',
    'a release command that fails',
    {
      Procfile: `web: exec '${process.execPath}' server.js\nrelease: echo 'no such table: carts' && exit 3\n`,
    },
  ],
  [
    'never-ready',
    'an app that is never ready',
    {
      'server.js': "console.log('waiting for the database'); setInterval(() => {}, 1000);\n",
      'slipway.yml': production('    bake: 0s'),
    },
  ],
  [
    'crashes',
    'an app that ends at its start',
    { 'server.js': "console.error('DATABASE_URL is not set'); process.exit(1);\n" },
  ],
];

test.each(refusedRollouts)('%s: %s', async (name, _what, files) => {
  for (const [file, text, mode] of [
    ['open.env', 'A=1\n', 0o644],
    ['line.env', 'A=1\nexport B\n', 0o600],
  ] as const) {
    writeFileSync(join(stage.root, file), text);
    chmodSync(join(stage.root, file), mode);
  }
  const here = Object.fromEntries(
    Object.entries(files).map(([path, text]) => [path, text?.replace('<tmp>', stage.root) ?? null]),
  );
  await expectText(name, await stage.run(['ship'], { cwd: stage.repository(name, here) }), 1);
});

test('a host that another app has', async () => {
  const yml = (name: string) =>
    `name: ${name}\nenvironments:\n  production:\n    branches: [main]\n    host: shop.example.com\n    health: { path: /, interval: 100ms, successes: 1, deadline: 20s }\n    bake: 0s\n`;
  const first = await stage.run(['ship'], {
    cwd: stage.repository('first', { 'slipway.yml': yml('books') }),
  });
  expect(first.exitCode, first.text).toBe(0);
  const second = stage.repository('second', { 'slipway.yml': yml('music') });
  await expectText('host-taken', await stage.run(['ship'], { cwd: second }), 1);
});

test('another wish while a rollout is under way', async () => {
  const folder = stage.repository('slow', {
    'slipway.yml':
      'name: slow\nenvironments:\n  production:\n    branches: [main]\n    bake: 1h\n    health: { path: /, interval: 100ms, successes: 1, deadline: 20s }\n',
  });
  const shipped = await stage.run(['ship', '--detach'], { cwd: folder });
  expect(shipped.exitCode, shipped.text).toBe(0);
  for (;;) {
    const { text } = await stage.run(['status', '--json']);
    if (text.includes('baking')) break;
  }
  await expectText('rollback-under-way', await stage.run(['rollback'], { cwd: folder }), 4);
  expect((await stage.run(['abort'], { cwd: folder })).exitCode).toBe(0);
});

test('a server that runs already', async () => {
  await expectText('up-elsewhere', await stage.run(['up', '--http', '127.0.0.1:1']), 1);
  await expectText('up-foreground-twice', await stage.run(['up', '--foreground']), 1);
});
