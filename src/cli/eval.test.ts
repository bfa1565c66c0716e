import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runInWorld } from './testing/world.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-eval-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

const evaluated = (...words: string[]) => runInWorld(['eval', ...words], folder);

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return name;
}

async function answers(lines: string, ...words: string[]): Promise<string[]> {
  const stdin = Readable.from([Buffer.from(lines)]) as NodeJS.ReadStream;
  const { out, err, code } = await runInWorld(['eval', '--stdin', ...words], folder, { stdin });
  expect({ err, code }).toEqual({ err: '', code: 0 });
  return out.split('\n').slice(0, -1);
}

describe('one expression', () => {
  test.each([
    ["'plain text'", 'plain text'],
    ['${{ 1 + 0 }}'.replace(' + 0', ''), '1'],
    ['  ${{ true }} ', 'true'],
    ["v${{ 1 }}.${{ 'x' }}", 'v1.x'],
    ['null', 'null'],
    ['NaN', 'NaN'],
    ["fromJSON('[1]')", '[\n  1\n]'],
    ['github.ref', 'null'],
    ['success() && !failure() && !cancelled() && always()', 'true'],
  ])('%s', async (text, expected) => {
    expect(await evaluated(text)).toEqual({ code: 0, out: `${expected}\n`, err: '' });
  });

  test('with --json, text is JSON, too', async () => {
    expect((await evaluated("'a'", '--json')).out).toBe('"a"\n');
    expect((await evaluated('Infinity', '--json')).out).toBe('"Infinity"\n');
    expect((await evaluated('fromJSON(\'{"b":[1],"1":null}\')', '--json')).out).toBe('{"b":[1],"1":null}\n');
  });

  test('contexts come from JSON or YAML; env alone minds its case; job.status rules the status functions', async () => {
    const json = write('c.json', '{"github": {"Ref": "main"}, "env": {"Path": "a", "PATH": "b"}}');
    expect((await evaluated("format('{0}{1}', github.REF, env.Path)", '--context', json)).out).toBe(
      'maina\n',
    );
    const yaml = write('c.yml', 'job: { status: failure }\nmine:\n  10: ten\n  9: nine\n');
    expect((await evaluated('failure() && toJSON(MINE)', '--context', yaml)).out).toBe(
      '{\n  "10": "ten",\n  "9": "nine"\n}\n',
    );
  });

  test('hashFiles looks at the files here', async () => {
    write('a.lock', 'x');
    expect((await evaluated("hashFiles('*.lock')")).out).toMatch(/^[0-9a-f]{64}\n$/);
    expect((await evaluated("hashFiles('*.none')")).out).toBe('\n');
  });
});

describe('mistakes are marked in the expression', () => {
  const cases: [string, string][] = [
    [
      'github.ref = 1',
      `error[expressions/syntax]: "=" has no meaning in an expression
 --> expression:1:12
  |
1 | github.ref = 1
  |            ^
  = signs of the language: . [ ] ( ) , * ! < <= > >= == != && ||
  = help: compare with ==
`,
    ],
    [
      'v${{ foo(1) }} and ${{ 1',
      `error[expressions/unknown-function]: there is no function foo()
 --> expression:1:6
  |
1 | v\${{ foo(1) }} and \${{ 1
  |      ^^^
  = functions: contains, startsWith, endsWith, format, join, toJSON, fromJSON, hashFiles, case, success, failure, always, cancelled

error[expressions/not-closed]: "\${{" is never closed
 --> expression:1:20
  |
1 | v\${{ foo(1) }} and \${{ 1
  |                    ^^^
  = help: close it with }}
`,
    ],
    [
      'nobody.knows',
      `error[expressions/unknown-context]: there is no context "nobody" here
 --> expression:1:1
  |
1 | nobody.knows
  | ^^^^^^^^^^^^
  = contexts here: github, env, vars, job, jobs, steps, runner, secrets, strategy, matrix, needs, inputs
`,
    ],
  ];
  test.each(cases)('%s', async (text, err) => {
    expect(await evaluated(text)).toEqual({ code: 2, out: '', err });
  });

  test('no expression, one too many, and files that hold no contexts', async () => {
    expect((await evaluated()).err).toContain('error[cli/missing-argument]: no expression is given\n');
    expect((await evaluated('1', '--stdin')).err).toBe(
      'error[cli/conflicting-option]: an expression cannot stand beside --stdin\n  = help: leave one of them out\n',
    );
    expect((await evaluated('1', '--context', 'none.json')).err).toContain('none.json cannot be read');
    const broken = write('b.yml', 'github: {\n');
    expect((await evaluated('1', '--context', broken)).err).toContain('error[cli/bad-context-file]: ');
    const list = write('l.json', '[1]');
    expect((await evaluated('1', '--context', list)).err).toBe(
      `error[cli/bad-context-file]: the file is not an object of contexts
 --> l.json:1:1
  |
1 | [1]
  | ^
  = help: write JSON or YAML with a member for each context, such as {"github": {"ref": "refs/heads/main"}}
`,
    );
  });
});

