import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseKeyValues } from '../../src/runner/command-files.ts';
import { readMatchers } from '../../src/runner/matcher-config.ts';
import { ProblemMatchers, ProblemReader } from '../../src/runner/problem-matchers.ts';
import { parseWorkflowCommand } from '../../src/runner/workflow-command.ts';
import { parseCron } from '../../src/workflow/cron.ts';
import { matchesPattern, matchesPatterns, patternProblem } from '../../src/workflow/index.ts';
import { settings } from './settings.ts';

/* What steps and authors write in small languages: whatever it is, it is read or refused, and never throws or hangs. */

const joined = (words: string[], maxLength = 25) =>
  fc
    .array(fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...words) }, fc.string({ maxLength: 4 })), {
      maxLength,
    })
    .map((parts) => parts.join(''));

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-fuzz-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('command files', () => {
  const text = joined([
    'A',
    '=',
    '<<',
    'EOF',
    '\n',
    '\r\n',
    '\r',
    ' ',
    '',
    '__proto__',
    '\u0000',
    'é',
    '{',
    '\uFEFF',
  ]);

  test('are read up to the first mistake', () => {
    fc.assert(
      fc.property(text, (one) => {
        const { values, problem } = parseKeyValues(one);
        expect(Object.getPrototypeOf(values)).toBe(null);
        expect(Object.keys(values)).not.toContain('');
        expect(problem === null || problem.length > 0).toBe(true);
      }),
      settings(3_000),
    );
  });

  test('give back what was written into them', () => {
    const name = fc.stringMatching(/^[A-Za-z_]\w{0,8}$/);
    const value = fc.string({ maxLength: 30 }).map((one) => one.replaceAll(/[\r\n]/g, '\n'));
    fc.assert(
      fc.property(fc.dictionary(name, value, { noNullPrototype: false, maxKeys: 8 }), (pairs) => {
        const lines = Object.entries(pairs).map(([key, one]) => `${key}<<EOF_7\n${one}\nEOF_7\n`);
        fc.pre(!Object.values(pairs).some((one) => one.split('\n').includes('EOF_7')));
        const { values, problem } = parseKeyValues(lines.join(''));
        expect(problem).toBe(null);
        expect({ ...values }).toEqual({ ...pairs });
      }),
      settings(1_000),
    );
  });
});

describe('workflow commands', () => {
  const line = joined(
    [
      [
        '::',
        '##[',
        ']',
        'error',
        'set-output',
        'add-mask',
        'STOP-commands',
        ' ',
        ',',
        ';',
        '=',
        'name=',
        'file=a',
      ],
      ['%0A', '%25', '%3A', '%', ':', 'endgroup', '__proto__=1', 'line=', 'é'],
    ].flat(),
  );

  test('are commands or ordinary output', () => {
    fc.assert(
      fc.property(line, fc.option(fc.string({ maxLength: 3 }), { nil: undefined }), (one, token) => {
        const command = parseWorkflowCommand(one, token);
        if (!command) return;
        expect(command.name).toBe(command.name.toLowerCase());
        expect(typeof command.data).toBe('string');
        for (const value of Object.values(command.properties)) expect(typeof value).toBe('string');
      }),
      settings(3_000),
    );
  });

  test('of 10 MB are read, too', () => {
    const long = 'x'.repeat(10_000_000);
    expect(parseWorkflowCommand(`::error file=${long}::${long}`)?.data.length).toBe(long.length);
    expect(parseWorkflowCommand('::'.repeat(1_000_000))).toBe(null);
    expect(parseWorkflowCommand('##['.repeat(1_000_000))).toBe(null);
  });

  test('carry any data through their escapes', () => {
    fc.assert(
      fc.property(fc.string(), (data) => {
        const escaped = data.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
        expect(parseWorkflowCommand(`::debug::${escaped}`)?.data).toBe(data);
      }),
      settings(500),
    );
  });
});

