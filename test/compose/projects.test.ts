import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadText, mistakesFolder, projectsFolder, projectTexts, seen } from './project-text.ts';

/** `SLIPWAY_WRITE_EXPECTED=1` writes what comes out into the texts; read the difference before committing it. */
const writes = process.env['SLIPWAY_WRITE_EXPECTED'] !== undefined;

function check(folder: string, name: string, is: string, expected: string): void {
  if (writes) {
    const file = join(folder, `${name}.txt`);
    const [input = ''] = readFileSync(file, 'utf8').split(/^=== expected\n/m);
    writeFileSync(file, `${input.trimEnd()}\n=== expected\n${is}`);
  } else expect(is).toBe(expected);
}

describe('Compose files as projects have them', () => {
  const projects = projectTexts(projectsFolder);

  test.each(projects.map((project) => [project.name, project] as const))('%s', (name, project) => {
    check(projectsFolder, name, seen(project), project.expected);
  });

  test('there are at least forty, and most load', () => {
    expect(projects.length).toBeGreaterThanOrEqual(40);
    expect(projects.filter((project) => loadText(project).ok).length).toBeGreaterThanOrEqual(38);
  });
});

describe('mistakes in Compose files', () => {
  const mistakes = projectTexts(mistakesFolder);

  test.each(mistakes.map((mistake) => [mistake.name, mistake] as const))('%s', (name, mistake) => {
    check(mistakesFolder, name, seen(mistake), mistake.expected);
  });

  test('there are at least twenty-five, each located and with a way out', () => {
    expect(mistakes.length).toBeGreaterThanOrEqual(25);
    for (const mistake of mistakes) {
      const result = loadText(mistake);
      const findings = result.ok ? result.warnings : result.findings;
      expect(findings, mistake.name).not.toEqual([]);
      expect(
        findings.filter(({ at, help }) => at === undefined || help === undefined),
        mistake.name,
      ).toEqual([]);
    }
  });
});
