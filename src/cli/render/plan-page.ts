import type { PlanView } from '../../wiring/index.ts';
import { forecastLines } from './forecast-lines.ts';
import { branchOf, short } from './marks.ts';
import { harmless, paint, type Look } from './text.ts';

type PlannedWorkflow = PlanView['workflows'][number];
type PlannedJob = PlannedWorkflow['jobs'][number];

/** What a ship would do, before anything is touched. Findings are printed apart. */
export function planPage(plan: PlanView, look: Look): string[] {
  const title = `${paint(look, 'yellow', short(plan.commit))} ${harmless(plan.title)}`;
  return [
    `${paint(look, 'bold', plan.app)}  ${title}  (${branchOf(plan.ref)})`,
    ...section(
      'Workflows',
      plan.workflows.flatMap((workflow) => workflowLines(workflow, look)),
      look,
    ),
    ...section(
      'Release',
      plan.release.map((line) => `  ${line}`),
      look,
    ),
    ...section(
      'Environments',
      plan.environments.flatMap((environment) => environmentLines(environment, look)),
      look,
    ),
  ];
}

function section(title: string, lines: readonly string[], look: Look): string[] {
  return ['', paint(look, 'bold', title), ...(lines.length === 0 ? ['  none'] : lines)];
}

function workflowLines(workflow: PlannedWorkflow, look: Look): string[] {
  const name = `  ${harmless(workflow.name)} ${paint(look, 'dim', `(${workflow.file})`)}`;
  if (!workflow.triggered) return [`${name}: not started, ${workflow.reason ?? 'its triggers do not match'}`];
  return [
    name,
    ...levels(workflow.jobs).flatMap((jobs, level) =>
      jobs.map((job, index) => `    ${index === 0 ? `${level + 1}.` : '  '} ${jobText(job)}`),
    ),
  ];
}

function jobText(job: PlannedJob): string {
  const after = job.needs.length === 0 ? '' : ` ← ${job.needs.join(', ')}`;
  const to = job.environment === null ? '' : ` [${job.environment}]`;
  return `${harmless(job.name)}${to}${job.deploys ? ' deploys' : ''}${after}`;
}

/** Jobs of one level may run side by side; each needs only jobs of earlier ones. */
export function levels(jobs: readonly PlannedJob[]): PlannedJob[][] {
  const result: PlannedJob[][] = [];
  const placed = new Set<string>();
  let rest = [...jobs];
  while (rest.length > 0) {
    const ready = rest.filter(({ needs }) => needs.every((id) => placed.has(id)));
    // A circle or an unknown name is a finding elsewhere; here nothing may be lost or run for ever.
    const level = ready.length > 0 ? ready : rest;
    result.push(level);
    for (const { id } of level) placed.add(id);
    rest = rest.filter((job) => !level.includes(job));
  }
  return result;
}

function environmentLines(environment: PlanView['environments'][number], look: Look): string[] {
  const { serving } = environment;
  const rules = [
    environment.strategy,
    ...(environment.promoteFrom === null ? [] : [`takes what ${environment.promoteFrom} ran`]),
  ].join(', ');
  const name = `  ${paint(look, 'bold', environment.name)}  ${rules}`;
  if (!environment.takesRef) return [`${name}: does not take this branch`];
  const now = serving
    ? `serves ${serving.revision} (${short(serving.commit)} ${harmless(serving.title)})`
    : 'serves nothing yet';
  const changes = environment.changes.map((change) => `    - ${harmless(change)}`);
  const forecast = environment.forecast ? forecastLines(environment.forecast, look) : [];
  return [name, `    now ${now}`, ...changes, ...forecast];
}
