import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectText } from './expect-text.ts';
import { setStage, type Files, type Stage } from './stage.ts';

let stage: Stage;

beforeAll(() => {
  stage = setStage();
});

afterAll(() => stage.close());

async function ship(name: string, folder: string): Promise<void> {
  await expectText(name, await stage.run(['ship'], { cwd: folder }), 2);
}

test('a folder without a repository', async () => {
  const folder = join(stage.root, 'plain');
  mkdirSync(folder);
  await ship('not-a-repository', folder);
});

test('a repository without a commit', () =>
  ship('no-commit', stage.repository('no-commit', {}, { commit: false })));

test('a commit without a branch', async () => {
  const folder = stage.repository('detached');
  stage.git(folder, 'switch', '-q', '--detach');
  await ship('detached-head', folder);
});

test('files that are not as committed', async () => {
  const folder = stage.repository('dirty');
  writeFileSync(join(folder, 'server.js'), '// later\n');
  rmSync(join(folder, 'package.json'));
  writeFileSync(join(folder, 'notes.md'), 'new\n');
  await ship('dirty-tree', folder);
});

test('a clone without its history', async () => {
  const folder = stage.repository('whole');
  writeFileSync(join(folder, 'notes.md'), 'new\n');
  stage.git(folder, 'add', '-A');
  stage.git(folder, 'commit', '-q', '-m', 'More');
  stage.git(stage.root, 'clone', '-q', '--depth', '1', `file://${folder}`, 'shallow');
  await ship('shallow-clone', join(stage.root, 'shallow'));
});

test('a repository without files', async () => {
  mkdirSync(join(stage.root, 'bare'));
  stage.git(join(stage.root, 'bare'), 'init', '-q', '--bare');
  await ship('bare-repository', join(stage.root, 'bare'));
});

test('no git on the machine', async () => {
  const bare = join(stage.root, 'bin');
  mkdirSync(bare);
  symlinkSync(process.execPath, join(bare, 'node'));
  const seen = await stage.run(['ship'], { cwd: stage.repository('no-git'), env: { PATH: bare } });
  await expectText('no-git', seen, 2);
});

const environment = (lines: string) =>
  `name: shop\nenvironments:\n  production:\n    branches: [main]\n${lines}\n`;

const wrongFiles: [name: string, what: string, files: Files][] = [
  ['no-procfile', 'nothing says how to run the app', { Procfile: null }],
  [
    'procfile-line',
    'a line of the Procfile without a name',
    { Procfile: 'web: node server.js\nnode worker.js\n' },
  ],
  [
    'duplicate-process',
    'two processes of one name',
    { Procfile: 'web: node server.js\nweb: node other.js\n' },
  ],
  [
    'process-name',
    'a process whose name cannot be one',
    { Procfile: 'web: node server.js\nmy_worker!: node w.js\n' },
  ],
  ['no-process', 'a Procfile with nothing in it', { Procfile: '# later\n' }],
  [
    'slipway-yml-syntax',
    'a slipway.yml that is not YAML',
    { 'slipway.yml': 'name: shop\n  environments: [\n' },
  ],
  [
    'slipway-yml-unknown-key',
    'a key that slipway.yml does not have',
    { 'slipway.yml': environment('    stratgy: rolling') },
  ],
  ['slipway-yml-unit', 'a time without its unit', { 'slipway.yml': environment('    bake: 10') }],
  [
    'slipway-yml-canary',
    'a canary that does not end with all traffic',
    { 'slipway.yml': environment('    strategy: { canary: { steps: [10%, 50%] } }') },
  ],
  ['slipway-yml-judge', 'a judge that there is not', { 'slipway.yml': environment('    judge: thorough') }],
  [
    'slipway-yml-metric',
    'a metric of both revisions at once, and one that no bound holds',
    {
      'slipway.yml': environment(
        "    judge:\n      metrics:\n        - { http: 'http://127.0.0.1:9100/stats', times: 2 }\n        - { resource: memory }",
      ),
    },
  ],
  [
    'slipway-yml-probes',
    'requests of Slipway itself, of which there are none',
    { 'slipway.yml': environment('    judge: { probes: { per-minute: 60 } }') },
  ],
  ['slipway-yml-later', 'a rule of a later version', { 'slipway.yml': environment('    ttl: 72h') }],
  [
    'slipway-yml-promote-from',
    'a promotion from nowhere',
    { 'slipway.yml': environment('    promote-from: stagin') },
  ],
  [
    'slipway-yml-processes',
    'copies of a process that is not there',
    { 'slipway.yml': environment('    replicas: { wbe: 2 }') },
  ],
];

test.each(wrongFiles)('%s: %s', (name, _what, files) => ship(name, stage.repository(name, files)));

test('none of these mistakes has started a server', async () => {
  expect((await stage.run(['status'])).exitCode).toBe(3);
});
