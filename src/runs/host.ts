import type { Span } from '../diagnostics/index.ts';
import { toJson } from '../expressions/index.ts';
import type { Scope } from '../expressions/index.ts';
import { refusedLabel } from '../workflow/index.ts';
import type { StepsJob } from '../workflow/index.ts';
import type { PlanLimits } from './draft.ts';
import { frameOf, writtenJob } from './frames.ts';
import type { JobInstance, RunState } from './model.ts';
import { evaluate } from './scope.ts';

/** Why this machine cannot run the instance, as a sentence; null when it can. */
export function refusalOf(
  state: RunState,
  job: JobInstance,
  { scope, limits }: { scope: Scope; limits: PlanLimits },
): string | null {
  const { workflow } = frameOf(state, job.parent);
  const written = writtenJob(state, job);
  const labelled = written.kind === 'steps' ? written.runsOn : [];
  const refused = workflow.refusals.find(
    ({ jobId, finding }) =>
      (jobId === null || jobId === job.jobId) &&
      // Labels are looked at below, with those that this machine takes beyond the usual ones.
      !labelled.some(({ at }) => isSamePlace(at, finding.at)),
  );
  if (refused) return refused.finding.message;
  if (written.kind !== 'steps') return null;
  const labels = labelsOf(written, scope);
  const reasons = labels.flatMap((label) => refusedLabel(label, limits.hostLabels)?.message ?? []);
  return reasons[0] ?? null;
}

function isSamePlace(a: Span, b: Span | undefined): boolean {
  return b !== undefined && a.start.line === b.start.line && a.start.column === b.start.column;
}

/** Labels that a job asks for; one that is a single expression may yield a list, or an object with `group` and `labels`. */
function labelsOf(job: StepsJob, scope: Scope): string[] {
  return job.runsOn.flatMap((label) => textsIn(toJson(evaluate(label, scope))));
}

function textsIn(value: ReturnType<typeof toJson>): string[] {
  if (Array.isArray(value)) return value.flatMap(textsIn);
  if (value !== null && typeof value === 'object') return textsIn(value['labels'] ?? []);
  return value === null || value === '' ? [] : [String(value)];
}
