import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Finding } from '../diagnostics/index.ts';
import {
  builtInAction,
  builtInActions,
  parseWorkflow,
  refusedLabel,
  type StepsJob,
  type Workflow,
} from './index.ts';

/** Everything that the subset holds, once. */
const complete = `name: CI and CD
run-name: \${{ github.actor }} ships
on:
  push:
    branches: [main, 'releases/**']
    tags: ['v*']
    paths: ['**', '!docs/**']
  pull_request:
    branches-ignore: [wip]
    paths-ignore: ['**.md']
  workflow_dispatch:
env:
  CI: true
  VERSION: 1.10
  EMPTY:
defaults:
  run:
    shell: bash
    working-directory: app
jobs:
  test:
    name: Test on \${{ matrix.node }}
    runs-on: [self-hosted, linux]
    strategy:
      fail-fast: false
      max-parallel: 2
      matrix:
        node: [20, 22]
        include:
          - node: 22
            coverage: true
        exclude: []
    timeout-minutes: 10
    continue-on-error: \${{ matrix.node == 22 }}
    outputs:
      url: \${{ steps.report.outputs.url }}
    env:
      NODE_ENV: test
    defaults:
      run:
        working-directory: \${{ matrix.node }}
    steps:
      - uses: actions/checkout@v4
      - name: Node
        uses: actions/setup-node@v4.1.0
        with:
          node-version: \${{ matrix.node }}
          cache: npm
      - id: report
        if: \${{ !cancelled() }}
        run: |
          npm ci
          npm test
        shell: sh
        working-directory: lib
        env:
          TOKEN: \${{ secrets.TOKEN }}
        timeout-minutes: \${{ fromJSON('5') }}
        continue-on-error: true
  deploy:
    needs: test
    if: github.ref == 'refs/heads/main'
    runs-on: ubuntu-24.04
    environment:
      name: production
      url: \${{ steps.ship.outputs.url }}
    steps:
      - id: ship
        uses: slipway/deploy@v1
        with:
          environment: production
`;

function parse(text: string): Workflow {
  const parsed = parseWorkflow(text, '.github/workflows/ci.yml');
  if (!parsed.ok) throw new Error(parsed.findings.map(({ message }) => message).join('\n'));
  return parsed.value;
}

/** Codes and messages of all findings, whether the workflow is accepted or not. */
function said(text: string): string[] {
  const parsed = parseWorkflow(text, 'ci.yml');
  const findings: Finding[] = parsed.ok ? parsed.warnings : parsed.findings;
  return findings.map(
    ({ severity, code, at }) => `${severity} ${code} ${at?.start.line}:${at?.start.column}`,
  );
}

const texts = (record: Record<string, { text: string }>) =>
  Object.fromEntries(Object.entries(record).map(([key, { text }]) => [key, text]));

