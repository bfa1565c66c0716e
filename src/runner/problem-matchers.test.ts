import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { annotationPlace, fileInRepository, fileInWorkspace } from './annotations.ts';
import { readMatchers } from './matcher-config.ts';
import { ProblemMatchers, ProblemReader } from './problem-matchers.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-matchers-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function matchersOf(...matchers: object[]): ProblemMatchers {
  const path = join(folder, 'matchers.json');
  writeFileSync(path, JSON.stringify({ problemMatcher: matchers }));
  const all = new ProblemMatchers();
  all.add(readMatchers(path));
  return all;
}

function read(matchers: ProblemMatchers, lines: string[], options = { ahead: true }) {
  const dropped: string[] = [];
  const reader = new ProblemReader(matchers, (owner) => dropped.push(owner));
  if (options.ahead) reader.expect(lines);
  const found = lines.flatMap((line) => reader.read(line)?.problem ?? []);
  return { found, dropped };
}

const compiler = {
  owner: 'tsc',
  pattern: [
    {
      regexp: String.raw`^(.+)\((\d+),(\d+)\): (error|warning) (TS\d+): (.*)$`,
      file: 1,
      line: 2,
      column: 3,
      severity: 4,
      code: 5,
      message: 6,
    },
  ],
};
const linter = {
  owner: 'eslint-stylish',
  pattern: [
    { regexp: String.raw`^([^\s].*)$`, file: 1 },
    {
      regexp: String.raw`^\s+(\d+):(\d+)\s+(error|warning)\s+(.*)\s\s+(.*)$`,
      line: 1,
      column: 2,
      severity: 3,
      message: 4,
      code: 5,
      loop: true,
    },
  ],
};

describe.each([{ ahead: true }, { ahead: false }])('problem matchers, looking ahead: $ahead', (options) => {
  test('read one line, colours left out', () => {
    const lines = ['\u001B[31msrc/a.ts(3,7): error TS2304: Cannot find name\u001B[0m', 'other'];
    expect(read(matchersOf(compiler), lines, options).found).toEqual([
      {
        file: 'src/a.ts',
        line: '3',
        column: '7',
        severity: 'error',
        code: 'TS2304',
        message: 'Cannot find name',
      },
    ]);
  });

  test('read several lines, the last of them again and again', () => {
    const lines = [
      '/w/a.js',
      '  1:2  error  one  rule-a',
      '  3:4  warning  two  rule-b',
      '',
      '  5:6  error  lost  x',
    ];
    expect(read(matchersOf(linter), lines, options).found.map(({ file, line }) => [file, line])).toEqual([
      ['/w/a.js', '1'],
      ['/w/a.js', '3'],
    ]);
  });

  test('the newest is asked first, and one of the same owner takes the place of the old', () => {
    const say = (owner: string, regexp: string) => ({ owner, pattern: [{ regexp, message: 0 }] });
    const matchers = matchersOf(say('a', 'x.*'), say('b', '.*y'));
    expect(read(matchers, ['1xyz'], options).found).toEqual([{ message: '1xy' }]);
    matchers.remove('B');
    expect(read(matchers, ['1xyz'], options).found).toEqual([{ message: 'xyz' }]);
  });

  test('one that never ends on a line is dropped, and the others go on', () => {
    const endless = { owner: 'endless', pattern: [{ regexp: '^(a+)+$', message: 0 }] };
    const lines = [`${'a'.repeat(40)}b`, 'src/a.ts(3,7): error TS1: m'];
    const { found, dropped } = read(matchersOf(endless, compiler), lines, options);
    expect(dropped).toEqual(['endless']);
    expect(found).toHaveLength(1);
  });
});

describe('a matcher file', () => {
  const pattern = [{ regexp: '(a)', message: 1 }];
  test.each([
    [[{ pattern }], 'a matcher has no owner'],
    [[{ owner: 'x', pattern: [] }], "matcher 'x' has no patterns"],
    [[{ owner: 'x', severity: 'bad', pattern }], 'not error, warning or notice'],
    [[{ owner: 'x', pattern: [{ regexp: 'a', message: 1 }] }], "'message' is not the number of a group"],
    [[{ owner: 'x', pattern: [{ regexp: '(a)', line: 1 }] }], "no pattern that sets 'message'"],
    [[{ owner: 'x', pattern: [...pattern, ...pattern] }], "sets 'message' twice"],
    [[{ owner: 'x', pattern: [{ ...pattern[0], loop: true }] }], "may set 'loop'"],
    [
      [
        { owner: 'x', pattern },
        { owner: 'X', pattern },
      ],
      "the owner 'X' stands twice",
    ],
    [[{ owner: 'x', pattern: [{ regexp: '(', message: 0 }] }], 'Invalid regular expression'],
  ])('is refused: %#', (matchers, message) => {
    expect(() => matchersOf(...matchers)).toThrow(message);
  });
});

describe('the place of an annotation', () => {
  test.each([
    [{}, {}],
    [{ line: '3' }, { line: 3 }],
    [{ endLine: '3' }, { line: 3, endLine: 3 }],
    [
      { line: '3', col: '4', endColumn: '9' },
      { line: 3, column: 4, endColumn: 9 },
    ],
    [
      { line: '3', endColumn: '9' },
      { line: 3, column: 9, endColumn: 9 },
    ],
    [
      { line: '3', endLine: '5', col: '4' },
      { line: 3, endLine: 5 },
    ],
    [{ line: '5', endLine: '3' }, { line: 5 }],
    [
      { line: '3', col: '9', endColumn: '4' },
      { line: 3, column: 9 },
    ],
    [{ col: '4' }, {}],
    [{ line: 'x', col: '-1' }, {}],
  ])('%j is %j', (properties, place) => {
    expect(annotationPlace(properties)).toEqual(place);
  });

  test('is a file relative to its repository, or none', () => {
    mkdirSync(join(folder, 'work/inner/.git'), { recursive: true });
    mkdirSync(join(folder, 'work/src'));
    for (const file of ['outside.ts', 'work/a.ts', 'work/src/b.ts', 'work/inner/c.ts'])
      writeFileSync(join(folder, file), '');
    const work = join(folder, 'work');
    const of = (file: string, fromPath?: string) => fileInRepository(file, fromPath, work);
    expect(of('a.ts')).toBe('a.ts');
    expect(of(join(work, 'src/b.ts'))).toBe('src/b.ts');
    expect(of('b.ts', 'src/project.json')).toBe('src/b.ts');
    expect(of('inner/c.ts')).toBe('c.ts');
    expect(of('../outside.ts')).toBeNull();
    expect(of('missing.ts')).toBeNull();
    expect(fileInWorkspace(join(work, 'src/b.ts'), work)).toBe('src/b.ts');
    expect(fileInWorkspace('/elsewhere/x', work)).toBe('/elsewhere/x');
  });
});
