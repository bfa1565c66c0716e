import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { workflowCodes } from './index.ts';

test('the catalogue of codes and the sources agree in both directions', () => {
  const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
  );
  const sources = files.map((name) => readFileSync(join(import.meta.dirname, name), 'utf8')).join('\n');
  const used = [
    ...sources.matchAll(
      /(?:error|report|refuse|MatrixMistake)\((?:\s*(?:'(?:error|warning|note)'|owner|\{[^}]*\}),)?\s*'(?!error'|warning'|note')([a-z-]+)'/g,
    ),
  ].map((match) => match[1]);
  expect(new Set(used)).toEqual(new Set(Object.keys(workflowCodes)));
});
