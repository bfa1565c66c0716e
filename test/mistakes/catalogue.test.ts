import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { rooms } from '../../house.ts';
import { errorCatalogue } from '../../scripts/error-catalogue.ts';
import { errorDocs, mistakeDocs } from '../../scripts/error-docs.ts';
import { expectedFolder } from './expect-text.ts';

/** Rooms that write a code without its room, or make it out of another name; a test of their own holds the former. */
const shortened = ['cli', 'expressions', 'workflow'];

function sourcesOf(room: string): string {
  const folder = join('src', room);
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !/(?:\.test|codes)\.ts$|^testing\//.test(file))
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('\n');
}

const names = rooms.map(({ name }) => name);
const sources = names.map(sourcesOf).join('\n');
const catalogued = errorCatalogue.flatMap(({ room, codes }) =>
  Object.keys(codes).map((code) => `${room}/${code}`),
);

test('every code of the sources is in the catalogue of its room', () => {
  const used = [...sources.matchAll(new RegExp(`'((?:${names.join('|')})/[a-z][a-z0-9-]*)'`, 'g'))];
  expect(used.length).toBeGreaterThan(100);
  expect(
    [...new Set(used.map(([, code]) => code))].filter((code) => !catalogued.includes(code ?? '')),
  ).toEqual([]);
});

test('every code of the catalogues is in the sources', () => {
  // A code such as `store/audit-${kind}` is found by what stands before the part that varies.
  const composed = [...sources.matchAll(/`([a-z]+\/[a-z-]+-)\$\{/g)].map(([, start]) => start ?? '');
  // The room of runs writes its codes without the room, in one place that adds it.
  const ownSources = sourcesOf('runs');
  const usedShort = catalogued.filter(
    (code) => code.startsWith('runs/') && ownSources.includes(`'${code.slice('runs/'.length)}'`),
  );
  const unused = catalogued.filter(
    (code) =>
      !shortened.includes(code.split('/')[0] ?? '') &&
      !sources.includes(`'${code}'`) &&
      !usedShort.includes(code) &&
      !composed.some((start) => code.startsWith(start)),
  );
  expect(unused).toEqual([]);
});

test('no code stands for two things, and each says what to do', () => {
  expect(new Set(catalogued).size).toBe(catalogued.length);
  const entries = errorCatalogue.flatMap(({ codes }) => Object.values(codes));
  expect(entries.filter(({ means, todo }) => !means.endsWith('.') || !todo.endsWith('.'))).toEqual([]);
});

test('docs/errors.md and docs/mistakes.md are fresh; else: node scripts/write-errors.ts', async () => {
  expect(readFileSync('docs/errors.md', 'utf8')).toBe(await errorDocs());
  expect(readFileSync('docs/mistakes.md', 'utf8')).toBe(await mistakeDocs());
});

const texts = readdirSync(expectedFolder).map((file) => ({
  file,
  text: readFileSync(join(expectedFolder, file), 'utf8'),
}));

test('at least sixty mistakes are kept, each by a test', () => {
  expect(texts.length).toBeGreaterThanOrEqual(60);
  const tests = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.test.ts'));
  const all = tests.map((file) => readFileSync(join(import.meta.dirname, file), 'utf8')).join('\n');
  const orphans = texts.filter(({ file }) => {
    const name = file.replace('.txt', '');
    return !all.includes(`'${name}'`) && !name.startsWith('no-server-');
  });
  expect(orphans.map(({ file }) => file)).toEqual([]);
});

test('every error has help, a code of the catalogue, and never calls the mistake of a user a bug', () => {
  for (const { file, text } of texts) {
    const errors = [...text.matchAll(/^error\[([^\]]+)\]/gm)].map(([, code]) => code ?? '');
    expect(
      errors.filter((code) => !catalogued.includes(code)),
      file,
    ).toEqual([]);
    expect([...text.matchAll(/^ *= help: /gm)].length, file).toBeGreaterThanOrEqual(errors.length);
    expect(errors, file).not.toContain('cli/bug');
  }
});
