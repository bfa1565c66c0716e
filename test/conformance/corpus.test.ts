import { readFileSync } from 'node:fs';
import { NoOperationTraceWriter, parseWorkflow as parseOfficially } from '@actions/workflow-parser';
import { describe, expect, test } from 'vitest';
import { renderFindings } from '../../src/diagnostics/index.ts';
import { parseWorkflow } from '../../src/workflow/index.ts';
import {
  corpusIsThere,
  corpusPage,
  corpusPagePath,
  readCorpus,
  refusedByGitHub,
  type CorpusFile,
} from './corpus.ts';

const files = corpusIsThere ? readCorpus() : [];
const byPath: [string, CorpusFile][] = files.map((file) => [file.path, file]);

const title = corpusIsThere
  ? 'workflows by others'
  : 'workflows by others: skipped, as the folder ../shared/corpus beside the project is absent';

function officialErrors({ path, text }: CorpusFile): string[] {
  const { context } = parseOfficially({ name: path, content: text }, new NoOperationTraceWriter());
  return context.errors.getErrors().map(({ message }) => message);
}

describe.runIf(corpusIsThere)(title, () => {
  test('there are more than a hundred, and the refused are among them', () => {
    expect(files.length).toBeGreaterThan(100);
    const paths = files.map(({ path }) => path);
    expect(Object.keys(refusedByGitHub).filter((path) => !paths.includes(path))).toEqual([]);
  });

  test.each(byPath)('%s parses, or is refused for a reason that GitHub has too', (path, file) => {
    const parsed = parseWorkflow(file.text, path);
    const errors = parsed.ok ? [] : parsed.findings.filter(({ severity }) => severity === 'error');
    const official = officialErrors(file);
    if (Object.hasOwn(refusedByGitHub, path)) {
      expect(errors).not.toEqual([]);
      expect(official).not.toEqual([]);
    } else {
      expect(renderFindings(errors)).toBe('');
      expect(official).toEqual([]);
    }
  });

  test('docs/corpus.md lists them as they are (node scripts/write-corpus.ts)', async () => {
    expect(readFileSync(corpusPagePath, 'utf8')).toBe(await corpusPage(files));
  });
});