describe('the whole subset is read', () => {
  const workflow = parse(complete);
  const [testJob, deployJob] = workflow.jobs as [StepsJob, StepsJob];

  test('names, events and defaults', () => {
    expect(workflow.name).toBe('CI and CD');
    expect(workflow.runName?.text).toBe('${{ github.actor }} ships');
    expect(workflow.triggers).toMatchObject([
      { event: 'push', branches: ['main', 'releases/**'], tags: ['v*'], paths: ['**', '!docs/**'] },
      { event: 'pull_request', branchesIgnore: ['wip'], pathsIgnore: ['**.md'] },
      { event: 'workflow_dispatch' },
    ]);
    expect(workflow.defaults.shell?.text).toBe('bash');
    expect(workflow.defaults.workingDirectory?.text).toBe('app');
  });

  test("numbers and booleans become the text that GitHub's reader makes of them", () => {
    expect(texts(workflow.env)).toEqual({ CI: 'true', VERSION: '1.1', EMPTY: '' });
  });

  test('a job', () => {
    expect(testJob.id).toBe('test');
    expect(testJob.name?.text).toBe('Test on ${{ matrix.node }}');
    expect(testJob.runsOn.map(({ text }) => text)).toEqual(['self-hosted', 'linux']);
    expect(testJob.timeoutMinutes?.text).toBe('10');
    expect(testJob.continueOnError?.text).toBe('${{ matrix.node == 22 }}');
    expect(texts(testJob.outputs)).toEqual({ url: '${{ steps.report.outputs.url }}' });
    expect(testJob.strategy?.matrix).toMatchObject({
      kind: 'literal',
      axes: { node: { kind: 'list', values: [20, 22] } },
      include: { kind: 'list', values: [{ node: 22, coverage: true }] },
      exclude: { kind: 'list', values: [] },
    });
    expect(testJob.strategy?.failFast?.text).toBe('false');
    expect(deployJob.needs.map(({ id }) => id)).toEqual(['test']);
    expect(deployJob.environment?.name.text).toBe('production');
  });

  test('an if loses its ${{ }}, and keeps its place', () => {
    expect(deployJob.if?.text).toBe("github.ref == 'refs/heads/main'");
    expect(testJob.steps[2]?.if).toMatchObject({ text: '!cancelled()', at: { start: { column: 17 } } });
  });

  test('steps', () => {
    const [checkout, node, report] = testJob.steps;
    expect(checkout).toMatchObject({ kind: 'uses', uses: { text: 'actions/checkout@v4' }, with: {} });
    expect(node?.kind === 'uses' && texts(node.with)).toEqual({
      'node-version': '${{ matrix.node }}',
      cache: 'npm',
    });
    expect(report).toMatchObject({
      kind: 'run',
      id: 'report',
      run: { text: 'npm ci\nnpm test\n' },
      shell: { text: 'sh' },
      workingDirectory: { text: 'lib' },
      continueOnError: { text: 'true' },
    });
  });

  test('it is plain data, which survives JSON', () => {
    expect(JSON.parse(JSON.stringify(workflow))).toEqual(workflow);
  });

  test('it has nothing to complain about', () => {
    expect(said(complete)).toEqual([]);
  });
});

const withJob = (lines: string) =>
  `on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n${lines}    steps:\n      - run: ls\n`;
const withStep = (lines: string) => `on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n${lines}`;
const uses = (text: string, ...inputs: string[]) =>
  withStep(
    `      - uses: ${text}\n${inputs.length ? '        with:\n' : ''}${inputs.map((input) => `          ${input}\n`).join('')}`,
  );

