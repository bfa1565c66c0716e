import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseWorkflow, stepsOf } from '../../workflow/index.ts';
import { runInWorld } from '../testing/world.ts';
import { planInit, type InitPlan } from './plan-init.ts';
import { lookAt } from './repository-look.ts';

let root = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'slipway-init-'));
  mkdirSync(join(root, '.git'));
});

afterEach(() => rmSync(root, { recursive: true }));

function write(files: Record<string, string | object>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), typeof content === 'string' ? content : JSON.stringify(content));
  }
}

const plan = (): InitPlan => planInit(lookAt(root), '26.1.0');
const paths = () => plan().files.map(({ path }) => path);

/** Its steps, each as the action with its inputs or the command. */
function ciSteps(): string[] {
  const ci = plan().files.find(({ path }) => path.endsWith('ci.yml'));
  const parsed = parseWorkflow(ci?.text ?? '', 'ci.yml');
  if (!parsed.ok) throw new Error(parsed.findings.map(({ message }) => message).join('; '));
  expect(parsed.value.refusals).toEqual([]);
  expect(parsed.warnings.filter(({ severity }) => severity !== 'note')).toEqual([]);
  return parsed.value.jobs.flatMap(stepsOf).flatMap((step) => {
    if (step.kind === 'run') return [step.run.text];
    if (step.kind !== 'uses') return [];
    const inputs = Object.entries(step.with).map(([name, value]) => ` ${name}=${value.text}`);
    return [step.uses.text + inputs.join('')];
  });
}

describe('a Node package', () => {
  test('gets its Node, its lock file and its scripts', () => {
    write({
      'package.json': {
        engines: { node: '>=22.4' },
        scripts: { test: 'vitest', lint: 'eslint .', build: 'tsc', start: 'node .', other: 'x' },
      },
      'package-lock.json': {},
    });
    expect(ciSteps()).toEqual([
      'actions/checkout@v4',
      'actions/setup-node@v4 node-version=22',
      'npm ci',
      'npm run lint',
      'npm run build',
      'npm test',
    ]);
    expect(plan().files[1]).toEqual({ path: 'Procfile', text: 'web: npm start\n' });
  });

  test.each([
    [{ '.nvmrc': 'v20.11.1\n' }, '20.11.1'],
    [{ '.nvmrc': 'lts/*\n' }, 'lts/*'],
    [{ '.node-version': '24' }, '24'],
    [{ '.nvmrc': '$(rm -rf /)' }, '26'],
    [{}, '26'],
  ])('takes its version from %j', (files, version) => {
    write({ 'package.json': {}, ...files });
    expect(ciSteps()[1]).toBe(`actions/setup-node@v4 node-version=${version}`);
  });

  test.each([
    [
      'pnpm-lock.yaml',
      'pnpm@9.1.0+sha512.abc',
      ['npm install --global pnpm@9.1.0', 'pnpm install --frozen-lockfile', 'pnpm test'],
    ],
    ['yarn.lock', undefined, ['npm install --global yarn', 'yarn install --frozen-lockfile', 'yarn test']],
    ['none', undefined, ['npm install', 'npm test']],
  ])('with %s is installed by its manager', (lock, packageManager, steps) => {
    write({
      'package.json': { packageManager, scripts: { test: 'x' }, devDependencies: { a: '1' } },
      [lock]: '',
    });
    expect(ciSteps().slice(2)).toEqual(steps);
  });

  test('without dependencies and with the test of npm init has nothing to install and to test', () => {
    write({ 'package.json': { scripts: { test: 'echo "Error: no test specified" && exit 1' } } });
    expect(ciSteps().slice(2)).toEqual([]);
    expect(paths()).toEqual(['.github/workflows/ci.yml']);
  });
});

