import { existsSync, globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const page = readFileSync('docs/peers.md', 'utf8');

/** The tests that the page names: `file.ts` › words of the test's name. */
const named = [...page.matchAll(/`([a-z0-9/-]+(?:\.test)?\.ts)` › (.*?)(?=<br>| *\|)/g)].map(
  ([, file = '', name = '']) => ({ file, name }),
);

const rows = page.split('\n').filter((line) => /^\| (?!What happened|---)/.test(line));

test('every failure in docs/peers.md names tests that exist', () => {
  expect(rows.length).toBeGreaterThan(25);
  expect(rows.filter((row) => !row.includes('` › '))).toEqual([]);
  expect(named.length).toBeGreaterThan(rows.length);
  expect(named.filter(({ file, name }) => !namesOf(file).some((one) => one.includes(name)))).toEqual([]);
});

test('every test that is named after a failure elsewhere stands in docs/peers.md', () => {
  const files = globSync('src/**/peers.test.ts');
  expect(files.length).toBeGreaterThan(1);
  const missing = files.flatMap((file) =>
    namesOf(file).filter((name) => !named.some((one) => one.file === file && name.includes(one.name))),
  );
  expect(missing).toEqual([]);
});

/** The names of a file's tests, and the titles in its tables of cases. */
function namesOf(file: string): string[] {
  if (!existsSync(file)) return [];
  const text = readFileSync(file, 'utf8');
  const calls = text.matchAll(/\b(?:test|it)(?:\.each\([^)]*\))?\(\s*(['"`])(.*?)\1,/g);
  const cases = text.matchAll(/^ {4}\[(['"])(.*?)\1,/gm);
  return [...calls, ...cases].map(([, , name = '']) => name);
}
