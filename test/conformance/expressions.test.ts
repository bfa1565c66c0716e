import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Span } from '../../src/diagnostics/index.ts';
import {
  evaluate,
  ignoringCase,
  ObjectValue,
  parseExpression,
  printJson,
  readJson,
  type Scope,
} from '../../src/expressions/index.ts';

const folder = join(import.meta.dirname, 'expressions');
const read = (file: string) => readFileSync(join(folder, file), 'utf8');

const given = readJson(read('contexts.json'), { caseSensitive: true });
if (!(given instanceof ObjectValue)) throw new Error('contexts.json is no object');

const scope: Scope = {
  contexts: Object.fromEntries(
    given.entries().map(([name, value]) => [name, name === 'env' ? value : ignoringCase(value)]),
  ),
  status: { success: () => true, failure: () => false, always: () => true, cancelled: () => false },
  hashFiles: (patterns) => `hash of ${patterns.join(' ')}`,
};

/** The result as JSON in one form, or `!!` and the code of the mistake. */
function resultOf(text: string): string {
  const at: Span = {
    file: 'vector',
    start: { line: 1, column: 1 },
    end: { line: 1, column: 1 + text.length },
  };
  const parsed = parseExpression(text, at);
  if (!parsed.ok) return `!! ${parsed.findings[0]?.code}`;
  try {
    return printJson(evaluate(parsed.value, scope));
  } catch (error) {
    return `!! ${(error as { code: string }).code}`;
  }
}

function sameForm(expected: string): string {
  return /^(?:!!|NaN$|-?Infinity$)/.test(expected) ? expected : printJson(readJson(expected));
}

const files = readdirSync(folder).filter((file) => file.endsWith('.txt'));
const vectors = files.map((file) => ({
  file,
  lines: read(file)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(' => ', 2) as [string, string]),
}));

for (const { file, lines } of vectors) {
  describe(file, () => {
    test.each(lines)('%s => %s', (text, expected) => {
      expect(resultOf(text)).toBe(sameForm(expected));
    });
  });
}

test('there are at least 400 vectors, none of them twice', () => {
  const all = vectors.flatMap(({ lines }) => lines.map(([text]) => text));
  expect(all.length).toBeGreaterThanOrEqual(400);
  expect(all.filter((text, index) => all.indexOf(text) !== index)).toEqual([]);
});