test('a Python project gets an environment, its requirements and its tests', () => {
  write({ 'requirements.txt': 'pytest==8\n', '.python-version': '3.12\n' });
  expect(ciSteps()).toEqual([
    'actions/checkout@v4',
    'actions/setup-python@v5 python-version=3.12',
    'python -m venv .venv',
    '.venv/bin/python -m pip install -r requirements.txt',
    '.venv/bin/python -m pytest',
  ]);
  write({ 'manage.py': '', 'compose.yml': '' });
  expect(ciSteps().at(-1)).toBe('.venv/bin/python manage.py test');
  expect(plan().notes).toEqual([
    'compose.yml is not used: a Procfile says what runs on the machine itself',
    'how this is served is for you to say, in a Procfile: web: .venv/bin/gunicorn NAME.wsgi',
  ]);
});

test('a Python package is installed with what brings its tests', () => {
  const extras =
    '[project.optional-dependencies]\ndocs = ["sphinx"]\ndev = ["ruff",\n "pytest>=8"]\n[tool.x]\n';
  write({ 'pyproject.toml': `[project]\nname = "a"\n${extras}` });
  expect(ciSteps().slice(3)).toEqual([
    '.venv/bin/python -m pip install ".[dev]"',
    '.venv/bin/python -m pytest',
  ]);
  write({ 'pyproject.toml': '[project]\nname = "a"\n[tool.pytest.ini_options]\n' });
  expect(ciSteps()[3]).toBe('.venv/bin/python -m pip install . pytest');
  write({ 'pyproject.toml': '[project]\nname = "a"\n' });
  expect(ciSteps()[3]).toBe('.venv/bin/python -m pip install .');
});

test('what is there is left alone, and slipway.yml comes only where a name must be chosen', () => {
  write({ 'package.json': { name: '日本', scripts: { start: 'x' } } });
  expect(paths()).toEqual(['.github/workflows/ci.yml', 'Procfile', 'slipway.yml']);
  write({ Procfile: 'web: x\n', '.github/workflows/other.yaml': 'on: push\n', 'slipway.yml': 'name: a\n' });
  expect(paths()).toEqual([]);
});

describe('slipway init', () => {
  const diff = `--- /dev/null
+++ .github/workflows/ci.yml
+name: CI
+
+on:
+  push:
+  pull_request:
+
+jobs:
+  ci:
+    runs-on: ubuntu-latest
+    timeout-minutes: 30
+    steps:
+      - uses: actions/checkout@v4
+      - run: echo "Put your tests here."

`;
  const ci = () => join(root, '.github', 'workflows', 'ci.yml');

  test('shows, and writes nothing where nobody can be asked', async () => {
    expect(await runInWorld(['init'], root)).toEqual({
      code: 2,
      out: diff,
      err: 'nothing was written: nobody can be asked here; write this file with --yes\n',
    });
    expect(await runInWorld(['init', '--dry-run'], root)).toEqual({ code: 0, out: diff, err: '' });
    expect(existsSync(ci())).toBe(false);
  });

  test('writes with --yes, once', async () => {
    expect(await runInWorld(['init', '--yes'], root)).toEqual({
      code: 0,
      out: `${diff}\nwritten; try it with "slipway run"\n`,
      err: '',
    });
    expect(readFileSync(ci(), 'utf8')).toContain('name: CI\n');
    writeFileSync(ci(), 'mine');
    expect((await runInWorld(['init', '--yes'], root)).out).toBe('nothing is missing\n');
    expect(readFileSync(ci(), 'utf8')).toBe('mine');
  });

  test.each([
    ['y\n', 0],
    ['no\n', 2],
    ['\n', 2],
  ])('asks on a terminal; the answer %j', async (answer, code) => {
    const stdin = Object.assign(Readable.from([answer]), { isTTY: true }) as unknown as NodeJS.ReadStream;
    const write = () => {};
    const out = { write, live: true, color: false, columns: () => 80, rows: () => 24 };
    expect((await runInWorld(['init'], root, { stdin, out })).code).toBe(code);
    expect(existsSync(ci())).toBe(code === 0);
  });

  test('with --json the plan is data', async () => {
    const { out } = await runInWorld(['init', '--dry-run', '--json'], root);
    expect(JSON.parse(out)).toMatchObject({ files: [{ path: '.github/workflows/ci.yml' }], written: false });
  });
});
