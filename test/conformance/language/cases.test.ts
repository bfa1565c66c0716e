import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { format } from 'prettier';
import { afterAll, describe, expect, test } from 'vitest';
import { readCases } from './case.ts';
import { compatibilityPage, uncovered, unknownMembers } from './compatibility.ts';
import { inventory } from './inventory.ts';
import { runCase } from './run-case.ts';

const cases = readCases();
const sections = inventory();
const folder = mkdtempSync(join(tmpdir(), 'sw-cases-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function has(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('the language', () => {
  for (const one of cases) {
    const missing = one.needs.filter((program) => !has(program));
    const name = `${one.file}: ${one.title}${missing.length > 0 ? ` (needs ${missing.join(', ')})` : ''}`;
    test.skipIf(missing.length > 0)(name, async () => {
      const own = mkdtempSync(join(folder, 'case-'));
      expect(await runCase(one, own, join(folder, 'tools'))).toEqual(one.expect);
      rmSync(own, { recursive: true, force: true });
    });
  }
});

test('at least two hundred cases name only what the language has, and leave nothing of it out', () => {
  expect(cases.length).toBeGreaterThanOrEqual(200);
  expect(unknownMembers(sections, cases)).toEqual([]);
  expect(uncovered(sections, cases)).toEqual([]);
});

test('docs/compatibility.md is what the cases say', async () => {
  const path = join(import.meta.dirname, '../../../docs/compatibility.md');
  const page = await format(compatibilityPage(sections, cases), { parser: 'markdown', printWidth: 110 });
  expect(readFileSync(path, 'utf8'), 'run: node scripts/write-compatibility.ts').toBe(page);
});
