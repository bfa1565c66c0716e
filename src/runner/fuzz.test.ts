import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseKeyValues } from './command-files.ts';
import { LineSplitter } from './line-splitter.ts';
import { maskForms } from './mask-forms.ts';
import { Masks } from './masks.ts';
import { parseWorkflowCommand } from './workflow-command.ts';

/** The same cases every time; another seed is worth a try by hand. */
const runs = { seed: 20261122, numRuns: 2000 };

/** Text that is mostly made of what the parsers look for. */
const noisy = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '=',
        '<<',
        '\n',
        '\r\n',
        '\r',
        '::',
        '##[',
        ']',
        '%',
        '%0A',
        '%25',
        ' ',
        ',',
        ';',
        'EOF',
        'A',
      ),
      fc.string({ unit: 'binary', maxLength: 6 }),
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(''));

describe('whatever a step writes', () => {
  test('into a command file yields values or one problem', () => {
    fc.assert(
      fc.property(noisy, (text) => {
        const { values, problem } = parseKeyValues(text);
        expect(Object.keys(values).every((name) => name !== '')).toBe(true);
        expect(problem === null || problem.startsWith('Invalid ')).toBe(true);
      }),
      runs,
    );
  });

  test('as a value between delimiters comes out as it went in', () => {
    const name = fc.stringMatching(/^[A-Za-z_]\w{0,8}$/);
    fc.assert(
      fc.property(name, noisy, (key, value) => {
        const { values, problem } = parseKeyValues(`${key}<<ghadelimiter\n${value}\nghadelimiter\n`);
        expect(problem).toBeNull();
        expect(values[key]).toBe(value);
      }),
      runs,
    );
  });

  test('as a line is a command with a known name, or output', () => {
    fc.assert(
      fc.property(noisy, (line) => {
        const command = parseWorkflowCommand(line);
        expect(command === null || /^[a-z-]+$/.test(command.name)).toBe(true);
      }),
      runs,
    );
  });

  test('in chunks cut anywhere gives the same lines', () => {
    const split = (chunks: Buffer[]) => {
      const lines: string[] = [];
      const splitter = new LineSplitter({ onLines: (some) => lines.push(...some) });
      for (const chunk of chunks) splitter.push(chunk);
      splitter.end();
      return lines;
    };
    fc.assert(
      fc.property(noisy, fc.array(fc.nat(60), { maxLength: 5 }), (text, cuts) => {
        const bytes = Buffer.from(text);
        const at = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length].sort((a, b) => a - b);
        const chunks = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
        expect(split(chunks)).toEqual(split([bytes]));
      }),
      { ...runs, numRuns: 500 },
    );
  });
});

describe('whatever the secrets are', () => {
  const secrets = fc.array(fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }), {
    minLength: 1,
    maxLength: 5,
  });

  test('no form of them is left in a text', () => {
    fc.assert(
      fc.property(secrets, noisy, fc.nat(4), (values, around, which) => {
        const masks = new Masks();
        for (const value of values) masks.add(value);
        const forms = values.flatMap((value) => [...maskForms(value)]).filter((form) => !form.includes('*'));
        const form = forms[which % Math.max(1, forms.length)] ?? '';
        const masked = masks.apply(`${around}${form}${around}`);
        for (const other of forms) expect(masked.includes(other)).toBe(false);
      }),
      { ...runs, numRuns: 500 },
    );
  });

  test('a cut never goes through one', () => {
    fc.assert(
      fc.property(secrets, noisy, fc.nat(40), (values, around, at) => {
        const masks = new Masks();
        for (const value of values) masks.add(value);
        const text = `${around}${values.join('')}${around}`;
        const cut = masks.safeCut(text, Math.min(at, text.length));
        for (const value of values.filter((one) => one.trim() !== '')) {
          for (let from = text.indexOf(value); from !== -1; from = text.indexOf(value, from + 1)) {
            expect(from < cut && from + value.length > cut).toBe(false);
          }
        }
      }),
      { ...runs, numRuns: 500 },
    );
  });
});
