import { basename } from 'node:path';
import { parseApp, type App } from '../app/index.ts';
import type { Finding } from '../diagnostics/index.ts';
import { parseWorkflow, stepsOf, type Job, type Step, type Workflow } from '../workflow/index.ts';

/** Reads files of one commit: from a mirror, or from the user's own repository. */
export interface CommitFiles {
  read(path: string): Promise<string | null>;
  list(prefix: string): Promise<string[]>;
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
 * Reads and checks Procfile, slipway.yml and the workflows of a commit.
 *
 * @returns What this machine cannot do is an error where the event would start it; elsewhere it does not matter.
 */
export async function readDefinition(
  files: CommitFiles,
  { fallbackName, defaultBranch, event }: { fallbackName: string; defaultBranch: string; event: string },
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
  const app = parseApp({
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
  for (const workflow of reached(workflows, event))
    findings.push(...workflow.refusals.map(({ finding }) => finding));
  return { app: app.ok ? app.value : null, workflows, findings, sources };
}

/** Workflows that the event starts, and those of this repository that they call. */
function reached(workflows: Workflow[], event: string): Workflow[] {
  const found = new Set(
    workflows.filter(({ triggers }) => triggers.some((trigger) => trigger.event === event)),
  );
  // A set that grows while it is walked is walked to its new end.
  for (const { jobs } of found) {
    for (const job of jobs) {
      const called = job.kind === 'call' && /^[.$]\/(.*)$/.exec(job.uses.text)?.[1];
      const workflow = workflows.find(({ file }) => file === called);
      if (workflow) found.add(workflow);
    }
  }
  return [...found];
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

/** Whether a workflow makes and ships the release itself. */
export function hasDeployStep(workflow: Workflow): boolean {
  return workflow.jobs.some((job) => deploySteps(job).length > 0);
}
