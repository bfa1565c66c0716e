import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { renderFindings } from '../diagnostics/index.ts';
import { parseWorkflow } from './index.ts';

const folder = join(import.meta.dirname, 'fixtures', 'mistakes');
const names = readdirSync(folder).flatMap((file) => (file.endsWith('.yml') ? [file.slice(0, -4)] : []));

test('at least 25 broken workflows are kept', () => {
  expect(names.length).toBeGreaterThanOrEqual(25);
});

/** `vitest -u` writes the texts anew; read them before you commit them. */
describe('a broken workflow is refused with exactly this text', () => {
  test.each(names)('%s', async (name) => {
    const text = readFileSync(join(folder, `${name}.yml`), 'utf8');
    const parsed = parseWorkflow(text, 'ci.yml');
    const findings = parsed.ok ? [] : parsed.findings;
    expect(findings.some(({ severity }) => severity === 'error')).toBe(true);
    await expect(
      `${renderFindings(findings, { sources: new Map([['ci.yml', text]]) })}\n`,
    ).toMatchFileSnapshot(join(folder, `${name}.txt`));
  });

  test.each(names)('%s: every error says where it is, and what to do or what is allowed', (name) => {
    const parsed = parseWorkflow(readFileSync(join(folder, `${name}.yml`), 'utf8'), 'ci.yml');
    const helpless = parsed.ok
      ? []
      : parsed.findings.filter(({ at, help, notes }) => !at || (help === undefined && notes.length === 0));
    expect(helpless).toEqual([]);
  });
});
