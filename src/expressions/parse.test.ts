import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CodedError, renderFindings, type Span } from '../diagnostics/index.ts';
import {
  checkNames,
  evaluate,
  evaluateCondition,
  evaluateTemplate,
  evaluateTemplateToString,
  fromJson,
  namesUsed,
  parseExpression,
  parseTemplate,
  type Scope,
} from './index.ts';

const place = (text: string): Span => ({
  file: 'ci.yml',
  start: { line: 3, column: 10 },
  end: { line: 3, column: 10 + text.length },
});

/** First finding as `column message | help`. */
function complaint(text: string): string {
  const parsed = parseExpression(text, place(text));
  if (parsed.ok) return 'parses';
  return parsed.findings
    .map((f) => `${(f.at?.start.column ?? 0) - 9} ${f.message}${f.help ? ` | ${f.help}` : ''}`)
    .join('; ');
}

describe('bad syntax is refused with its column and a way out', () => {
  const mistakes: [string, string][] = [
    ['', '1 the expression is empty | write what to insert, such as ${{ github.sha }}'],
    [
      '1 +',
      '3 "+" is not a number | expressions have no arithmetic; compute it in a `run:` step and pass it on as an output',
    ],
    ['"text"', `1 """ has no meaning in an expression | text takes single quotes: 'text'`],
    [
      "'open",
      "1 this text has no closing quote | close it with ', and write a quote inside it twice: 'it''s'",
    ],
    ['a = b', '3 "=" has no meaning in an expression | compare with =='],
    ['a & b', '3 "&" has no meaning in an expression | write && for "and"'],
    ['a | b', '3 "|" has no meaning in an expression | write || for "or"'],
    [
      'a / b',
      '3 "/" has no meaning in an expression | expressions have no arithmetic; compute it in a `run:` step and pass it on as an output',
    ],
    [
      '${{ a }}',
      '1 "$" has no meaning in an expression | leave out the inner `${{ }}`: everything here is an expression already',
    ],
    ['a.b@c', '4 "@" has no meaning in an expression'],
    ['1.2.3', '1 "1.2.3" is not a number | write a number such as 3, -1.5, 1e3 or 0xff'],
    ['0x', '1 "0x" is not a number | write a number such as 3, -1.5, 1e3 or 0xff'],
    ['a b', '3 "b" stands where the end of the expression, or an operator should be'],
    ['a.1', '3 1 stands where a property name or * after the dot should be'],
    ['a.', '3 the expression ends where a property name or * after the dot should be'],
    ['(a', '3 the expression ends where ")" should be'],
    ['a)', '2 ")" stands where the end of the expression, or an operator should be'],
    ['a[1', '4 the expression ends where "]" should be'],
    ['a &&', '5 the expression ends where a value should be'],
    ['== 1', '1 "==" stands where a value should be'],
    ["'a'.b", '4 text and numbers have no properties'],
    ['contains(a,)', '12 ")" stands where a value should be'],
    ['contians(a, b)', '1 there is no function contians() | did you mean contains()?'],
    ['hashfile(a)', '1 there is no function hashfile() | did you mean hashFiles()?'],
    ['nothing(a)', '1 there is no function nothing()'],
    ['contains(a)', `1 contains() takes 2 arguments, and here are 1 | write contains(search, item)`],
    ['always(1)', `1 always() takes 0 arguments, and here are 1 | write always()`],
    ['join()', `1 join() takes 1 to 2 arguments, and here are 0 | write join(list, ', ')`],
    [
      'case(a, 1, b, 2)',
      `1 case() takes pairs of a condition and a value, then one default, and here are 4 | write case(condition, value, otherwise)`,
    ],
    ['foo(1) && bar()', '1 there is no function foo(); 11 there is no function bar()'],
    ['!'.repeat(60) + 'a', '52 the expression nests deeper than 50 levels'],
  ];
  test.each(mistakes)('%s', (text, expected) => {
    expect(complaint(text)).toBe(expected);
  });

  test('parentheses are no levels, and a chain of dots is as deep as it is long', () => {
    expect(complaint(`${'('.repeat(150)}a${')'.repeat(150)}`)).toBe('parses');
    expect(complaint(`${'('.repeat(300)}a${')'.repeat(300)}`)).toMatch('deeper than 50 levels');
    expect(complaint(`a${'.b'.repeat(49)}`)).toBe('parses');
    expect(complaint(`a${'.b'.repeat(50)}`)).toMatch('deeper than 50 levels');
    expect(complaint(`${'!'.repeat(49)}a`)).toBe('parses');
    expect(complaint(`${'!'.repeat(50)}a`)).toMatch('deeper than 50 levels');
    expect(complaint(`a${' == 1'.repeat(9000)}`)).toMatch('longer than 21000');
    expect(complaint(`a${' == 1'.repeat(4000)}`)).toMatch('deeper than 50 levels');
  });

  test('an expression longer than GitHub takes is refused', () => {
    expect(complaint(`'${'x'.repeat(21_000)}'`)).toMatch('longer than 21000 characters');
  });

  test('a long chain of || is no deep nesting', () => {
    expect(complaint(Array.from({ length: 200 }, () => 'a').join(' || '))).toBe('parses');
  });
});

