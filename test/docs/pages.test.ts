import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { format, resolveConfig } from 'prettier';
import { withActionsTable } from '../../scripts/actions-table.ts';
import { glossary } from '../../scripts/glossary.ts';
import { parseApp } from '../../src/app/index.ts';
import { loadCompose } from '../../src/compose/index.ts';
import type { Finding } from '../../src/diagnostics/index.ts';
import { parseWorkflow } from '../../src/workflow/index.ts';
import { blocksOf, pages } from './pages.ts';

const blocks = pages.flatMap(blocksOf);

test('every link between the pages leads somewhere', () => {
  const broken = pages.flatMap((page) =>
    [...withoutCode(page).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => {
      if (/^[a-z]+:/.test(link)) return [];
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? page : join(dirname(page), path);
      if (!existsSync(target)) return [`${page}: ${link}`];
      return anchor === undefined || anchorsOf(target).includes(anchor) ? [] : [`${page}: ${link}`];
    }),
  );
  expect(broken).toEqual([]);
});

test('every page is in the list of pages, and every decision in the list of decisions', () => {
  for (const [list, folder] of [
    ['docs/README.md', 'docs'],
    ['docs/decisions/README.md', 'docs/decisions'],
  ] as const) {
    const text = readFileSync(list, 'utf8');
    const missing = globSync(`${folder}/*.md`).filter(
      (page) => page !== list && !text.includes(`(${page.slice(folder.length + 1)})`),
    );
    expect(missing).toEqual([]);
  }
});

test('every workflow and slipway.yml that is shown is one that Slipway takes', () => {
  const shown = blocks.filter(({ language, info }) => language === 'yaml' && info !== '');
  expect(shown.length).toBeGreaterThan(3);
  expect(shown.map(({ info, text, place }) => ({ place, mistakes: mistakesOf(info, text) }))).toEqual(
    shown.map(({ place }) => ({ place, mistakes: [] })),
  );
});

test('every diagram that is taken from a source still stands there', () => {
  const shown = blocks.filter(({ language, info }) => language === 'text' && info.startsWith('src/'));
  expect(shown.length).toBeGreaterThan(2);
  for (const { place, info, text } of shown) {
    expect(drawing(readFileSync(info, 'utf8')), `${place}, of ${info}`).toContain(drawing(text));
  }
});

test('the glossary is what the types say; write it with "node scripts/write-glossary.ts"', async () => {
  expect(readFileSync('docs/glossary.md', 'utf8')).toBe(await formatted(glossary()));
});

test('the table of actions is what the code has; write it with "node scripts/write-actions-table.ts"', async () => {
  const page = readFileSync('docs/jobs.md', 'utf8');
  expect(page).toBe(await formatted(withActionsTable(page)));
});

test('what a job sees of the machine is listed by name', () => {
  const source = readFileSync('src/runner/machine.ts', 'utf8');
  const list = /passedOn = \[([^\]]*)\]/.exec(source)?.[1] ?? '';
  const names = [...list.matchAll(/'(\w+)'/g)].map(([, name = '']) => name);
  expect(names.length).toBeGreaterThan(10);
  const page = readFileSync('docs/jobs.md', 'utf8');
  expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});

test('what a process gets is listed by name', () => {
  const source = readFileSync('src/wiring/processes.ts', 'utf8');
  const names = [...source.matchAll(/^ +([A-Z][A-Z_]+)(?::|,)/gm)].map(([, name = '']) => name);
  expect(names).toEqual(expect.arrayContaining(['STATE_DIRECTORY', 'SLIPWAY_REVISION']));
  const page = readFileSync('docs/slipway-yml.md', 'utf8');
  expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});

test('the commands and options that the pages name exist', () => {
  const cli = readFileSync('docs/cli.md', 'utf8');
  const wrong = pages
    .filter((page) => page !== 'docs/cli.md')
    .flatMap((page) =>
      [...readFileSync(page, 'utf8').matchAll(/(?:\$ |`)(?:sudo )?slipway ([a-z][^`\n&;|]*)/g)].flatMap(
        ([, words = '']) => {
          const [command = '', next = ''] = words.split(/\s+/);
          const section =
            sectionOf(cli, `## slipway ${command} ${next}\n`) || sectionOf(cli, `## slipway ${command}`);
          if (section === '') return [`${page}: slipway ${words}`];
          const flags = words.match(/(?<=\s)--?[a-z][a-z-]*/g) ?? [];
          return flags
            .filter((flag) => !new RegExp(`${flag}(?![a-z-])`).test(section))
            .map((flag) => `${page}: slipway ${command} ${flag}`);
        },
      ),
    );
  expect(wrong).toEqual([]);
});

function sectionOf(text: string, heading: string): string {
  const from = text.indexOf(heading);
  if (from === -1) return '';
  const to = text.indexOf('\n## ', from + 1);
  return text.slice(from, to === -1 ? undefined : to);
}

function mistakesOf(file: string, text: string): Finding[] {
  if (file.startsWith('compose')) {
    const loaded = loadCompose({
      files: [file],
      sources: { read: (path) => (path === file ? text : null) },
      env: Object.fromEntries([...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => [name, 'set'])),
      profiles: [],
    });
    return loaded.ok ? loaded.warnings : loaded.findings;
  }
  // What it says of services can only be meant for a Compose app.
  const ofCompose = /^(services|compose|migration):|(service|machines):/m.test(text);
  const result = file.startsWith('.github/')
    ? parseWorkflow(text, file)
    : parseApp({
        ...(ofCompose
          ? { rootFiles: ['compose.yml'] }
          : { procfile: { file: 'Procfile', text: 'web: a\nworker: b\nrelease: c\n' } }),
        slipwayYml: { file, text },
        fallbackName: 'app',
      });
  return result.ok ? result.warnings : result.findings;
}

/** A drawing without the comment around it and without its indentation. */
function drawing(text: string): string {
  return text
    .split('\n')
    .map((line) => line.replace(/^\s*\*?\s*/, '').trimEnd())
    .join('\n')
    .trim();
}

function withoutCode(page: string): string {
  return readFileSync(page, 'utf8').replaceAll(/^```[\s\S]*?^```/gm, '');
}

/** As GitHub makes them of headings. */
function anchorsOf(page: string): string[] {
  return [...withoutCode(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

async function formatted(text: string): Promise<string> {
  return format(text, { ...(await resolveConfig('docs/README.md')), parser: 'markdown' });
}
