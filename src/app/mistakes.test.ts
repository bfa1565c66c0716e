import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { renderFindings } from '../diagnostics/index.ts';
import { composeFileNames, composeFor, parseApp } from './index.ts';
import type { App } from './index.ts';
import type { Finding } from '../diagnostics/index.ts';

const folder = join(import.meta.dirname, 'fixtures/mistakes');

/** A fixture is one text: `=== <file>` starts a file, `=== expected` what a user sees. */
function readFixture(name: string): Map<string, string> {
  const [, ...sections] = readFileSync(join(folder, name), 'utf8').split(/^=== (.*)\n/m);
  const files = new Map<string, string>();
  for (let index = 0; index < sections.length; index += 2)
    files.set(sections[index] ?? '', sections[index + 1] ?? '');
  return files;
}

/** What is wrong with a Compose app in its first environment. */
function composeFindings(app: App, fixture: Map<string, string>): Finding[] {
  const [environment] = app.environments;
  if (app.kind !== 'compose' || !environment) return [];
  const sources = { read: (path: string) => fixture.get(path) ?? null };
  const resolved = composeFor({ app, environment, sources, env: {} });
  return resolved.ok ? resolved.warnings : resolved.findings;
}

const names = readdirSync(folder);

test('there are at least a hundred kinds of mistakes', () => {
  expect(names.length).toBeGreaterThanOrEqual(100);
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
  const findings = result.ok
    ? [...result.warnings, ...composeFindings(result.value, fixture)]
    : result.findings;
  expect(`${renderFindings(findings, { sources: fixture })}\n`).toBe(fixture.get('expected'));
  expect(findings.every((finding) => finding.help !== undefined)).toBe(true);
});