describe('names', () => {
  const used = (text: string) => {
    const parsed = parseExpression(text, place(text));
    if (!parsed.ok) throw new Error('does not parse');
    return parsed.value;
  };

  test('contexts, functions and paths are found wherever they stand', () => {
    const names = namesUsed(
      used("format('{0}', github.ref) == steps['a'].outputs[env.KEY] && !needs.*.result"),
    );
    expect(names.contexts.map(({ name }) => name)).toEqual(['github', 'steps', 'env', 'needs']);
    expect(names.functions.map(({ name }) => name)).toEqual(['format']);
    expect(names.references.map(({ context, path }) => [context, path])).toEqual([
      ['github', ['ref']],
      ['steps', ['a', 'outputs', null]],
      ['env', ['KEY']],
      ['needs', [null, 'result']],
    ]);
  });

  test('a context or function that its place lacks is refused, with what there is', () => {
    const findings = checkNames(used("secret.KEY || hashFiles('x') || success()"), {
      contexts: ['github', 'secrets'],
      functions: [],
      place: 'here',
    });
    expect(renderFindings(findings))
      .toBe(`error[expressions/unknown-context]: there is no context "secret" in here
 --> ci.yml:3:10
  = contexts here: github, secrets
  = help: did you mean "secrets"?

error[expressions/unavailable-function]: hashFiles() cannot be called in here
 --> ci.yml:3:24
  = help: use it in the steps of a job, where files exist

error[expressions/unavailable-function]: success() cannot be called in here
 --> ci.yml:3:42
  = help: use it in an \`if\``);
  });
});

const scope = (status: 'success' | 'failure' | 'cancelled' = 'success'): Scope => ({
  contexts: { github: fromJson({ ref: 'main', flag: true, count: 3 }) },
  status: {
    success: () => status === 'success',
    failure: () => status === 'failure',
    always: () => true,
    cancelled: () => status === 'cancelled',
  },
});

test("success and failure take names of jobs in a job's `if` alone", () => {
  const text = "success('build') && failure('a', 'b') || always()";
  const parsed = parseExpression(text, place(text));
  if (!parsed.ok) throw new Error('does not parse');
  const functions = ['success', 'failure', 'always'] as const;
  const at = (statusOfJobs: boolean) =>
    checkNames(parsed.value, { contexts: [], functions, place: 'here', statusOfJobs }).map(
      ({ message }) => message,
    );
  expect(at(true)).toEqual([]);
  expect(at(false)).toEqual([
    'success() takes no arguments in here, and here are 1',
    'failure() takes no arguments in here, and here are 2',
  ]);
  const asked: (readonly string[] | undefined)[] = [];
  const status = { success: (jobs?: readonly string[]) => asked.push(jobs) > 0, always: () => true };
  evaluate(parsed.value, {
    contexts: {},
    status: {
      ...status,
      failure: (jobs?: readonly string[]) => asked.push(jobs) === 0,
      cancelled: () => false,
    },
  });
  expect(asked).toEqual([['build'], ['a', 'b']]);
});