describe('what is accepted', () => {
  const accepted: [string, string, string[]][] = [
    ['a workflow without a name', withJob(''), []],
    ['a byte order mark', `\uFEFF${withJob('')}`, []],
    ['lines that end as on Windows', withJob('').replaceAll('\n', '\r\n'), []],
    ['anchors and aliases', withStep('      - &step\n        run: ls\n      - *step\n'), []],
    ['flow style', '{on: push, jobs: {a: {runs-on: ubuntu-latest, steps: [{run: ls}]}}}', []],
    [
      'a single need',
      withJob('').replace(
        'jobs:\n',
        'jobs:\n  b:\n    runs-on: ubuntu-latest\n    needs: a\n    steps: [run: ls]\n',
      ),
      [],
    ],
    ['a label by expression', withJob('').replace('ubuntu-latest', '${{ vars.LABEL }}'), []],
    ['an environment by expression', withJob('    environment: ${{ vars.WHERE }}\n'), []],
    ['a timeout by expression', withJob('    timeout-minutes: ${{ 5 }}\n'), []],
    ['a timeout below a minute', withJob('    timeout-minutes: 0.5\n'), []],
    ['an if of true', withJob('    if: true\n'), []],
    [
      'an if over several lines',
      withJob("    if: |\n      github.ref == 'a' ||\n      github.ref == 'b'\n"),
      [],
    ],
    ['an if on status', withStep('      - run: ls\n        if: failure()\n'), []],
    ['hashFiles in a step', uses('actions/cache@v4', 'path: a', "key: ${{ hashFiles('x') }}"), []],
    ['a full version', uses('actions/checkout@v4.2.2'), []],
    ['another spelling of an action', uses('Actions/Checkout@v4'), []],
    ['another spelling of an input', uses('actions/checkout@v4', 'Fetch-Depth: 0'), []],
    ['an input that asks for what is done anyway', uses('actions/checkout@v4', 'submodules: false'), []],
    ['a flag of an action by expression', uses('actions/checkout@v4', 'clean: ${{ vars.CLEAN }}'), []],
    ['context names in any case', withStep('      - run: echo ${{ GITHUB.sha }} ${{ Steps }}\n'), []],
    [
      'inputs that nothing declares, with a warning',
      withStep('      - run: echo ${{ inputs.x }}\n'),
      ['warning workflow/unknown-input 6:30'],
    ],
    ['permissions', `permissions: read-all\n${withJob('    permissions:\n      contents: read\n')}`, []],
    ['no permissions at all', `permissions: {}\n${withJob('')}`, []],
    [
      'an input without effect, with a note',
      uses('actions/checkout@v4', 'persist-credentials: false'),
      ['note workflow/no-effect 8:11'],
    ],
    [
      'a step that looks ahead, with a warning',
      withStep('      - run: echo ${{ steps.b.outcome }}\n      - id: b\n        run: ls\n'),
      ['warning workflow/later-step 6:29'],
    ],
    [
      'a matrix value that is not there, with a warning',
      withStep('      - run: echo ${{ matrix.x }}\n'),
      ['warning workflow/unknown-axis 6:30'],
    ],
    [
      'a matrix that only evaluation knows',
      withJob('    strategy:\n      matrix: ${{ fromJSON(vars.M) }}\n    env:\n      A: ${{ matrix.x }}\n'),
      [],
    ],
    [
      'all steps at once',
      withStep('      - id: b\n        run: echo ${{ toJSON(steps) }} ${{ steps.*.outcome }}\n'),
      [],
    ],
    ['a dollar and braces that are no expression', withStep('      - run: echo ${x} {{ y }} }}\n'), []],
  ];
  test.each(accepted)('%s', (_name, text, expected) => {
    expect(said(text)).toEqual(expected);
    expect(parseWorkflow(text, 'ci.yml').ok).toBe(true);
  });

  test('a workflow without a name is called by its path', () => {
    expect(parse(withJob('')).name).toBe('.github/workflows/ci.yml');
  });
});

describe('where mistakes are', () => {
  const places: [string, string, string[]][] = [
    ['inside a plain text', withStep('      - run: echo ${{ nope.x }}\n'), ['6:23']],
    ['inside quotes', withStep('      - run: "echo ${{ nope.x }}"\n'), ['6:24']],
    [
      'inside quotes with escapes, the whole text',
      withStep('      - run: "echo\\t${{ nope.x }}"\n'),
      ['6:14'],
    ],
    [
      'inside a block',
      withStep('      - run: |\n          echo\n            ${{ nope.x }} ${{ nay }}\n'),
      ['8:17', '8:31'],
    ],
    ['inside a block that keeps its end', withStep('      - run: |+\n          ${{ nope.x }}\n\n'), ['7:15']],
    ['inside a folded text, its start', withStep('      - run: >\n          ${{ nope.x }}\n'), ['6:14']],
    ['in a bare condition', withStep("      - run: ls\n        if: always() && nope == 'x'\n"), ['7:25']],
    ['in a matrix', withJob('    strategy:\n      matrix:\n        a: [1, "${{ nope }}"]\n'), ['7:21']],
  ];
  test.each(places)('%s', (_name, text, expected) => {
    expect(said(text)).toEqual(expected.map((place) => `error expressions/unknown-context ${place}`));
  });
});

