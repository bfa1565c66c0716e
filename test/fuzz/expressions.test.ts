import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CodedError, type Span } from '../../src/diagnostics/index.ts';
import {
  evaluate,
  evaluateCondition,
  evaluateTemplate,
  expressionCodes,
  fromJson,
  parseCondition,
  parseExpression,
  parseTemplate,
  readJson,
  type Scope,
} from '../../src/expressions/index.ts';
import { flawsOf, settings } from './settings.ts';

const scope: Scope = {
  contexts: {
    github: fromJson({ ref: 'main', list: [1, { a: [2] }], event: { deep: { deeper: null } } }),
    env: fromJson({ A: '1' }, { caseSensitive: true }),
  },
  status: { success: () => true, failure: () => false, always: () => true, cancelled: () => false },
  hashFiles: () => '',
};

const word = fc.constantFrom(
  ...[
    'github env github.ref github.list .a .* [0] [*] [ ] ( ) ! && || == != < <= > >= , . * -1 0x1f 1e9 .5 NaN'.split(
      ' ',
    ),
    [
      "'x'",
      "''",
      "'{0}'",
      "'[1]'",
      "'",
      '"',
      'null',
      'true',
      'Infinity',
      'contains(',
      'format(',
      'join(',
      'toJSON(',
    ],
    [
      'fromJSON(',
      'case(',
      'success()',
      'hashFiles(',
      'startsWith(',
      '${{',
      '}}',
      '\n',
      '\u0085',
      '\uFEFF',
      'é',
      '__proto__',
    ],
  ].flat(),
);
const soup = fc.array(word, { maxLength: 40 }).map((words) => words.join(' '));
const text = fc.oneof({ weight: 4, arbitrary: soup }, fc.string({ maxLength: 100, unit: 'binary' }));

const placeOf = (one: string): Span => ({
  file: 'x',
  start: { line: 1, column: 1 },
  end: { line: 1, column: 1 + one.length },
});

function documented(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    expect(Object.keys(expressionCodes)).toContain(error.code.replace('expressions/', ''));
  }
}

describe('whatever an expression says', () => {
  test('it parses, or has findings inside its text', () => {
    fc.assert(
      fc.property(text, (one) => {
        const line = one.replaceAll(/[\r\n]/g, ' ');
        const at = placeOf(line);
        for (const parsed of [parseExpression(line, at), parseTemplate(line, at), parseCondition(line, at)]) {
          if (!parsed.ok) expect(flawsOf(parsed.findings, line)).toEqual([]);
        }
      }),
      settings(2_000),
    );
  });

  test('it yields a value or throws a documented code', () => {
    fc.assert(
      fc.property(text, (one) => {
        const parsed = parseExpression(one, placeOf(one));
        if (parsed.ok) documented(() => evaluate(parsed.value, scope));
        documented(() => evaluateTemplate(one, placeOf(one), scope));
        documented(() => evaluateTemplate(`\${{ ${one} }}`, placeOf(one), scope));
        documented(() => evaluateCondition(one, placeOf(one), scope));
      }),
      settings(2_000),
    );
  });

  test('its length and nesting exhaust nothing', () => {
    for (const unit of [
      '(',
      '!',
      '[',
      'github[',
      'format(',
      '-',
      "'",
      '.',
      '&&',
      '1==',
      'a.',
      'a||',
      '((a)&&',
      '{0}',
    ]) {
      const long = unit.repeat(Math.floor(20_900 / unit.length));
      documented(() => evaluateTemplate(`\${{ ${long} }}`, placeOf(long), scope));
      documented(() => evaluateTemplate(`\${{ ${long}1 }}`, placeOf(long), scope));
      documented(() => evaluateTemplate(`\${{ format('${long}') }}`, placeOf(long), scope));
    }
  });
});

describe('JSON', () => {
  test('is read as JSON.parse reads it, with the same refusals', () => {
    const pieces = fc
      .array(
        fc.constantFrom(
          ...'{ } [ ] , : "a" "b" 1 -0 1e5 01 .5 true null nul "\\u0041" "\\x" \\ " \t'.split(' '),
        ),
        {
          maxLength: 12,
        },
      )
      .map((parts) => parts.join(' '));
    fc.assert(
      fc.property(fc.oneof(pieces, fc.json(), fc.string()), (one) => {
        let expected: unknown;
        try {
          expected = JSON.parse(one);
        } catch {
          expect(() => readJson(one, { caseSensitive: true })).toThrow(SyntaxError);
          return;
        }
        expect(readJson(one, { caseSensitive: true })).toEqual(fromJson(expected, { caseSensitive: true }));
      }),
      settings(3_000),
    );
  });

  test('of any depth and length ends', () => {
    for (const open of ['[', '{"a":', '[[[{"b":[']) {
      expect(() => readJson(open.repeat(100_000))).toThrow();
    }
    const backslashes = `"${'\\\\'.repeat(500_000)}"`;
    expect(readJson(backslashes)).toBe('\\'.repeat(500_000));
    expect(() => readJson(`"${'\\"'.repeat(100_000)}`)).toThrow(SyntaxError);
  });
});
