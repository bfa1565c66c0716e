import { readFile, realpath } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import { composeFileNames, parseApp, type App } from '../app/index.ts';
import type { Finding } from '../diagnostics/index.ts';
import type { Release } from '../release/index.ts';
import { callPath } from '../runs/index.ts';
import type { Mirror } from '../source/index.ts';
import { parseWorkflow, stepsOf, type Job, type Step, type Workflow } from '../workflow/index.ts';

/** Reads files of one commit: from a mirror, or from the user's own repository. */
export interface CommitFiles {
  read(path: string): Promise<string | null>;
  list(prefix: string): Promise<string[]>;
}

/** The files of a commit in the server's own copy of the repository. */
export function commitFiles(mirror: Mirror, commit: string): CommitFiles {
  return {
    read: (path) => mirror.readFile(commit, path),
    list: (prefix) => mirror.listFiles(commit, prefix),
  };
}

/** The files of a release; nothing outside of it, wherever its links lead. */
export function releaseFiles({ filesDirectory }: Release): Pick<CommitFiles, 'read'> {
  return {
    read: async (path) => {
      const full = await realpath(join(filesDirectory, path)).catch(() => null);
      if (full === null || !full.startsWith((await realpath(filesDirectory)) + sep)) return null;
      return readFile(full, 'utf8').catch(() => null);
    },
  };
}

/** Everything a commit says about how it is built and run, with every mistake in it. */
export interface CommitDefinition {
  app: App | null;
  workflows: Workflow[];
  findings: Finding[];
  /** Texts of the files that findings point into. */
  sources: Record<string, string>;
}

/**
 * Reads and checks Procfile, slipway.yml and the workflows of a commit. What this machine cannot do is not among the
 * findings: it matters only to runs that may come to it.
 */
export async function readDefinition(
  files: CommitFiles,
  { fallbackName, defaultBranch }: { fallbackName: string; defaultBranch: string },
): Promise<CommitDefinition> {
  const sources: Record<string, string> = {};
  const source = async (path: string) => {
    const text = await files.read(path);
    if (text !== null) sources[path] = text;
    return text;
  };
  const procfile = await source('Procfile');
  const slipwayYml = await source('slipway.yml');
  const packageJson = await source('package.json');
  const rootFiles = (await files.list('')).filter((path) => composeFileNames.includes(path));
  // Not among the sources: it may hold what nobody should read in a message.
  const dotEnv = await files.read('.env');
  const app = parseApp({
    rootFiles,
    dotEnv: dotEnv ?? undefined,
    ...(procfile === null ? {} : { procfile: { file: 'Procfile', text: procfile } }),
    ...(slipwayYml === null ? {} : { slipwayYml: { file: 'slipway.yml', text: slipwayYml } }),
    packageJson: packageJson ?? undefined,
    fallbackName,
    defaultBranch,
  });
  const workflows: Workflow[] = [];
  const findings: Finding[] = app.ok ? app.warnings : app.findings;
  for (const path of await workflowFiles(files)) {
    const parsed = parseWorkflow((await source(path)) ?? '', path);
    if (parsed.ok) workflows.push(parsed.value);
    findings.push(...(parsed.ok ? parsed.warnings : parsed.findings));
  }
  return { app: app.ok ? app.value : null, workflows, findings, sources };
}

async function workflowFiles(files: CommitFiles): Promise<string[]> {
  const paths = await files.list('.github/workflows');
  return paths.filter(
    (path) => /^\.github\/workflows\/[^/]+\.ya?ml$/.test(path) && basename(path) !== '.yml',
  );
}

/** Steps of a job that ask for a rollout. */
export function deploySteps(job: Job): Extract<Step, { kind: 'uses' }>[] {
  return stepsOf(job)
    .filter((step) => step.kind === 'uses')
    .filter((step) => step.uses.text.startsWith('slipway/deploy@'));
}

/** Workflows by the path that calls name them by: `./.github/workflows/x.yml`. */
export function byCallPath(workflows: Workflow[]): Record<string, Workflow> {
  return Object.fromEntries(workflows.map((workflow) => [`./${workflow.file}`, workflow]));
}

/** The workflows of the same commit that a workflow calls, over all levels, by path. */
export function calledBy(workflow: Workflow, workflows: Workflow[]): Record<string, Workflow> {
  const known = byCallPath(workflows);
  const called: Record<string, Workflow> = {};
  const visit = ({ jobs }: Workflow): void => {
    for (const job of jobs) {
      const path = job.kind === 'call' ? callPath(job) : '';
      const target = known[path];
      if (!target || called[path]) continue;
      called[path] = target;
      visit(target);
    }
  };
  visit(workflow);
  return called;
}

/** The jobs of a workflow and of all that it calls. */
export function allJobs(workflow: Workflow, workflows: Workflow[]): Job[] {
  return [workflow, ...Object.values(calledBy(workflow, workflows))].flatMap(({ jobs }) => jobs);
}