describe('problem matchers', () => {
  const field = fc.option(
    fc.oneof(fc.integer({ min: -1, max: 4 }), fc.double(), fc.string({ maxLength: 2 })),
    {
      nil: undefined,
    },
  );
  const regexp = joined(
    ['(', ')', '.*', '[a-z]', '+', '^', '$', '\\d', '\\', '|', '(?:', '{2}', 'x', ':', '(.+)'],
    8,
  );
  const pattern = fc.record({
    regexp,
    file: field,
    line: field,
    message: field,
    loop: fc.oneof(fc.boolean(), field),
  });
  const config = fc.record({
    problemMatcher: fc.array(
      fc.record({
        owner: fc.constantFrom('a', 'A', 'b', ''),
        severity: fc.constantFrom('error', 'warning', 'x', undefined),
        pattern: fc.array(fc.oneof(pattern, fc.constant({ regexp: '^(.*)$', message: 1 })), { maxLength: 3 }),
      }),
      { maxLength: 3 },
    ),
  });

  test('are taken or refused with a reason, and read any line', () => {
    const lines = ['', 'x:12:abc', '\u001b[31mred\u001b[0m', 'a'.repeat(300)];
    fc.assert(
      fc.property(fc.oneof({ weight: 8, arbitrary: config }, fc.jsonValue()), (json) => {
        const path = join(folder, 'matchers.json');
        writeFileSync(path, JSON.stringify(json));
        const matchers = new ProblemMatchers();
        try {
          matchers.add(readMatchers(path));
        } catch (error) {
          expect((error as Error).message).not.toBe('');
          return;
        }
        const reader = new ProblemReader(matchers, () => {});
        for (const line of lines) {
          for (const value of Object.values(reader.read(line)?.problem ?? {}))
            expect(typeof value).toBe('string');
        }
      }),
      settings(300),
    );
  });

  test('that would take forever are dropped', () => {
    const matchers = new ProblemMatchers();
    const path = join(folder, 'slow.json');
    const slow = { owner: 'slow', pattern: [{ regexp: '^(a+)+$', message: 1 }] };
    writeFileSync(path, JSON.stringify({ problemMatcher: [slow] }));
    matchers.add(readMatchers(path));
    const dropped: string[] = [];
    const reader = new ProblemReader(matchers, (owner) => dropped.push(owner));
    expect(reader.read(`${'a'.repeat(60)}!`)).toBe(null);
    expect(dropped).toEqual(['slow']);
    expect(reader.read('aaa')).toBe(null);
  });
});

describe('patterns and schedules', () => {
  const glob = joined([
    '*',
    '**',
    '?',
    '+',
    '[',
    ']',
    '[a-z]',
    '[!a]',
    '!',
    '\\',
    '/',
    'a',
    '.',
    '-',
    'é',
    '{',
    '}',
    '(',
  ]);

  test('patterns match or not, in time that grows with their length only', () => {
    fc.assert(
      fc.property(glob, fc.string({ maxLength: 20 }), (one, text) => {
        expect(typeof matchesPattern(one, text)).toBe('boolean');
        expect(typeof matchesPatterns([one, `!${one}`], text)).toBe('boolean');
        expect(['string', 'undefined']).toContain(typeof patternProblem(one));
      }),
      settings(3_000),
    );
    expect(matchesPattern(`${'a*'.repeat(200)}b`, 'a'.repeat(2_000))).toBe(false);
    expect(matchesPattern(`${'**/'.repeat(200)}b`, 'a/'.repeat(1_000))).toBe(false);
    expect(matchesPattern('a?'.repeat(300) + 'a+'.repeat(300), 'a'.repeat(600))).toBe(true);
  });

  test('a pattern of plain characters matches itself alone', () => {
    const plain = fc.stringMatching(/^[\w/.-]{1,20}$/);
    fc.assert(
      fc.property(plain, plain, (one, other) => {
        expect(matchesPattern(one, other)).toBe(one === other);
      }),
      settings(500),
    );
  });

  test('schedules are read or refused with a reason', () => {
    const cron = joined([
      '*',
      '/',
      '-',
      ',',
      ' ',
      '5',
      '59',
      '60',
      'MON',
      'jan',
      '0',
      '?',
      '@daily',
      '99999999999',
    ]);
    fc.assert(
      fc.property(cron, (one) => {
        const parsed = parseCron(one);
        if (!parsed.ok) expect(parsed.problem).not.toBe('');
      }),
      settings(3_000),
    );
  });
});