describe('a batch', () => {
  test('answers each line, and stops at none', async () => {
    const lines = [
      '{"expr": "github.ref", "contexts": {"github": {"REF": "main"}}}',
      '{"expr": "github.ref"}',
      '{"expr": "github.ref", "contexts": null}',
      '{"expr": "Foo.bar[1]", "contexts": {"foo": {"Bar": [1, {"b": 1, "1": 2}]}}}',
      '{"expr": "env.a", "contexts": {"env": {"A": 1}}}',
      '{"expr": "${{ 1 }}"}',
      '{"expr": "a ${{ 1 }} ${{ null }}b"}',
      '{"expr": "NaN"}',
      '{"expr": "fromJSON(toJSON(x)).*", "contexts": {"x": [-0.5, 1e21]}}',
      'not JSON',
      '[]',
      '',
      '{"contexts": {}}',
      '{"expr": 1}',
      '{"expr": "1", "contexts": []}',
      '{"expr": "1 ="}',
      '{"expr": "fromJSON(\'\')"}',
      '{"expr": "failure()", "contexts": {"job": {"status": "failure"}}}',
      '{"expr": "__proto__.x", "contexts": {"__proto__": {"x": 7}}}',
      '{"expr": "\'last\'"}',
    ];
    expect(await answers(lines.join('\n'))).toEqual([
      '{"value":"main"}',
      '{"value":null}',
      '{"value":null}',
      '{"value":{"b":1,"1":2}}',
      '{"value":null}',
      '{"value":1}',
      '{"value":"a 1 b"}',
      '{"value":"NaN"}',
      '{"value":[-0.5,1e+21]}',
      '{"error":"this line is not JSON"}',
      '{"error":"this line is not a JSON object"}',
      '{"error":"this line has no text under \\"expr\\""}',
      '{"error":"this line has no text under \\"expr\\""}',
      '{"error":"\\"contexts\\" is not an object"}',
      '{"error":"\\"=\\" has no meaning in an expression (column 3); compare with =="}',
      '{"error":"fromJSON() was given an empty text, which is not JSON; look at the step or job whose output this is: it may not have run, or has printed something else"}',
      '{"value":true}',
      '{"value":7}',
      '{"value":"last"}',
    ]);
  });

  test('contexts of the file stand behind those of the line', async () => {
    const file = write('c.yml', 'github: { ref: main }\nvars: { a: 1 }\n');
    const lines = '{"expr":"vars.a"}\n{"expr":"vars.a","contexts":{"VARS":{"a":2}}}\n';
    expect(await answers(lines, '--context', file)).toEqual(['{"value":1}', '{"value":2}']);
  });

  test('a line and a character may come in pieces', async () => {
    const bytes = Buffer.from('{"expr":"\'é☃\'"}\n{"expr":"2"}');
    const stdin = Readable.from([...bytes].map((byte) => Buffer.from([byte]))) as NodeJS.ReadStream;
    const { out } = await runInWorld(['eval', '--stdin'], folder, { stdin });
    expect(out).toBe('{"value":"é☃"}\n{"value":2}\n');
  });

  test('a hundred thousand lines are answered in order', async () => {
    const count = 100_000;
    const lines = Array.from({ length: count }, (_, n) => `{"expr":"a.n","contexts":{"a":{"n":${n}}}}`);
    const found = await answers(lines.join('\n'));
    expect(found.length).toBe(count);
    expect(found.every((line, n) => line === `{"value":${n}}`)).toBe(true);
  });
});
