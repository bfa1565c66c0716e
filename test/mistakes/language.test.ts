import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectText } from './expect-text.ts';
import { setStage, workflow, type Files, type Stage } from './stage.ts';

let stage: Stage;

beforeAll(() => {
  stage = setStage();
});

afterAll(() => stage.close());

const steps = (lines: string, on?: string) => workflow(`    steps:\n${lines}`, on);

const linted: [name: string, what: string, ci: string, exitCode: number][] = [
  [
    'lint-injection',
    'a script that runs what a stranger writes',
    steps(
      '      - name: Greet\n        run: echo "Thanks for ${{ github.event.pull_request.title }}"',
      'pull_request',
    ),
    1,
  ],
  [
    'lint-unknown-output',
    'an output that a job does not have',
    `on: push
jobs:
  build:
    runs-on: ubuntu-latest
    outputs:
      version: \${{ steps.version.outputs.value }}
    steps:
      - id: version
        run: echo "value=1.2.3" >> "$GITHUB_OUTPUT"
  publish:
    needs: build
    runs-on: ubuntu-latest
    steps:
      - run: npm publish --tag \${{ needs.build.outputs.verison }}
`,
    0,
  ],
  [
    'lint-schedule',
    'a time that no clock shows',
    steps('      - run: npm audit', "\n  schedule:\n    - cron: '0 25 * * *'"),
    1,
  ],
  [
    'lint-filters',
    'filters that exclude each other',
    steps('      - run: npm test', "\n  push:\n    branches: [main]\n    branches-ignore: ['wip/**']"),
    1,
  ],
  [
    'lint-context',
    'a context that a condition of a job does not have',
    workflow(
      '    if: matrix.node == 24\n    strategy:\n      matrix: { node: [22, 24] }\n    steps:\n      - run: npm test',
    ),
    1,
  ],
];

test.each(linted)('%s: %s', async (name, _what, ci, exitCode) => {
  const folder = stage.repository(name, { '.github/workflows/ci.yml': ci });
  await expectText(name, await stage.run(['lint'], { cwd: folder }), exitCode);
});

const called: Files = {
  '.github/workflows/ci.yml': `on: push
jobs:
  release:
    uses: ./.github/workflows/release.yml
    with: { chanel: beta }
`,
  '.github/workflows/release.yml': `on:
  workflow_call:
    inputs:
      channel: { type: string, required: true }
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - run: npm publish --tag \${{ inputs.channel }}
`,
};

test('a call with an input that the called workflow does not have', async () => {
  const folder = stage.repository('call', called);
  await expectText('lint-call-input', await stage.run(['lint'], { cwd: folder }), 1);
});

test('a local action without an input that it needs', async () => {
  const folder = stage.repository('action', {
    '.github/workflows/ci.yml': steps(
      '      - uses: actions/checkout@v4\n      - uses: ./.github/actions/pack',
    ),
    '.github/actions/pack/action.yml': `name: Pack
description: Makes the archive
inputs:
  target: { description: where it goes, required: true }
runs:
  using: composite
  steps:
    - run: tar -czf "\${{ inputs.target }}" .
      shell: bash
`,
  });
  await expectText('lint-action', await stage.run(['lint'], { cwd: folder }), 0);
});

test('a run that needs a service', async () => {
  const ci = `${steps('      - run: npm test')}  database:
    runs-on: ubuntu-latest
    services:
      postgres: { image: 'postgres:17' }
    steps:
      - run: npm run test:database
`;
  const folder = stage.repository('container', { '.github/workflows/ci.yml': ci });
  await expectText('run-container', await stage.run(['run'], { cwd: folder }), 2);
});

test('a run that asks for an input by the wrong type', async () => {
  const on =
    '\n  workflow_dispatch:\n    inputs:\n      level: { type: choice, options: [debug, info], required: true }';
  const folder = stage.repository('input', {
    '.github/workflows/ci.yml': steps('      - run: npm test', on),
  });
  await expectText('run-input', await stage.run(['run', '--input', 'level=loud'], { cwd: folder }), 2);
});

test('an event that starts nothing', async () => {
  const folder = stage.repository('event');
  await expectText('run-event', await stage.run(['run', 'release'], { cwd: folder }), 2);
});

test('a repository without workflows', async () => {
  const folder = stage.repository('none', { '.github/workflows/ci.yml': null });
  await expectText('run-no-workflows', await stage.run(['run'], { cwd: folder }), 2);
});

test('an expression that counts', async () => {
  const seen = await stage.run(['eval', 'github.run_number + 1']);
  expect(seen.text).toContain('github.run_number + 1');
  await expectText('eval-arithmetic', seen, 2);
});
