import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { format } from 'prettier';
import { parseWorkflow, type Refusal, type Workflow } from '../../src/workflow/index.ts';

/** Workflows by others, kept beside the project and not in it. */
export const corpusFolder = resolve(import.meta.dirname, '../../../shared/corpus');

/** Whether the corpus is there: a clone has none. */
export const corpusIsThere = existsSync(corpusFolder);

/** The page that lists it. */
export const corpusPagePath = join(import.meta.dirname, '../../docs/corpus.md');

/** A workflow of the corpus, its placeholders filled in as GitHub does when it offers the template. */
export interface CorpusFile {
  /** Path in the corpus, with slashes. */
  path: string;
  text: string;
}

/** Files that no reader of GitHub's takes either, with the reason; the official parser must refuse each of them. */
export const refusedByGitHub: Readonly<Record<string, string>> = {
  'starter-workflows/code-scanning/codeql.yml':
    'GitHub fills in `$codeql-languages-matrix` from the languages of the repository; until then `matrix` is text',
  'starter-workflows/code-scanning/nowsecure-mobile-sbom.yml':
    '`{{ groupId }}` stands for what the user has to fill in, and is a mapping until then',
  'starter-workflows/code-scanning/nowsecure.yml':
    '`{{ groupId }}` stands for what the user has to fill in, and is a mapping until then',
};

const placeholders: readonly [string, string][] = [
  ['$default-branch', 'main'],
  ['$protected-branches', 'main'],
  ['$cron-daily', '17 3 * * *'],
  ['$cron-weekly', '17 3 * * 1'],
];

/** Every workflow of the corpus, by path. */
export function readCorpus(): CorpusFile[] {
  const paths = readdirSync(corpusFolder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
    .map((entry) => relative(corpusFolder, join(entry.parentPath, entry.name)).replaceAll(sep, '/'));
  return paths.toSorted().map((path) => {
    const raw = readFileSync(join(corpusFolder, path), 'utf8');
    const text = placeholders.reduce((filled, [from, to]) => filled.replaceAll(from, to), raw);
    return { path, text };
  });
}

/** docs/corpus.md: each file with whether it parses and what of it runs here. */
export async function corpusPage(files: CorpusFile[]): Promise<string> {
  const folders = Map.groupBy(files, ({ path }) => path.slice(0, path.lastIndexOf('/')));
  const sections = [...folders].map(
    ([folder, inside]) => `## ${folder}\n\n${inside.map((file) => fileLine(file)).join('\n')}\n`,
  );
  return format([opening(files), ...sections].join('\n'), { parser: 'markdown', printWidth: 110 });
}

function opening(files: CorpusFile[]): string {
  const parsed = files.flatMap(({ path, text }) => {
    const result = parseWorkflow(text, path);
    return result.ok ? [result.value] : [];
  });
  const whole = parsed.filter((workflow) => workflow.refusals.length === 0);
  return `# The corpus

${files.length} workflows that were not written for Slipway: the templates that GitHub offers to new repositories
(actions/starter-workflows), with their placeholders filled in. ${parsed.length} parse; ${files.length - parsed.length} are refused, for reasons that GitHub's own parser has too.
${whole.length} of them run here as they are. For each of the others this page says how many of its jobs run, and what
stops the rest: mostly actions that are fetched from other repositories.

Written by \`node scripts/write-corpus.ts\`.
`;
}

function fileLine({ path, text }: CorpusFile): string {
  const name = `\`${path.slice(path.lastIndexOf('/') + 1)}\``;
  const parsed = parseWorkflow(text, path);
  if (!parsed.ok) return `- ${name}: refused. ${refusedByGitHub[path] ?? 'No reason is known.'}`;
  const { refusals, jobs } = parsed.value;
  if (refusals.length === 0) return `- ${name}: runs.`;
  return `- ${name}: ${jobsThatRun(parsed.value)} of ${jobs.length} jobs run.\n${reasons(refusals).join('\n')}`;
}

function jobsThatRun({ jobs, refusals }: Workflow): number {
  const stopped = refusals.map(({ jobId }) => jobId);
  return stopped.includes(null) ? 0 : jobs.filter(({ id }) => !stopped.includes(id)).length;
}

/** One line for each kind of reason, with all that it concerns. */
function reasons(refusals: Refusal[]): string[] {
  const messages = refusals.map(({ finding }) => finding.message);
  const kinds = Map.groupBy(messages, (message) => message.replace(/"[^"]*"/, '…'));
  return [...kinds].map(([kind, same]) => {
    const things = new Set(same.flatMap((message) => /"([^"]*)"/.exec(message)?.[1] ?? []));
    const named = [...things].map((thing) => `\`${thing}\``).join(', ');
    return `  - ${kind}${named === '' ? '' : `: ${named}`}`;
  });
}
