import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { Result } from '../../src/diagnostics/index.ts';
import { parseAction, parseWorkflow } from '../../src/workflow/index.ts';
import { actionText, workflowText } from './seeds.ts';
import { flawsOf, settings } from './settings.ts';

const word = fc.constantFrom(
  ...[
    'name on jobs steps run uses with env needs if strategy matrix include exclude fail-fast runs-on push'.split(
      ' ',
    ),
    'pull_request workflow_call workflow_dispatch schedule cron inputs outputs secrets type required default'.split(
      ' ',
    ),
    'branches tags paths permissions concurrency group defaults shell container services image ports build'.split(
      ' ',
    ),
    'runs using main pre post composite node20 description id background parallel wait options choice value'.split(
      ' ',
    ),
    [
      'ubuntu-latest',
      '${{ github.ref }}',
      '${{ matrix.',
      '}}',
      '<<',
      '',
      '*',
      'null',
      '~',
      '0x1F',
      '1e3',
      '__proto__',
    ],
    [
      'constructor',
      '${{ insert }}',
      '${{ fromJSON(',
      '* * * * *',
      './a',
      'actions/checkout@v4',
      'true',
      '[',
      '{',
      '!x',
    ],
  ].flat(),
);

const tree = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 5, depthSize: 'small', withCrossShrink: true },
    fc.oneof(word, fc.string({ maxLength: 12 }), fc.integer(), fc.double(), fc.boolean(), fc.constant(null)),
    fc.dictionary(
      fc.oneof({ weight: 9, arbitrary: word }, { weight: 1, arbitrary: fc.string() }),
      tie('node'),
      {
        maxKeys: 6,
      },
    ),
    fc.array(tie('node'), { maxLength: 4 }),
  ),
})).node;

/** A text with a few places changed: cut, doubled, overwritten by a word, or moved. */
function mutated(seed: string): fc.Arbitrary<string> {
  const change = fc.record({
    kind: fc.constantFrom('cut', 'double', 'insert', 'line', 'indent'),
    at: fc.nat(seed.length),
    length: fc.nat(40),
    by: fc.oneof(
      word,
      fc.string({ maxLength: 6 }),
      fc.constantFrom('\n', '\t', ': ', '- ', '&a ', '*a', '|', '"', "'", '#'),
    ),
  });
  return fc.array(change, { minLength: 1, maxLength: 6 }).map((changes) =>
    changes.reduce((text, { kind, at, length, by }) => {
      const end = Math.min(text.length, at + length);
      const [head, middle, tail] = [text.slice(0, at), text.slice(at, end), text.slice(end)];
      if (kind === 'cut') return head + tail;
      if (kind === 'double') return head + middle + middle + tail;
      if (kind === 'insert') return head + by + middle + tail;
      if (kind === 'line') return `${head}\n${by}: ${middle}${tail}`;
      return `${head}${middle.replaceAll('\n', '\n  ')}${tail}`;
    }, seed),
  );
}

const parsers: [string, string, (text: string, file: string) => Result<unknown>][] = [
  ['parseWorkflow', workflowText, parseWorkflow],
  ['parseAction', actionText, parseAction],
];

for (const [name, seed, parse] of parsers) {
  const sound = (text: string) => {
    const parsed = parse(text, 'fuzz.yml');
    if (parsed.ok) {
      expect(flawsOf(parsed.warnings, text)).toEqual([]);
      // It travels to a job worker as JSON.
      expect(() => JSON.stringify(parsed.value)).not.toThrow();
      return;
    }
    expect(parsed.findings.length).toBeGreaterThan(0);
    expect(flawsOf(parsed.findings, text)).toEqual([]);
  };
  const check = (texts: fc.Arbitrary<string>, runs: number) =>
    fc.assert(fc.property(texts, sound), settings(runs));

  describe(`${name} gives a value or findings inside the text, and never throws`, () => {
    test('for its seed, without a mistake', () => {
      const parsed = parse(seed, 'fuzz.yml');
      expect(parsed.ok ? [] : parsed.findings.map(({ message }) => message)).toEqual([]);
    });

    test('for any text', () => check(fc.string({ maxLength: 200, unit: 'grapheme' }), 500));

    test('for YAML of any shape', () =>
      check(
        tree.map((value) => stringify(value) ?? ''),
        700,
      ));

    test('for trees with the right top', () => {
      const top = fc.record({
        name: tree,
        on: tree,
        jobs: tree,
        env: tree,
        runs: tree,
        inputs: tree,
        outputs: tree,
      });
      check(
        top.map((value) => stringify(value)),
        500,
      );
    });

    test('for jobs and steps of any shape', () => {
      const jobs = fc.dictionary(
        word,
        fc.record({ 'runs-on': word, needs: tree, strategy: tree, steps: fc.array(tree, { maxLength: 3 }) }),
      );
      check(
        jobs.map((value) => stringify({ on: 'push', jobs: value })),
        500,
      );
    });

    test('for mutations of a whole file', () => check(mutated(seed), 700));

    test('for every beginning of a whole file', () => {
      for (let end = 0; end < seed.length; end += 3) sound(seed.slice(0, end));
    });

    test('for nesting that would exhaust a stack', () => {
      for (const depth of [50, 500, 5_000]) {
        sound(`on: push\njobs: ${'{a: '.repeat(depth)}1${'}'.repeat(depth)}`);
        sound(`${'['.repeat(depth)}${']'.repeat(depth)}`);
        sound(Array.from({ length: Math.min(depth, 500) }, (_, n) => `${' '.repeat(n)}a:`).join('\n'));
        sound(`on: push\nname: \${{ ${'('.repeat(depth)}1${')'.repeat(depth)} }}`);
      }
    });

    test('for aliases that would grow beyond the memory', () => {
      const levels = Array.from({ length: 12 }, (_, n) => {
        const item = n === 0 ? 'x' : `*a${n - 1}`;
        return `a${n}: &a${n} [${Array.from({ length: 10 }, () => item).join(', ')}]`;
      });
      sound(`${levels.join('\n')}\non: push\njobs: *a11\n`);
      sound('on: &a push\njobs: &b\n  x: *b\n');
      sound('a: &a\n  <<: *a\n');
      sound('on: *nothing\n');
    });

    test('for huge keys, values and lists', () => {
      const huge = 'k'.repeat(200_000);
      sound(`${huge}: 1`);
      sound(`? ${huge}\n: 1\n${huge}: 2`);
      sound(`on: push\njobs:\n  ${huge}:\n    runs-on: ${huge}\n    steps: [{run: "${huge}"}]`);
      sound(`on: push\nname: \${{ '${huge}' }}`);
      sound(`on: [${Array.from({ length: 5_000 }, () => 'push').join(', ')}]\n`);
    });
  });
}
