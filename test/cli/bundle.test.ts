import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, rmSync, symlinkSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RunRig } from './run-rig.ts';

/** An installation of its own, for the bundle of this one belongs to whoever works here. */
let root: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'slipway-bundle-'));
  for (const part of ['bin', 'src', 'scripts', 'package.json'])
    cpSync(part, join(root, part), { recursive: true, preserveTimestamps: true });
  symlinkSync(join(process.cwd(), 'node_modules'), join(root, 'node_modules'));
  execFileSync(process.execPath, [join(root, 'scripts/build.ts')]);
  appendFileSync(
    join(root, 'dist/main.cjs'),
    '\nprocess.on("exit", () => console.log("from the bundle"));\n',
  );
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function slipway(words: string[], cwd = root): string[] {
  const bin = join(root, 'bin/slipway.js');
  return execFileSync(process.execPath, [bin, ...words], { cwd, encoding: 'utf8' })
    .trimEnd()
    .split('\n');
}

test('the command starts from its bundle, and runs a workflow as its sources do', () => {
  using rig = new RunRig({
    'ci.yml': `on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: cat README.md
      - uses: actions/upload-artifact@v4
        with: { name: readme, path: README.md }
`,
  });
  const lines = slipway(['run', '--home', rig.home], rig.repository);
  expect(lines.filter((line) => line === 'a |   hello')).toHaveLength(1);
  expect(lines.slice(-2)).toEqual([expect.stringContaining('1 passed'), 'from the bundle']);
});

test('the bundle starts a server, whose processes start from the sources', () => {
  const home = join(root, 'home');
  try {
    expect(slipway(['up', '--home', home]).at(-1)).toBe('from the bundle');
    expect(slipway(['status', '--home', home])[0]).toContain('slipway 0.1.0');
  } finally {
    slipway(['down', '--all', '--home', home]);
  }
});

test('the command starts from its sources once one of them has changed since', () => {
  const file = join(root, 'src/workflow/parse.ts');
  utimesSync(file, new Date(), new Date());
  expect(slipway(['--version'])).toEqual(['0.1.0']);
});
