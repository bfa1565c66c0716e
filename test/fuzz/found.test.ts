import { expect, test } from 'vitest';
import { parseWorkflow } from '../../src/workflow/index.ts';
import { flawsOf } from './settings.ts';

/* What fuzzing has found, each with the text that showed it. */

test('a mistake of YAML that reaches into the next line ends there, not beyond the end of its own', () => {
  const text = 'name: CI\n{{ github.actor }} runs ${{ github.ref }}\non:\n  push:\n';
  const parsed = parseWorkflow(text, 'ci.yml');
  if (parsed.ok) throw new Error('this is not YAML');
  expect(flawsOf(parsed.findings, text)).toEqual([]);
  expect(parsed.findings[0]?.at).toEqual({
    file: 'ci.yml',
    start: { line: 2, column: 20 },
    end: { line: 3, column: 3 },
  });
});