describe('actions that are built in', () => {
  test.each([
    ['actions/checkout@v4', 4],
    ['actions/checkout@v6.0.1', 6],
    ['ACTIONS/CACHE@v3', 3],
    ['slipway/deploy@v1', 1],
    ['actions/checkout@v1', 1],
    // A commit says nothing of a version, and a branch means what is newest.
    ['actions/checkout@9c091bb21b7c1c1d1991bb908d89e4e9dddfe3e0', 7],
    ['actions/checkout@main', 7],
    ['actions/cache@master', 6],
    ['actions/checkout@9c091bb', undefined],
    ['actions/checkout@v8', undefined],
    ['actions/upload-artifact@v3', undefined],
    ['actions/checkout@4', undefined],
    ['actions/checkout', undefined],
    ['actions/cache/other@v4', undefined],
    ['constructor@v1', undefined],
  ])('%s', (text, major) => {
    expect(builtInAction(text)?.majorVersion).toBe(major);
  });

  test('every refused input says what to do, and defaults are among what is allowed', () => {
    for (const action of Object.values(builtInActions)) {
      for (const input of Object.values(action.inputs)) {
        if (input.use === 'refused') expect(input.reason.length).toBeGreaterThan(10);
        else if (input.allowed && input.default !== undefined) expect(input.allowed).toContain(input.default);
      }
    }
  });
});

test.each([
  ['ubuntu-latest', true],
  ['Ubuntu-22.04', true],
  ['self-hosted', true],
  ['X64', true],
  ['windows-2022', false],
  ['macos-14-xlarge', false],
  ['gpu', false],
  ['', false],
])('the label "%s" can run here: %s', (label, expected) => {
  expect(refusedLabel(label) === undefined).toBe(expected);
});

describe('no input breaks the reader', () => {
  const never = (text: string) => {
    const parsed = parseWorkflow(text, 'ci.yml');
    if (parsed.ok) return parsed.value.jobs.length > 0;
    return (
      parsed.findings.some(({ severity }) => severity === 'error') &&
      parsed.findings.every(({ at }) => at && at.start.line > 0)
    );
  };

  test.each([
    ['nothing', ''],
    ['deep nesting', '['.repeat(5000)],
    ['an anchor inside itself', withJob('    strategy:\n      matrix:\n        b: &b [*b]\n')],
    ['a job inside itself', 'on: push\njobs: &j\n  a: *j\n'],
    [
      'aliases that multiply',
      `on: push\na: &a [${'x,'.repeat(9)}]\n${Array.from('bcdefghi')
        .map((name, index) => `${name}: &${name} [${`*${'abcdefghi'[index]},`.repeat(9)}]`)
        .join(
          '\n',
        )}\njobs:\n  q:\n    runs-on: self-hosted\n    strategy:\n      matrix:\n        b: *i\n    steps: [run: ls]\n`,
    ],
    ['a file that is too long', '#'.repeat(1_000_001)],
    ['keys that are no text', '? {a: 1}\n: 2\n? \n: 3\non: push'],
    ['names from JavaScript', 'on: push\njobs:\n  constructor:\n    __proto__: 1\n    toString: 2\n'],
  ])('%s', (_name, text) => {
    expect(never(text)).toBe(true);
  });

  test('a thousand ways to damage a workflow', () => {
    const damage = fc.record({
      from: fc.nat(complete.length),
      length: fc.nat(12),
      insert: fc.oneof(
        fc.string({ maxLength: 5 }),
        fc.constantFrom(
          '\n',
          '\t',
          ': ',
          '- ',
          '${{',
          '}}',
          "'",
          '"',
          '&a ',
          '*a',
          '{',
          '[',
          '|',
          '>',
          '!',
          '#',
        ),
      ),
    });
    fc.assert(
      fc.property(fc.array(damage, { minLength: 1, maxLength: 3 }), (damages) => {
        const text = damages.reduce(
          (sofar, { from, length, insert }) => sofar.slice(0, from) + insert + sofar.slice(from + length),
          complete,
        );
        return never(text);
      }),
      { numRuns: 1000 },
    );
  });

  test('any structure under known keys', () => {
    const words = [
      'on',
      'jobs',
      'steps',
      'run',
      'uses',
      'with',
      'env',
      'if',
      'needs',
      'strategy',
      'matrix',
      'include',
      'runs-on',
      'environment',
      'permissions',
      'defaults',
      'push',
      'a',
    ];
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom(
          null,
          true,
          1,
          'push',
          'ubuntu-latest',
          'ls',
          'actions/checkout@v4',
          '${{ github.sha }}',
          '${{ x',
          'a',
        ),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom(...words), tie('tree'), { maxKeys: 6 }),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => never(JSON.stringify(value))),
      { numRuns: 2000 },
    );
  });
});
