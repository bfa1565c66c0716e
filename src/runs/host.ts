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
  const refused = workflow.refusals.find(({ jobId }) => jobId === null || jobId === job.jobId);
  if (refused) return refused.finding.message;
  const written = writtenJob(state, job);
  if (written.kind !== 'steps') return null;
  const labels = labelsOf(written, scope);
  const reasons = labels.flatMap((label) => refusedLabel(label, limits.hostLabels)?.message ?? []);
  return reasons[0] ?? null;
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
