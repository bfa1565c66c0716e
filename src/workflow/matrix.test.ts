import { describe, expect, test } from 'vitest';
import { fromJson, type Scope } from '../expressions/index.ts';
import { expandMatrix, jobDisplayName, parseWorkflow, type Job, type Json } from './index.ts';

const scope: Scope = {
  contexts: {
    github: fromJson({ ref: 'main' }),
    needs: fromJson({
      plan: { outputs: { list: '[1, 2]', matrix: '{"os":["a"],"include":[{"os":"b"}]}', bad: 'x' } },
    }),
    vars: fromJson({}),
    inputs: fromJson({}),
  },
};

function job(strategy: string, extra = ''): Job {
  const text = `on: push
jobs:
  plan:
    runs-on: ubuntu-latest
    outputs: { list: a, matrix: b, bad: c, none: d }
    steps: [run: ls]
  build:
    needs: plan
    runs-on: ubuntu-latest
${extra}    strategy:
${strategy
  .trim()
  .split('\n')
  .map((line) => `      ${line}`)
  .join('\n')}
    steps: [run: ls]
`;
  const parsed = parseWorkflow(text, 'ci.yml');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.findings));
  const build = parsed.value.jobs[1];
  if (!build) throw new Error('no job');
  return build;
}

function values(strategy: string): Json {
  const expanded = expandMatrix(job(strategy).strategy, scope);
  return expanded.ok
    ? expanded.value.map((instance) => instance.values)
    : expanded.findings.map(({ message }) => message);
}

/** The example of GitHub's documentation. */
const fruits = `matrix:
  fruit: [apple, pear]
  animal: [cat, dog]
  include:
    - color: green
    - color: pink
      animal: cat
    - fruit: apple
      shape: circle
    - fruit: banana
    - fruit: banana
      animal: cat`;

const cases: [string, string, Json][] = [
  ['one axis', 'matrix: { node: [20, 22] }', [{ node: 20 }, { node: 22 }]],
  [
    'the first axis turns slowest',
    'matrix: { a: [1, 2], b: [x, y] }',
    [
      { a: 1, b: 'x' },
      { a: 1, b: 'y' },
      { a: 2, b: 'x' },
      { a: 2, b: 'y' },
    ],
  ],
  [
    "GitHub's own example",
    fruits,
    [
      { fruit: 'apple', animal: 'cat', color: 'pink', shape: 'circle' },
      { fruit: 'apple', animal: 'dog', color: 'green', shape: 'circle' },
      { fruit: 'pear', animal: 'cat', color: 'pink' },
      { fruit: 'pear', animal: 'dog', color: 'green' },
      { fruit: 'banana' },
      { fruit: 'banana', animal: 'cat' },
    ],
  ],
  ['only include', 'matrix: { include: [{ a: 1 }, { a: 2, b: 3 }] }', [{ a: 1 }, { a: 2, b: 3 }]],
  [
    'include that changes an axis becomes its own',
    'matrix: { a: [1], include: [{ a: 2, c: 9 }] }',
    [{ a: 1 }, { a: 2, c: 9 }],
  ],
  [
    'include meets what is the same in another spelling',
    'matrix: { a: [20], include: [{ a: "20", c: 1 }] }',
    [{ a: 20, c: 1 }],
  ],
  [
    'later includes overwrite added values',
    'matrix: { a: [1], include: [{ c: 1 }, { c: 2 }] }',
    [{ a: 1, c: 2 }],
  ],
  [
    'exclude',
    'matrix: { a: [1, 2], b: [x, y], exclude: [{ a: 1, b: x }] }',
    [
      { a: 1, b: 'y' },
      { a: 2, b: 'x' },
      { a: 2, b: 'y' },
    ],
  ],
  [
    'exclude by one axis',
    'matrix: { a: [1, 2], b: [x, y], exclude: [{ b: x }] }',
    [
      { a: 1, b: 'y' },
      { a: 2, b: 'y' },
    ],
  ],
  ['exclude of what is not there', 'matrix: { a: [1], exclude: [{ z: 1 }] }', [{ a: 1 }]],
  [
    'include comes after exclude',
    'matrix: { a: [1, 2], exclude: [{ a: 2 }], include: [{ a: 2, c: 1 }] }',
    [{ a: 1 }, { a: 2, c: 1 }],
  ],
  [
    'exclude by a part of an object',
    'matrix: { c: [{ os: a, x: 1 }, { os: b, x: 1 }], exclude: [{ c: { os: b } }] }',
    [{ c: { os: 'a', x: 1 } }],
  ],
  [
    'an axis from an expression',
    'matrix: { n: "${{ fromJSON(needs.plan.outputs.list) }}" }',
    [{ n: 1 }, { n: 2 }],
  ],
  [
    'the whole from an expression',
    'matrix: ${{ fromJSON(needs.plan.outputs.matrix) }}',
    [{ os: 'a' }, { os: 'b' }],
  ],
  [
    'expressions inside values',
    'matrix: { n: ["${{ github.ref }}-x", "${{ 1 == 1 }}"] }',
    [{ n: 'main-x' }, { n: true }],
  ],
  [
    'values keep their types',
    'matrix: { n: [1, 1.10, "1", true, null] }',
    [{ n: 1 }, { n: 1.1 }, { n: '1' }, { n: true }, { n: null }],
  ],
  [
    'strange names are only names',
    'matrix: { __proto__: [1], constructor: [2] }',
    [JSON.parse('{"__proto__":1,"constructor":2}') as Json],
  ],
  [
    'exclude by what an object lacks',
    'matrix: { c: [{ os: a }, { os: b, x: 1 }], exclude: [{ c: { x: null } }] }',
    [{ c: { os: 'b', x: 1 } }],
  ],
  [
    'exclude by the first of a list',
    'matrix: { c: [[1, 2], [2, 1]], exclude: [{ c: [1] }] }',
    [{ c: [2, 1] }],
  ],
  ['nothing left', 'matrix: { a: [1], exclude: [{ a: 1 }] }', ['the matrix has no combination left']],
  [
    'an output that is not JSON',
    'matrix: { n: "${{ fromJSON(needs.plan.outputs.bad) }}" }',
    ["fromJSON() was given 'x', which is not JSON"],
  ],
  [
    'an output that is no list',
    'matrix: { n: "${{ needs.plan.outputs.bad }}" }',
    ['the axis "n" must yield a list'],
  ],
  [
    'an output that is not there',
    'matrix: ${{ needs.plan.outputs.none }}',
    ['the matrix expression must yield an object'],
  ],
  [
    'an include that is no list',
    'matrix: { a: [1], include: "${{ github.ref }}" }',
    ['`include` must yield a list'],
  ],
  [
    'too many',
    `matrix: { a: [${Array.from({ length: 17 }, (_, n) => n).join()}], b: [${Array.from({ length: 16 }, (_, n) => n).join()}] }`,
    ['the matrix has 272 combinations, and 256 are allowed'],
  ],
];

