import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { runCli } from '../../../src/cli/cli.ts';
import type { CliContext } from '../../../src/cli/context.ts';
import { realWorld } from '../../../src/cli/world.ts';
import { planLocally } from '../../../src/local/index.ts';
import type { LocalJobView, LocalLine, LocalStepView, LocalView } from '../../../src/local/index.ts';
import type { Case } from './case.ts';

/** What came of a case, in the words of `expect`; only what the case asks about. */
export type Outcome = Case['expect'];

const run = promisify(execFile);
/** So that commits, and what hangs on them, are the same everywhere. */
const fixed = {
  GIT_AUTHOR_DATE: '2026-01-01T00:00:00Z',
  GIT_COMMITTER_DATE: '2026-01-01T00:00:00Z',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
};

/**
 * Runs one case by the real command line, in this process, in a folder of its own.
 *
 * @param tools - Where cases share what they install, such as the Node of actions.
 */
export async function runCase(one: Case, folder: string, tools: string): Promise<Outcome> {
  const root = join(folder, 'example');
  mkdirSync(join(folder, 'home'));
  mkdirSync(tools, { recursive: true });
  symlinkSync(tools, join(folder, 'home', 'tools'));
  await makeRepository(one, root);
  const printed = { out: '', err: '' };
  const context = contextOf(root, join(folder, 'home'), printed);
  await runCli({
    words: ['run', ...one.args, '--json'],
    version: '0.0.0',
    contextFor: () => context,
  });
  return outcomeOf(one, printed);
}

async function makeRepository(one: Case, root: string): Promise<void> {
  const files = { '.github/workflows/ci.yml': one.workflow, ...one.files };
  for (const [path, text] of Object.entries(files)) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    if (text.startsWith('#!')) chmodSync(file, 0o755);
  }
  const git = (...words: string[]) =>
    run('git', ['-c', 'user.name=Ana', '-c', 'user.email=ana@example.com', ...words], {
      cwd: root,
      env: { ...process.env, ...fixed },
    });
  await git('init', '--quiet', '--initial-branch', one.branch);
  await git('remote', 'add', 'origin', 'https://github.com/octo/example.git');
  await git('add', '--all');
  await git('commit', '--quiet', '--message', 'An example');
  if (one.tag !== undefined) await git('tag', one.tag);
}

function contextOf(cwd: string, home: string, printed: { out: string; err: string }): CliContext {
  const terminal = (stream: 'out' | 'err') => ({
    write: (text: string) => void (printed[stream] += text),
    live: false,
    color: false,
    columns: () => 120,
    rows: () => 40,
  });
  const env = { ...process.env, ...fixed };
  return {
    ...realWorld({}),
    cwd,
    env,
    user: 'ana',
    out: terminal('out'),
    err: terminal('err'),
    defaultHome: () => home,
    planLocally: (request) => planLocally(request),
    onInterrupt: () => () => {},
  };
}

interface Message {
  kind?: 'run' | 'line';
  findings?: unknown;
}

function outcomeOf({ expect }: Case, printed: { out: string; err: string }): Outcome {
  const messages = printed.out
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Message);
  const view = messages.findLast(({ kind }) => kind === 'run') as unknown as LocalView | undefined;
  const lines = messages.filter(({ kind }) => kind === 'line') as unknown as LocalLine[];
  const outcome: Outcome = { result: view ? resultOf(view) : 'refused' };
  if (expect.errors !== undefined || !view) outcome.errors = printed.err;
  if (!view) return outcome;
  const jobs = view.runs.flatMap((one) => one.jobs);
  if (expect.jobs) outcome.jobs = Object.fromEntries(jobs.map(({ name, state }) => [name, state as never]));
  if (expect.lines) outcome.lines = linesOf(expect.lines, lines);
  if (expect.steps) outcome.steps = stepsOf(expect.steps, jobs);
  if (expect.annotations) outcome.annotations = jobs.flatMap((job) => job.annotations.map(annotationText));
  if (expect.summary !== undefined) outcome.summary = jobs.map(summaryOf).join('');
  return outcome;
}

function resultOf({ state }: LocalView): NonNullable<Outcome['result']> {
  if (state === 'running') throw new Error('the run was left running');
  return state;
}

/** Only what steps print; the runner's own words are not the language's. */
function linesOf(wanted: Record<string, string[]>, lines: LocalLine[]): Record<string, string[]> {
  return Object.fromEntries(
    Object.keys(wanted).map((job) => [
      job,
      lines.filter(({ jobName, stream }) => jobName === job && stream !== 'system').map(({ text }) => text),
    ]),
  );
}

function stepsOf(wanted: Record<string, string>, jobs: LocalJobView[]): Record<string, string> {
  return Object.fromEntries(
    Object.keys(wanted).map((path) => {
      const at = path.lastIndexOf(' > ');
      const job = at === -1 ? jobs[0] : jobs.find(({ name }) => name === path.slice(0, at));
      const step = job?.steps.find(({ name }) => name === (at === -1 ? path : path.slice(at + 3)));
      return [path, step ? stepText(step) : 'no such step'];
    }),
  );
}

function stepText({ state, forgiven }: LocalStepView): string {
  return `${state}/${forgiven ? 'success' : state}`;
}

function annotationText({ level, file, line, title, message }: LocalJobView['annotations'][number]): string {
  const place = file === undefined ? '' : ` ${file}${line === undefined ? '' : `:${line}`}`;
  return `${level}${place}${title === undefined ? '' : ` ${title}`}: ${message}`;
}

function summaryOf({ summaryFile }: LocalJobView): string {
  return summaryFile !== null && existsSync(summaryFile) ? readFileSync(summaryFile, 'utf8') : '';
}
