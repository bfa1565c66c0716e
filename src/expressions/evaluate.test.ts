import { describe, expect, test } from 'vitest';
import { CodedError, type Span } from '../diagnostics/index.ts';
import { evaluate, fromJson, ObjectValue, parseExpression, toJson, type Json, type Scope } from './index.ts';

const place = (text: string): Span => ({
  file: 'ci.yml',
  start: { line: 1, column: 1 },
  end: { line: 1, column: 1 + text.length },
});

const scope: Scope = {
  contexts: {
    github: fromJson({
      ref: 'refs/heads/main',
      event_name: 'push',
      actor: 'Ana',
      run_number: 7,
      'head-ref': 'topic',
      event: { labels: [{ name: 'bug' }, { name: 'Help' }], pull_request: null },
    }),
    env: new ObjectValue(
      [
        ['Path', '/bin'],
        ['PATH', '/usr/bin'],
      ],
      { caseSensitive: true },
    ),
    matrix: fromJson({ node: 20, os: 'ubuntu', experimental: false, nested: { a: [1, 2], b: [3] } }),
    steps: fromJson({ build: { outputs: { url: 'http://x', count: '12' }, outcome: 'success' } }),
    needs: fromJson({ a: { result: 'success' }, b: { result: 'failure' } }),
    list: fromJson([3, 'b', null, true, [1], { k: 'v' }]),
    matrixes: fromJson([[{ v: 1 }, { v: 2 }], [{ v: 3 }]]),
    empty: fromJson({}),
    secrets: fromJson({}),
  },
  status: { success: () => true, failure: () => false, always: () => true, cancelled: () => false },
  hashFiles: (patterns) => `hash(${patterns.join('|')})`,
};

function result(text: string): Json {
  const parsed = parseExpression(text, place(text));
  if (!parsed.ok) throw new Error(parsed.findings.map(({ message }) => message).join('; '));
  const value = evaluate(parsed.value, scope);
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return toJson(value);
}

