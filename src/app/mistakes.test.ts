import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { renderFindings } from '../diagnostics/index.ts';
import { composeFileNames, parseApp } from './index.ts';

const folder = join(import.meta.dirname, 'fixtures/mistakes');

/** A fixture is one text: `=== <file>` starts a file, `=== expected` what a user sees. */
function readFixture(name: string): Map<string, string> {
  const [, ...sections] = readFileSync(join(folder, name), 'utf8').split(/^=== (.*)\n/m);
  const files = new Map<string, string>();
  for (let index = 0; index < sections.length; index += 2)
    files.set(sections[index] ?? '', sections[index + 1] ?? '');
  return files;
}

const names = readdirSync(folder);

test('there are at least ninety kinds of mistakes', () => {
  expect(names.length).toBeGreaterThanOrEqual(90);
});

test.each(names)('%s', (name) => {
  const fixture = readFixture(name);
  const file = (path: string) => {
    const text = fixture.get(path);
    return text === undefined ? undefined : { file: path, text };
  };
  const result = parseApp({
    procfile: file('Procfile'),
    slipwayYml: file('slipway.yml'),
    packageJson: fixture.get('package.json'),
    rootFiles: composeFileNames.filter((path) => fixture.has(path)),
    fallbackName: fixture.get('folder')?.trim() ?? 'medianest',
  });
  const findings = result.ok ? result.warnings : result.findings;
  expect(`${renderFindings(findings, { sources: fixture })}\n`).toBe(fixture.get('expected'));
  expect(findings.every((finding) => finding.help !== undefined)).toBe(true);
});