describe('templates', () => {
  test.each([
    ['plain', 'plain'],
    ['', ''],
    ['${{ github.count }}', 3],
    ['${{ github.flag }}', true],
    [' ${{ github.count }}', ' 3'],
    ['a ${{ github.ref }} b ${{ github.count }}', 'a main b 3'],
    ["${{ '}}' }}", '}}'],
    ["x${{ 'it''s' }}y", "xit'sy"],
    ['${{ github.missing }}', null],
    ['a${{ github.missing }}b', 'ab'],
    ['$ {{ }}', '$ {{ }}'],
    ['${{ github }}-', 'Object-'],
  ])('%s', (text, expected) => {
    expect(evaluateTemplate(text, place(text), scope())).toEqual(expected);
  });

  test('as text, a lone expression loses its type', () => {
    expect(evaluateTemplateToString('${{ github.flag }}', place(''), scope())).toBe('true');
    expect(evaluateTemplateToString('${{ null }}', place(''), scope())).toBe('');
  });

  test('every mistake of every expression is collected', () => {
    const text = '${{ a = }} and ${{ foo() }} and ${{ open';
    const parsed = parseTemplate(text, place(text));
    expect(parsed.ok ? [] : parsed.findings.map(({ code, at }) => [code, at?.start.column])).toEqual([
      ['expressions/syntax', 16],
      ['expressions/unknown-function', 29],
      ['expressions/not-closed', 42],
    ]);
  });

  test('a template that does not parse throws its first finding with its place', () => {
    expect(() => evaluateTemplate('${{ 1 = 2 }}', place('${{ 1 = 2 }}'), scope())).toThrow(
      'ci.yml:3:16: "="',
    );
  });
});

describe('conditions', () => {
  const truths: [string, 'success' | 'failure' | 'cancelled', boolean][] = [
    ['', 'success', true],
    ['', 'failure', false],
    ['true', 'success', true],
    ['true', 'failure', false],
    ['false', 'success', false],
    ["github.ref == 'main'", 'success', true],
    ["${{ github.ref == 'main' }}", 'success', true],
    ["  ${{ github.ref == 'main' }}\n", 'failure', false],
    ['always()', 'failure', true],
    ['${{ always() }}', 'cancelled', true],
    ['failure()', 'failure', true],
    ['failure()', 'success', false],
    ["failure() && github.ref == 'x'", 'failure', false],
    ['!cancelled()', 'failure', true],
    ['!cancelled()', 'cancelled', false],
    ['cancelled() || failure()', 'failure', true],
    ['github.missing', 'success', false],
    ["'text'", 'success', true],
    ["contains('always()', 'x')", 'failure', false],
  ];
  test.each(truths)('"%s" after %s is %s', (text, status, expected) => {
    expect(evaluateCondition(text, place(text), scope(status))).toBe(expected);
  });

  test('text beside ${{ }} is refused, since GitHub would always find it true', () => {
    expect(() => evaluateCondition("${{ github.ref }} == 'x'", place(''), scope())).toThrow('always true');
  });
});

describe('fuzz', () => {
  const words = fc.constantFrom(
    ..."a github ref * . [ ] ( ) ! && || == != < <= > >= , 'x' '' 1 -1 0x1 true null NaN format( fromJSON( contains( success( ' \" $ }} ${{ é \n".split(
      ' ',
    ),
  );
  const soup = fc.array(words, { maxLength: 30 }).map((list) => list.join(' '));
  const documented = /^expressions\//;

  test('parsing never throws, and every finding lies inside the text', () => {
    fc.assert(
      fc.property(fc.oneof(soup, fc.string({ maxLength: 80 })), (text) => {
        const parsed = parseExpression(text, place(text));
        if (parsed.ok) return true;
        return (
          parsed.findings.length > 0 &&
          parsed.findings.every(({ at }) => at && at.start.column >= 10 && at.end.column <= 11 + text.length)
        );
      }),
      { numRuns: 3000 },
    );
  });

  test('evaluating what parses throws nothing but documented codes', () => {
    fc.assert(
      fc.property(soup, (text) => {
        const parsed = parseExpression(text, place(text));
        if (!parsed.ok) return;
        try {
          evaluate(parsed.value, scope());
        } catch (error) {
          if (!(error instanceof CodedError) || !documented.test(error.code)) throw error;
        }
      }),
      { numRuns: 3000 },
    );
  });

  test('any JSON comes back from toJSON and fromJSON as it was', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null))), (list) => {
        const value = evaluateTemplate('${{ fromJSON(toJSON(github.list)) }}', place(''), {
          contexts: { github: fromJson({ list }) },
        });
        expect(value).toEqual(list);
      }),
    );
  });

  test('any text survives as a quoted literal', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const quoted = `\${{ '${text.replaceAll("'", "''")}' }}`;
        expect(evaluateTemplate(quoted, place(''), scope())).toBe(text);
      }),
    );
  });
});
