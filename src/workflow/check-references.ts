import type { Span } from '../diagnostics/index.ts';
import type { Reference } from '../expressions/index.ts';
import { builtInAction } from './actions.ts';
import { checkProperty, quoted, same } from './check-property.ts';
import { checkSteps } from './check-steps.ts';
import type { WorkflowFile } from './file.ts';
import { environmentOf, stepsOf } from './job-parts.ts';
import { meant } from './meant.ts';
import type { Job, Trigger } from './model.ts';

/**
 * Judges what one part of the file says about another, now that all of it is known. What comes to nothing on GitHub as
 * well is a warning.
 */
export function checkReferences(
  file: WorkflowFile,
  { jobs, triggers }: { jobs: Job[]; triggers: Trigger[] },
): void {
  for (const job of jobs) {
    checkSteps(file, { of: `job "${job.id}"`, steps: stepsOf(job) }, ({ jobId }) => jobId === job.id);
    checkDeploys(file, job);
  }
  for (const { owner, names } of file.uses) {
    const job = jobs.find(({ id }) => id === owner.jobId);
    for (const reference of names.references) {
      checkToken(file, reference);
      if (reference.context === 'inputs') checkInput(file, triggers, reference);
      if (!job && reference.context === 'jobs') checkResults(file, reference, jobs);
      if (job && reference.context === 'needs') checkNeed(file, jobs, job, reference);
      if (job && reference.context === 'matrix') checkMatrix(file, job, reference);
    }
  }
}

/** A deploy step says where to, or its job does. */
function checkDeploys(file: WorkflowFile, job: Job): void {
  if (environmentOf(job)) return;
  for (const step of stepsOf(job)) {
    if (step.kind !== 'uses' || builtInAction(step.uses.text)?.action.name !== 'slipway/deploy') continue;
    if (Object.keys(step.with).some((name) => same(name, 'environment') || name.includes('${{'))) continue;
    const help = `give job "${job.id}" an \`environment:\`, or the step \`with: { environment: staging }\``;
    const message = 'slipway/deploy does not know where to deploy';
    file.refuse({ jobId: job.id }, 'missing-input', message, step.uses.at, { help });
  }
}

/** Workflows lean on this token without a thought, so its absence is said instead of found out. */
function checkToken(file: WorkflowFile, { context, path, at }: Reference): void {
  const wanted = `${context}.${path[0] ?? ''}`.toLowerCase();
  if (wanted !== 'secrets.github_token' && wanted !== 'github.token') return;
  const help =
    'keep what talks to GitHub in a workflow that stays there, or bring a token of your own as a secret';
  file.report('warning', 'no-token', 'there is no GitHub token here, so this is empty', at, { help });
}

function checkInput(file: WorkflowFile, triggers: Trigger[], { path, keysAt, at }: Reference): void {
  const [name] = path;
  if (name === null || name === undefined) return;
  const known = [...new Set(triggers.flatMap(({ inputs }) => Object.keys(inputs ?? {})))];
  if (known.some((candidate) => same(candidate, name))) return;
  const message = `this workflow declares no input "${name}", so this is always empty`;
  file.report('warning', 'unknown-input', message, keysAt[0] ?? at, {
    notes: [`inputs declared: ${quoted(known)}`],
    help: meant(name, known) ?? 'declare it under `inputs:` of `workflow_dispatch` or `workflow_call`',
  });
}

function checkNeed(file: WorkflowFile, jobs: Job[], job: Job, reference: Reference): void {
  const [id] = reference.path;
  const [idAt = reference.at] = reference.keysAt;
  if (id === null || id === undefined) return;
  const ids = job.needs.map((need) => need.id);
  if (ids.some((known) => same(known, id))) {
    checkResults(file, reference, jobs);
    return;
  }
  const exists = jobs.some((other) => same(other.id, id));
  const message = `job "${job.id}" does not need "${id}", so it cannot see its results`;
  file.report('warning', 'unknown-need', message, idAt, {
    notes: [`needs of job "${job.id}": ${quoted(ids)}`],
    help: exists ? `add "${id}" to its \`needs\`` : meant(id, [...ids, ...jobs.map((other) => other.id)]),
  });
}

/** `needs.<job>` and `jobs.<job>`: what a job leaves behind. */
function checkResults(file: WorkflowFile, reference: Reference, jobs: Job[]): void {
  const [id, property, output] = reference.path;
  const [idAt = reference.at, propertyAt = reference.at, outputAt = reference.at] = reference.keysAt;
  if (id === null || id === undefined) return;
  const job = jobs.find((other) => same(other.id, id));
  if (!job) {
    if (reference.context !== 'jobs') return;
    const ids = jobs.map((other) => other.id);
    file.report('warning', 'unknown-job', `this workflow has no job "${id}", so this is always empty`, idAt, {
      notes: [`jobs: ${quoted(ids)}`],
      help: meant(id, ids),
    });
    return;
  }
  checkProperty(file, { name: property, at: propertyAt, of: `job "${id}"`, known: ['outputs', 'result'] });
  if (property !== null && property !== undefined && same(property, 'outputs'))
    checkOutput(file, job, output, outputAt);
}

/** Of a called workflow nothing is known here. */
function checkOutput(file: WorkflowFile, job: Job, name: string | null | undefined, at: Span): void {
  if (job.kind === 'call' || name === null || name === undefined) return;
  const outputs = Object.keys(job.outputs);
  if (outputs.some((known) => same(known, name))) return;
  const message = `job "${job.id}" has no output "${name}", so this is always empty`;
  file.report('warning', 'unknown-output', message, at, {
    notes: [`outputs of job "${job.id}": ${quoted(outputs)}`],
    help: meant(name, outputs),
  });
}

function checkMatrix(file: WorkflowFile, job: Job, reference: Reference): void {
  const [name] = reference.path;
  if (name === null || name === undefined) return;
  const known = matrixNames(job);
  if (!known || known.some((candidate) => same(candidate, name))) return;
  const message = `the matrix of job "${job.id}" has no "${name}", so this is always empty`;
  file.report('warning', 'unknown-axis', message, reference.keysAt[0] ?? reference.at, {
    notes: [`values of the matrix: ${quoted(known)}`],
    help: meant(name, known),
  });
}

/** Undefined where only evaluation can tell. */
function matrixNames(job: Job): string[] | undefined {
  if (!job.strategy) return [];
  const { matrix } = job.strategy;
  if (!matrix) return undefined;
  if (matrix.kind === 'expression' || matrix.include.kind === 'expression') return undefined;
  const names = new Set(Object.keys(matrix.axes));
  for (const entry of matrix.include.values) {
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return undefined;
    for (const name of Object.keys(entry)) names.add(name);
  }
  return [...names];
}