/** Expression, and what it yields; NaN and the infinities as text. */
const tables: Record<string, [string, Json][]> = {
  literals: [
    ['null', null],
    ['true', true],
    ['false', false],
    ['0', 0],
    ['42', 42],
    ['-1', -1],
    ['+5', 5],
    ['1.5', 1.5],
    ['.5', 0.5],
    ['-.5', -0.5],
    ['5.', 5],
    ['1e3', 1000],
    ['1E+2', 100],
    ['1.2e-2', 0.012],
    ['0xff', 255],
    ['0xFF', 255],
    ['0x0', 0],
    ['0xffffffff', -1],
    ['0o17', 15],
    ['NaN', 'NaN'],
    ['Infinity', 'Infinity'],
    ['-Infinity', '-Infinity'],
    ["''", ''],
    ["'it''s'", "it's"],
    ["''''", "'"],
    ["''''''", "''"],
    [`'a "quoted" word'`, 'a "quoted" word'],
    ["'{{ }}'", '{{ }}'],
    ["'ünïcode ☃'", 'ünïcode ☃'],
  ],
  'paths into contexts': [
    ['github.ref', 'refs/heads/main'],
    ['GitHub.REF', 'refs/heads/main'],
    ["github['ref']", 'refs/heads/main'],
    ["github[ 'Ref' ]", 'refs/heads/main'],
    ['github.head-ref', 'topic'],
    ['github.missing', null],
    ['github.missing.deeper.still', null],
    ['github.event.pull_request.title', null],
    ['github.ref.length', null],
    ['github.constructor', null],
    ['github.__proto__', null],
    ['github.toString', null],
    ['github.hasOwnProperty', null],
    ['list.length', null],
    ['list[0]', 3],
    ["list['0']", 3],
    ['list[1.9]', 'b'],
    ['list[-1]', null],
    ['list[99]', null],
    ["list['x']", null],
    ['list[5].k', 'v'],
    ['list[4][0]', 1],
    ['list[empty]', null],
    ['env.PATH', '/usr/bin'],
    ['env.Path', '/bin'],
    ['env.path', null],
    ['steps.build.outputs.url', 'http://x'],
    ["steps['build']['outputs']['url']", 'http://x'],
    ["github[format('{0}', 'ref')]", 'refs/heads/main'],
    ['matrix[github.missing]', null],
    ['fromJSON(\'{"true": 1}\').true', 1],
    ['fromJSON(\'{"null": 2}\').null', 2],
    ['(github).ref', 'refs/heads/main'],
    ['(github.event).labels[1].name', 'Help'],
    ['matrix', { node: 20, os: 'ubuntu', experimental: false, nested: { a: [1, 2], b: [3] } }],
  ],
  'the * filter': [
    ['github.event.labels.*.name', ['bug', 'Help']],
    ['github.event.labels[*].name', ['bug', 'Help']],
    ["github.event.labels.*['name']", ['bug', 'Help']],
    ['github.event.labels.*.missing', []],
    ['needs.*.result', ['success', 'failure']],
    ['matrixes.*.*.v', [1, 2, 3]],
    ['matrixes.*[0]', [{ v: 1 }, { v: 3 }]],
    ['matrixes[0].*.v', [1, 2]],
    ['matrix.nested.*', [[1, 2], [3]]],
    ['matrix.nested.*.*', [1, 2, 3]],
    ['github.ref.*', []],
    ['github.missing.*', []],
    ['list.*.k', ['v']],
    ['empty.*', []],
    ["contains(needs.*.result, 'failure')", true],
    ["contains(needs.*.result, 'cancelled')", false],
    ["join(github.event.labels.*.name, '-')", 'bug-Help'],
  ],
  negation: [
    ['!true', false],
    ['!false', true],
    ['!null', true],
    ['!0', true],
    ['!1', false],
    ['!NaN', true],
    ["!''", true],
    ["!'false'", false],
    ['!empty', false],
    ['!list', false],
    ['!!github.ref', true],
    ['!!!true', false],
  ],
  equality: [
    ['1 == 1', true],
    ['1 != 1', false],
    ["1 == '1'", true],
    ["1 == '1.0'", true],
    ["255 == '0xff'", true],
    ["0 == ''", true],
    ['null == 0', true],
    ["null == ''", true],
    ['null == false', true],
    ['null == null', true],
    ["null == 'null'", false],
    ['true == 1', true],
    ["true == 'true'", false],
    ["true == '1'", true],
    ["'ABC' == 'abc'", true],
    ["'straße' == 'STRAßE'", true],
    ["'straße' == 'STRASSE'", false],
    ["'a' == 'b'", false],
    ["'1' == '1.0'", false],
    ['NaN == NaN', false],
    ['NaN != NaN', true],
    ["NaN == 'NaN'", false],
    ["'NaN' == 'nan'", true],
    ["'x' == 1", false],
    ['list == list', true],
    ["list == 'Array'", false],
    ["fromJSON('[]') == fromJSON('[]')", false],
    ['empty == 0', false],
    ['empty != null', true],
    ["matrix.node == '20'", true],
    ["github.actor == 'ANA'", true],
  ],
  order: [
    ['1 < 2', true],
    ['2 < 1', false],
    ['2 <= 2', true],
    ['3 > 2', true],
    ['2 >= 3', false],
    ["'a' < 'B'", true],
    ["'B' > 'a'", true],
    ["'a' <= 'A'", true],
    ["'10' > 9", true],
    ["'10' > '9'", false],
    ["'abc' > 5", false],
    ["'abc' < 5", false],
    ["'abc' <= 5", false],
    ['true > false', true],
    ['null < 1', true],
    ['null >= 0', true],
    ['NaN <= NaN', false],
    ['list > 0', false],
    ['list >= list', true],
    ['1 < Infinity', true],
    ['-1 > -Infinity', true],
  ],
  'logic keeps the deciding value': [
    ["'a' && 'b'", 'b'],
    ["'' && 'b'", ''],
    ["null && 'b'", null],
    ["'a' || 'b'", 'a'],
    ["'' || 'b'", 'b'],
    ["false || null || ''", ''],
    ["github.ref == 'refs/heads/main' && 'prod' || 'dev'", 'prod'],
    ["github.ref == 'refs/heads/x' && 'prod' || 'dev'", 'dev'],
    ['true || unknown', true],
    ['false && unknown', false],
    ["true || fromJSON('broken')", true],
  ],
  precedence: [
    ['1 == 1 && 2 == 2', true],
    ['false && true || true', true],
    ['true || true && false', true],
    ['(true || true) && false', false],
    ['!true == false', true],
    ['!(true == false)', true],
    ['!1 < 2', true],
    ['1 < 2 == true', true],
    ['true == 1 < 2', true],
    ['3 < 2 < 1', true],
    ['1 == 1 == 1', true],
    ['!github.missing && !!github.ref', true],
    ['(((1)))', 1],
    ['\n  1\n  ==\t1 ', true],
  ],
  'text functions': [
    ["contains('Hello', 'ELL')", true],
    ["contains('Hello', 'x')", false],
    ["contains('abc', '')", true],
    ['contains(123, 2)', true],
    ['contains(null, null)', true],
    ["contains(list, 'B')", true],
    ["contains(list, '3')", true],
    ['contains(list, 4)', false],
    ["contains(matrix, 'ubuntu')", false],
    ["contains('Array', list)", false],
    ["CONTAINS('a', 'A')", true],
    ["startsWith('Hello', 'hE')", true],
    ["startsWith('Hello', 'lo')", false],
    ["startsWith(github.ref, 'refs/heads/')", true],
    ['startsWith(123, 12)', true],
    ["startsWith(list, 'A')", false],
    ["endsWith('Hello', 'LO')", true],
    ["endsWith('Hello', 'He')", false],
    ["endsWith(empty, '')", false],
    ["join(fromJSON('[1,2,3]'))", '1,2,3'],
    ["join(fromJSON('[1,2,3]'), ' | ')", '1 | 2 | 3'],
    ["join(fromJSON('[1,2]'), null)", '12'],
    ["join(fromJSON('[1,2]'), list)", '1,2'],
    ["join(fromJSON('[]'), '-')", ''],
    ['join(list)', '3,b,,true,Array,Object'],
    ["join('one')", 'one'],
    ['join(empty)', ''],
    ["format('a')", 'a'],
    ["format('{0}-{1}', 'a', 2)", 'a-2'],
    ["format('{1}{0}{1}', 'a', 'b')", 'bab'],
    ["format('{{0}}', 'a')", '{0}'],
    ["format('{{{0}}}', 'a')", '{a}'],
    ["format('{0}', null)", ''],
    ["format('{0}', list)", 'Array'],
    ["format('{0}', matrix)", 'Object'],
    ["format('{0}', true)", 'true'],
    ['format(null)', ''],
    ["format('{0}', '{1}')", '{1}'],
    ["hashFiles('**/package-lock.json', 'x')", 'hash(**/package-lock.json|x)'],
  ],
  'numbers as text': [
    ["format('{0}', 1.0)", '1'],
    ["format('{0}', -0)", '0'],
    ["format('{0}', 0.1)", '0.1'],
    ["format('{0}', 123456.789)", '123456.789'],
    ["format('{0}', 0.84551240822557006)", '0.84551240822557'],
    ["format('{0}', 100)", '100'],
    ["format('{0}', 123456789012345)", '123456789012345'],
    ["format('{0}', 1e15)", '1E+15'],
    ["format('{0}', 1.5e300)", '1.5E+300'],
    ["format('{0}', 0.0001)", '0.0001'],
    ["format('{0}', 0.00001)", '1E-05'],
    ["format('{0}', 0xff)", '255'],
    ["format('{0}', NaN)", 'NaN'],
    ["format('{0}', -Infinity)", '-Infinity'],
  ],
  json: [
    ['fromJSON(\'[1, "a", null]\')', [1, 'a', null]],
    ['fromJSON(\'{"a": {"B": 1}}\').A.b', 1],
    ["fromJSON('true')", true],
    ["fromJSON(' 3 ')", 3],
    ['fromJSON(\'"x"\')', 'x'],
    ['fromJSON(\'{"__proto__": 1}\').__proto__', 1],
    ['fromJSON(\'{"A": 1, "a": 2}\')', { A: 2 }],
    ['fromJSON(toJSON(matrix)).node', 20],
    ['toJSON(null)', 'null'],
    ['toJSON(true)', 'true'],
    ['toJSON(1.50)', '1.5'],
    ["toJSON('a\"b')", '"a\\"b"'],
    ['toJSON(empty)', '{}'],
    ["toJSON(fromJSON('[]'))", '[]'],
    ['toJSON(fromJSON(\'[1,[2],{"a":3}]\'))', '[\n  1,\n  [\n    2\n  ],\n  {\n    "a": 3\n  }\n]'],
    ['toJSON(github.event.labels.*.name)', '[\n  "bug",\n  "Help"\n]'],
  ],
  case: [
    ["case(true, 'a', 'b')", 'a'],
    ["case(false, 'a', 'b')", 'b'],
    ["case(false, 'a', 1 == 1, 'b', 'c')", 'b'],
    ["case(false, unknown, 'fine')", 'fine'],
    ["case(true, 'a', fromJSON('broken'))", 'a'],
  ],
  'status functions': [
    ['success()', true],
    ['failure()', false],
    ['always()', true],
    ['cancelled()', false],
    ['!cancelled()', true],
    ['Success() && ALWAYS()', true],
  ],
};

