import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { renderFindings, type Finding } from '../diagnostics/index.ts';
import { parseWorkflow } from './index.ts';

type Verdict = 'refused by GitHub as well' | 'refused by this machine' | 'run';

/** One broken workflow a file, in folders by what becomes of it. */
const folders: [folder: string, verdict: Verdict][] = [
  ['mistakes', 'refused by GitHub as well'],
  ['refusals', 'refused by this machine'],
  ['warnings', 'run'],
];

const all = folders.flatMap(([folder, verdict]) => {
  const path = join(import.meta.dirname, 'fixtures', folder);
  const files = readdirSync(path).filter((file) => file.endsWith('.yml'));
  return files.map((file): [name: string, path: string, verdict: Verdict] => [
    `${folder}/${file.slice(0, -4)}`,
    join(path, file.slice(0, -4)),
    verdict,
  ]);
});

function judge(path: string): { verdict: Verdict; findings: Finding[]; text: string } {
  const text = readFileSync(`${path}.yml`, 'utf8');
  const parsed = parseWorkflow(text, 'ci.yml');
  if (!parsed.ok) return { verdict: 'refused by GitHub as well', findings: parsed.findings, text };
  const refusals = parsed.value.refusals.map(({ finding }) => finding);
  const verdict = refusals.length > 0 ? 'refused by this machine' : 'run';
  return { verdict, findings: [...parsed.warnings, ...refusals], text };
}

test('at least 60 broken workflows are kept', () => {
  expect(all.length).toBeGreaterThanOrEqual(60);
});

/** `vitest -u` writes the texts anew; read them before you commit them. */
describe('a broken workflow is answered with exactly this text', () => {
  test.each(all)('%s', async (_name, path, expected) => {
    const { verdict, findings, text } = judge(path);
    expect(verdict).toBe(expected);
    expect(findings).not.toEqual([]);
    const rendered = renderFindings(findings, { sources: new Map([['ci.yml', text]]) });
    await expect(`${rendered}\n`).toMatchFileSnapshot(`${path}.txt`);
  });

  test.each(all)('%s: each finding says where it is, and what to do or what is allowed', (_name, path) => {
    const { findings } = judge(path);
    const helpless = findings.filter(
      ({ at, help, notes }) => !at || (help === undefined && notes.length === 0),
    );
    expect(helpless).toEqual([]);
  });
});
