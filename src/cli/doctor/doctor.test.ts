import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runInWorld } from '../testing/world.ts';
import type { Check } from './check.ts';
import { checkDisk, checkHome, checkNode } from './machine-checks.ts';
import { checkRepository } from './repository-checks.ts';

let root = '';
let bin = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'slipway-doctor-'));
  bin = join(root, 'bin');
  mkdirSync(bin);
  mkdirSync(join(root, '.git'));
  mkdirSync(join(root, '.github', 'workflows'), { recursive: true });
  program('sh', 'exit 0');
});

afterEach(() => rmSync(root, { recursive: true }));

function program(name: string, script: string): void {
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, name), 0o755);
}

function workflow(text: string): void {
  writeFileSync(join(root, '.github', 'workflows', 'ci.yml'), text);
}

const repository = (): Record<string, Check> =>
  Object.fromEntries(checkRepository(root, { PATH: bin }).map((check) => [check.name, check]));

const job = (step: string) => `on: push\njobs:\n  a: { runs-on: ubuntu-latest, steps: [${step}] }\n`;

test('an old Node is a problem', () => {
  expect(checkNode('26.1.0')).toEqual({ name: 'node', state: 'ok', says: '26.1.0', next: null });
  expect(checkNode('18.20.0')).toEqual({
    name: 'node',
    state: 'problem',
    says: '18.20.0 is older than 20',
    next: 'install Node 20 or newer',
  });
});

test('a home that others may write is a problem; one that is not there yet is none', async () => {
  const home = join(root, 'home');
  expect(await checkHome(home)).toMatchObject({ state: 'ok', says: `${home} will be made` });
  mkdirSync(home);
  chmodSync(home, 0o777);
  expect(await checkHome(home)).toMatchObject({ state: 'problem', next: `chmod go-w ${home}` });
  chmodSync(home, 0o700);
  expect(await checkHome(home)).toMatchObject({ state: 'ok', says: `${home}, mode 700` });
  expect((await checkDisk(join(home, 'deep'))).says).toMatch(/^\d+\.\d GiB free for /);
});

test('what the workflows need and the machine lacks is a problem', () => {
  workflow(job('{ run: a, shell: pwsh }, { run: b, shell: "perl {0}" }, { run: c, shell: python }'));
  program('python3', 'exit 0');
  expect(repository().shells).toEqual({
    name: 'shells',
    state: 'problem',
    says: 'the workflows use what is not in the PATH: pwsh, perl',
    next: 'install pwsh, perl',
  });
  program('pwsh', 'exit 0');
  program('perl', 'exit 0');
  expect(repository().shells).toMatchObject({
    state: 'ok',
    says: 'sh, pwsh, python; bash not found, and not used',
  });
});

test('mistakes, refused jobs and missing lock files are told with the next command', () => {
  expect(repository().workflows).toMatchObject({ state: 'warning', next: 'slipway init' });
  expect(repository().jobs).toMatchObject({ state: 'ok', says: 'none to look at' });
  workflow('on: push\njobs: 1\n');
  expect(repository().workflows).toMatchObject({ state: 'problem', next: 'slipway lint' });
  expect(repository().workflows?.says).toMatch(/^1 mistake, such as: .* \(\.github\/workflows\/ci\.yml:2\)$/);
  workflow(job('{ run: a }').replace('ubuntu', 'windows'));
  expect(repository().jobs).toMatchObject({ state: 'warning', next: 'slipway lint' });
  expect(repository()['lock file']).toMatchObject({ state: 'ok' });
  writeFileSync(join(root, 'package.json'), '{}');
  expect(repository()['lock file']).toMatchObject({
    state: 'warning',
    next: 'npm install --package-lock-only',
  });
  writeFileSync(join(root, 'package-lock.json'), '{}');
  expect(repository()['lock file']).toMatchObject({ state: 'ok', says: 'package-lock.json' });
});

test('a folder that is no repository, or has no commit, is told with the next command', async () => {
  workflow(job('{ run: a }'));
  const look = async () =>
    (await runInWorld(['doctor', '--home', join(root, 'home')], root, { env: { PATH: bin }, cwd: root })).out;
  program('git', 'exit 1');
  expect(await look()).toContain(
    `! repository  ${root} has no commit yet, and runs and ships need one\n              → git add . && git commit -m "First commit"\n`,
  );
  rmSync(join(root, '.git'), { recursive: true });
  expect(await look()).toContain(
    `! repository  ${root} is in none, and runs and ships need one\n              → git init\n`,
  );
});

test('the command prints a page, or a check a line, and fails for problems alone', async () => {
  const home = join(root, 'home');
  workflow(job('{ run: a }'));
  const world = { env: { PATH: bin }, cwd: root };
  const { code, out } = await runInWorld(['doctor', '--home', home], root, world);
  expect(code).toBe(1);
  expect(out).toContain('✗ git         not found in the PATH\n              → install git\n');
  expect(out).toContain('! server      none runs; "slipway run" needs none, "slipway ship" does\n');
  expect(out).toMatch(/\n1 problem, 1 warning\n$/);
  program('git', 'echo git version 2.50.1');
  program('docker', 'echo 29.0');
  const lines = (await runInWorld(['doctor', '--home', home, '--json'], root, world)).out.trim().split('\n');
  const checks = lines.map((line) => JSON.parse(line) as Check);
  expect(checks.map(({ name }) => name)).toEqual([
    'node',
    'git',
    'docker',
    'disk',
    'home',
    'server',
    'repository',
    'workflows',
    'jobs',
    'shells',
    'lock file',
  ]);
  expect(checks.find(({ name }) => name === 'git')?.says).toBe('2.50.1');
  expect(checks.find(({ name }) => name === 'docker')?.says).toBe('29.0 is reachable');
  expect((await runInWorld(['doctor', '--home', home], root, world)).code).toBe(0);
});
