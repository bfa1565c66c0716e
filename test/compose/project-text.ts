import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadCompose, type ComposeProject } from '../../src/compose/index.ts';
import { renderFindings, type Result } from '../../src/diagnostics/index.ts';

/** A project in one text: `=== <path>` starts a file, `=== settings` (JSON) what it is loaded with, `=== expected` what comes of it. */
export interface ProjectText {
  name: string;
  /** By path; without settings and expectation. */
  files: Map<string, string>;
  settings: { files: string[] | null; profiles: string[]; env: Record<string, string> };
  expected: string;
}

export const projectsFolder = join(import.meta.dirname, 'projects');
export const mistakesFolder = join(import.meta.dirname, 'mistakes');

/** Every project text of a folder, by name. */
export function projectTexts(folder: string): ProjectText[] {
  return readdirSync(folder)
    .sort()
    .map((file) => projectText(file.replace(/\.txt$/, ''), readFileSync(join(folder, file), 'utf8')));
}

function projectText(name: string, text: string): ProjectText {
  const [, ...sections] = text.split(/^=== (.*)\n/m);
  const files = new Map<string, string>();
  for (let index = 0; index < sections.length; index += 2)
    files.set(sections[index] ?? '', sections[index + 1] ?? '');
  const written = JSON.parse(files.get('settings') ?? '{}') as Partial<ProjectText['settings']>;
  const expected = files.get('expected') ?? '';
  files.delete('settings');
  files.delete('expected');
  const settings = { files: null, profiles: [], env: {}, ...written };
  return { name, files, settings, expected };
}

/** Loads a project text. */
export function loadText({ files, settings }: ProjectText): Result<ComposeProject> {
  return loadCompose({ ...settings, sources: { read: (path) => files.get(path) ?? null } });
}

/** What a person sees: the findings, and the services in their order if it loads. */
export function seen(text: ProjectText): string {
  const result = loadText(text);
  const findings = result.ok ? result.warnings : result.findings;
  const parts = findings.length === 0 ? [] : [renderFindings(findings, { sources: text.files })];
  if (result.ok) parts.push(`loads: ${result.value.services.map(({ name }) => name).join(', ')}`);
  return `${parts.join('\n\n')}\n`;
}