for (const [name, table] of Object.entries(tables)) {
  describe(name, () => {
    test.each(table)('%s', (text, expected) => {
      expect(result(text)).toEqual(expected);
    });
  });
}

test('the tables hold more than 150 cases', () => {
  expect(Object.values(tables).flat().length).toBeGreaterThan(150);
});

describe('what fails while evaluating says why', () => {
  const failures: [string, string, string][] = [
    ['unknown', 'expressions/unknown-context', 'there is no context "unknown" here'],
    ['githib.ref', 'expressions/unknown-context', 'there is no context "githib" here'],
    ['constructor', 'expressions/unknown-context', 'there is no context "constructor" here'],
    ["fromJSON('')", 'expressions/bad-json', 'fromJSON() was given an empty text, which is not JSON'],
    ["fromJSON('{a}')", 'expressions/bad-json', "fromJSON() was given '{a}', which is not JSON"],
    ['fromJSON(list)', 'expressions/bad-json', "fromJSON() was given 'Array', which is not JSON"],
    ["format('{0')", 'expressions/bad-format', "the format '{0' has a lone brace"],
    ["format('0}')", 'expressions/bad-format', "the format '0}' has a lone brace"],
    ["format('{0}}', 1)", 'expressions/bad-format', "the format '{0}}' has a lone brace"],
    ["format('{a}', 1)", 'expressions/bad-format', "the format '{a}' has a lone brace"],
    ["format('{1}', 1)", 'expressions/bad-format', "the format '{1}' asks for argument {1}, but has 1"],
    ["case('yes', 1, 2)", 'expressions/bad-case', 'condition 1 of case() is not true or false'],
    ['case(false, 1, 0, 2, 3)', 'expressions/bad-case', 'condition 2 of case() is not true or false'],
  ];
  test.each(failures)('%s', (text, code, message) => {
    expect(() => result(text)).toThrow(expect.objectContaining({ code, message }));
  });

  test('a status function needs a place where the status is known', () => {
    const parsed = parseExpression('success()', place('success()'));
    if (!parsed.ok) throw new Error('does not parse');
    expect(() => evaluate(parsed.value, { contexts: {} })).toThrow(CodedError);
  });

  test('nested formats cannot fill the memory', () => {
    const tenfold = (inner: string) => `format('${'{0}'.repeat(10)}', ${inner})`;
    const bomb = Array.from({ length: 12 }).reduce<string>((text) => tenfold(text), "'x'");
    expect(() => result(bomb)).toThrow(expect.objectContaining({ code: 'expressions/too-large' }));
  });

  test('JSON that nests too deeply is refused', () => {
    const deep = `fromJSON('${'['.repeat(300)}${']'.repeat(300)}')`;
    expect(() => result(deep)).toThrow(expect.objectContaining({ code: 'expressions/too-deep' }));
  });
});