describe('a matrix expands', () => {
  test.each(cases)('%s', (_name, strategy, expected) => {
    expect(values(strategy)).toEqual(expected);
  });

  test('names are of what was crossed, without what include adds, and of entries of their own with axes first', () => {
    const matrix =
      'matrix: { os: [a, b], n: [1], include: [{ os: b, fast: true }, { fast: 1, n: 2, os: c }] }';
    const { strategy } = job(matrix);
    const result = expandMatrix(strategy, scope);
    expect(result.ok && result.value.map(({ suffix }) => suffix)).toEqual([
      ' (a, 1)',
      ' (b, 1)',
      ' (2, c, 1)',
    ]);
  });

  test('a job without a matrix is one instance without values', () => {
    expect(expandMatrix(undefined, scope)).toMatchObject({
      ok: true,
      value: [{ values: {}, index: 0, total: 1, suffix: '' }],
    });
  });

  test('instances know their place', () => {
    const expanded = expandMatrix(job('matrix: { n: [5, 6] }').strategy, scope);
    expect(expanded.ok && expanded.value.map(({ index, total }) => [index, total])).toEqual([
      [0, 2],
      [1, 2],
    ]);
  });
});

describe('names of matrix jobs', () => {
  const names = (strategy: string, extra = '') => {
    const build = job(strategy, extra);
    const expanded = expandMatrix(build.strategy, scope);
    if (!expanded.ok) throw new Error('does not expand');
    return expanded.value.map((instance) =>
      jobDisplayName(build, instance, { contexts: { ...scope.contexts, matrix: fromJson(instance.values) } }),
    );
  };

  test.each([
    ['matrix: { node: [20], os: [ubuntu] }', '', ['build (20, ubuntu)']],
    ['matrix: { c: [{ os: a, x: [1, 2] }] }', '', ['build (a, 1, 2)']],
    ['matrix: { a: [true, null] }', '', ['build (true)', 'build']],
    ['matrix: { node: [20] }', '    name: Test\n', ['Test (20)']],
    ['matrix: { node: [20] }', '    name: Test on ${{ matrix.node }}\n', ['Test on 20']],
    ['matrix: { node: [20] }', '    name: ${{ matrix.node == 1 && 1 || null }}\n', ['build (20)']],
    [`matrix: { a: [${'x'.repeat(120)}] }`, '', [`build (${'x'.repeat(90)}...`]],
  ] as [string, string, string[]][])('%s %s', (strategy, extra, expected) => {
    expect(names(strategy, extra)).toEqual(expected);
  });
});
