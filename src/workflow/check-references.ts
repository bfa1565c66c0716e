import { didYouMean, type Span } from '../diagnostics/index.ts';
import type { Reference } from '../expressions/index.ts';
import { builtInAction } from './actions.ts';
import type { Owner, WorkflowFile } from './file.ts';
import { environmentOf, stepsOf } from './job-parts.ts';
import type { Job, Step } from './model.ts';

/** Judges what one part of the file says about another, now that all jobs are known. */
export function checkReferences(file: WorkflowFile, jobs: Job[]): void {
  for (const job of jobs) {
    checkStepIds(file, job);
    checkDeploys(file, job);
  }
  for (const { owner, names } of file.uses) {
    for (const reference of names.references) checkToken(file, reference);
    const job = jobs.find(({ id }) => id === owner.jobId);
    if (!job) continue;
    for (const reference of names.references) {
      if (reference.context === 'steps') checkStep(file, job, owner, reference);
      if (reference.context === 'needs') checkNeed(file, jobs, job, reference);
      if (reference.context === 'matrix') checkMatrix(file, job, reference);
    }
  }
}

/** A deploy step says where to, or its job does. */
function checkDeploys(file: WorkflowFile, job: Job): void {
  if (environmentOf(job)) return;
  for (const step of stepsOf(job)) {
    if (step.kind !== 'uses' || builtInAction(step.uses.text)?.action.name !== 'slipway/deploy') continue;
    if (Object.keys(step.with).some((name) => same(name, 'environment'))) continue;
    const help = `give job "${job.id}" an \`environment:\`, or the step \`with: { environment: staging }\``;
    file.error('missing-input', 'slipway/deploy does not know where to deploy', step.uses.at, { help });
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

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
const quoted = (names: string[]) => names.map((name) => `"${name}"`).join(', ') || 'none';
const meant = (name: string, known: string[]) => {
  const near = didYouMean(name, known);
  return near === undefined ? undefined : `did you mean "${near}"?`;
};

function checkStepIds(file: WorkflowFile, job: Job): void {
  const seen: { id: string; at: Span }[] = [];
  for (const { id, at } of stepsOf(job)) {
    if (id === undefined) continue;
    const before = seen.find((other) => same(other.id, id));
    if (before) {
      const { start } = before.at;
      const notes = [`first at ${file.file}:${start.line}:${start.column}`];
      const help = 'give each step an id of its own; case does not tell them apart';
      file.error('duplicate-step-id', `two steps of job "${job.id}" have the id "${id}"`, at, {
        notes,
        help,
      });
    } else seen.push({ id, at });
  }
}

function checkStep(file: WorkflowFile, job: Job, owner: Owner, reference: Reference): void {
  const [id, property, output] = reference.path;
  const [idAt = reference.at, propertyAt = reference.at, outputAt = reference.at] = reference.keysAt;
  if (id === null || id === undefined) return;
  const ids = stepsOf(job).flatMap((step) => step.id ?? []);
  const index = stepsOf(job).findIndex((step) => step.id !== undefined && same(step.id, id));
  const step = stepsOf(job)[index];
  if (!step) {
    file.error('unknown-step', `job "${job.id}" has no step with the id "${id}"`, idAt, {
      notes: [`step ids in job "${job.id}": ${quoted(ids)}`],
      help: meant(id, ids) ?? 'give the step an `id:`',
    });
    return;
  }
  if (owner.stepIndex !== undefined && index >= owner.stepIndex) {
    const when = index === owner.stepIndex ? 'is this step itself' : 'runs only later';
    const help = 'move that step up';
    file.report('warning', 'later-step', `step "${id}" ${when}, so this is always empty`, idAt, { help });
  }
  checkProperty(file, { name: property, at: propertyAt, of: `step "${id}"`, known: stepProperties });
  if (property !== null && property !== undefined && same(property, 'outputs')) {
    checkActionOutput(file, step, output, outputAt);
  }
}

const stepProperties = ['outputs', 'outcome', 'conclusion'];
const needProperties = ['outputs', 'result'];

interface Property {
  name: string | null | undefined;
  at: Span;
  of: string;
  known: string[];
}

function checkProperty(file: WorkflowFile, { name, at, of, known }: Property): void {
  if (name === null || name === undefined || known.some((candidate) => same(candidate, name))) return;
  file.error('unknown-property', `${of} has no property "${name}"`, at, {
    notes: [`properties: ${known.join(', ')}`],
    help: meant(name, known) ?? (known.includes('outcome') ? `write outputs.${name}` : undefined),
  });
}

function checkActionOutput(file: WorkflowFile, step: Step, name: string | null | undefined, at: Span): void {
  if (step.kind !== 'uses' || name === null || name === undefined) return;
  const action = builtInAction(step.uses.text)?.action;
  if (!action || action.outputs.some((output) => same(output, name))) return;
  file.report(
    'warning',
    'unknown-output',
    `${action.name} has no output "${name}", so this is always empty`,
    at,
    {
      notes: [`outputs of ${action.name}: ${quoted([...action.outputs])}`],
      help: meant(name, [...action.outputs]),
    },
  );
}

function checkNeed(file: WorkflowFile, jobs: Job[], job: Job, reference: Reference): void {
  const [id, property, output] = reference.path;
  const [idAt = reference.at, propertyAt = reference.at, outputAt = reference.at] = reference.keysAt;
  if (id === null || id === undefined) return;
  const ids = job.needs.map((need) => need.id);
  if (!ids.some((known) => same(known, id))) {
    const exists = jobs.some((other) => same(other.id, id));
    const message = `job "${job.id}" does not need "${id}", so it cannot see its results`;
    file.error('unknown-need', message, idAt, {
      notes: [`needs of job "${job.id}": ${quoted(ids)}`],
      help: exists ? `add "${id}" to its \`needs\`` : meant(id, [...ids, ...jobs.map((other) => other.id)]),
    });
    return;
  }
  checkProperty(file, { name: property, at: propertyAt, of: `job "${id}"`, known: needProperties });
  const outputs = Object.keys(outputsOf(jobs.find((other) => same(other.id, id))));
  if (property?.toLowerCase() !== 'outputs' || output === null || output === undefined) return;
  if (outputs.some((known) => same(known, output))) return;
  file.report(
    'warning',
    'unknown-output',
    `job "${id}" has no output "${output}", so this is always empty`,
    outputAt,
    {
      notes: [`outputs of job "${id}": ${quoted(outputs)}`],
      help: meant(output, outputs),
    },
  );
}

/** Of a called workflow nothing is known here. */
function outputsOf(job: Job | undefined): Record<string, unknown> {
  return job?.kind === 'steps' ? job.outputs : {};
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
