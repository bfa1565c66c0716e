import type { Span } from '../diagnostics/index.ts';
import type { Reference } from '../expressions/index.ts';
import { builtInAction } from './actions.ts';
import { checkProperty, quoted, same } from './check-property.ts';
import type { Owner, WorkflowFile } from './file.ts';
import { meant } from './meant.ts';
import type { Step } from './model.ts';

/** The steps that see each other: those of a job, or of a composite action. */
export interface StepScope {
  /** In words, such as `job "build"`. */
  of: string;
  steps: Step[];
}

/** Judges the ids of steps and what they say about each other. */
export function checkSteps(file: WorkflowFile, scope: StepScope, isOurs: (owner: Owner) => boolean): void {
  checkIds(file, scope);
  for (const { owner, names } of file.uses.filter((use) => isOurs(use.owner))) {
    for (const reference of names.references)
      if (reference.context === 'steps') checkReference(file, scope, owner, reference);
  }
}

function checkIds(file: WorkflowFile, { of, steps }: StepScope): void {
  const seen: { id: string; at: Span }[] = [];
  for (const { id, at } of steps) {
    if (id === undefined) continue;
    const before = seen.find((other) => same(other.id, id));
    if (before) {
      const { start } = before.at;
      const notes = [`first at ${file.file}:${start.line}:${start.column}`];
      const help = 'give each step an id of its own; case does not tell them apart';
      file.error('duplicate-step-id', `two steps of ${of} have the id "${id}"`, at, { notes, help });
    } else seen.push({ id, at });
  }
}

function checkReference(file: WorkflowFile, scope: StepScope, owner: Owner, reference: Reference): void {
  const [id, property, output] = reference.path;
  const [idAt = reference.at, propertyAt = reference.at, outputAt = reference.at] = reference.keysAt;
  if (id === null || id === undefined) return;
  const ids = scope.steps.flatMap((step) => step.id ?? []);
  const index = scope.steps.findIndex((step) => step.id !== undefined && same(step.id, id));
  const step = scope.steps[index];
  if (!step) {
    file.report('warning', 'unknown-step', `${scope.of} has no step with the id "${id}"`, idAt, {
      notes: [`step ids in ${scope.of}: ${quoted(ids)}`],
      help: meant(id, ids) ?? 'give the step an `id:`',
    });
    return;
  }
  if (owner.stepIndex !== undefined) checkOrder(file, scope, { from: owner.stepIndex, index, id, at: idAt });
  checkProperty(file, { name: property, at: propertyAt, of: `step "${id}"`, known: stepProperties });
  if (property !== null && property !== undefined && same(property, 'outputs')) {
    checkActionOutput(file, step, output, outputAt);
  }
}

const stepProperties = ['outputs', 'outcome', 'conclusion'];

/** A step sees those that have ended before it begins. */
function checkOrder(
  file: WorkflowFile,
  { steps }: StepScope,
  { from, index, id, at }: { from: number; index: number; id: string; at: Span },
): void {
  const step = steps[index];
  if (index >= from) {
    const when = index === from ? 'is this step itself' : 'runs only later';
    const help = 'move that step up';
    file.report('warning', 'later-step', `step "${id}" ${when}, so this is always empty`, at, { help });
  } else if (step?.background && !steps.slice(index, from).some((other) => waitsFor(other, index))) {
    const message = `step "${id}" runs in the background and is not waited for before this, so this is empty`;
    const help = `put \`- wait: ${id}\` before this step`;
    file.report('warning', 'later-step', message, at, { help });
  }
}

function waitsFor(step: Step, index: number): boolean {
  return step.kind === 'wait' && (step.steps === 'all' || step.steps.includes(index));
}

function checkActionOutput(file: WorkflowFile, step: Step, name: string | null | undefined, at: Span): void {
  if (step.kind !== 'uses' || name === null || name === undefined) return;
  const action = builtInAction(step.uses.text)?.action;
  if (!action || action.outputs.some((output) => same(output, name))) return;
  const message = `${action.name} has no output "${name}", so this is always empty`;
  file.report('warning', 'unknown-output', message, at, {
    notes: [`outputs of ${action.name}: ${quoted([...action.outputs])}`],
    help: meant(name, action.outputs),
  });
}
