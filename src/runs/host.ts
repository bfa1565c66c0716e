import type { Span } from '../diagnostics/index.ts';
import { toJson } from '../expressions/index.ts';
import type { Scope } from '../expressions/index.ts';
import { refusedLabel } from '../workflow/index.ts';
import type { StepsJob } from '../workflow/index.ts';
import type { PlanLimits } from './draft.ts';
import { frameOf, writtenJob } from './frames.ts';
import type { JobInstance, RunState } from './model.ts';
import { concerns } from './reach.ts';
import { evaluate } from './scope.ts';

/** Why this machine does not run an instance. */
export interface HostRefusal {
  /**
   * `label`: it asks for another system, which may be another machine's part. `ability`: it asks for what this machine
   * cannot do.
   */
  kind: 'label' | 'ability';
  /** A sentence. */
  reason: string;
}

/** Why this machine cannot run the instance, which is due; null when it can. */
export function refusalOf(
  state: RunState,
  job: JobInstance,
  { scope, limits }: { scope: Scope; limits: PlanLimits },
): HostRefusal | null {
  const { workflow } = frameOf(state, job.parent);
  const written = writtenJob(state, job);
  const labelled = written.kind === 'steps' ? written.runsOn : [];
  const labels = written.kind === 'steps' ? labelsOf(written, scope) : [];
  const label = labels.flatMap((each) => refusedLabel(each, limits.hostLabels)?.message ?? [])[0];
  if (label !== undefined) return { kind: 'label', reason: label };
  const refused = workflow.refusals.find(
    (refusal) =>
      (refusal.jobId === null || refusal.jobId === job.jobId) &&
      // Labels are looked at above, with those that this machine takes beyond the usual ones.
      !labelled.some(({ at }) => isSamePlace(at, refusal.finding.at)) &&
      concerns(refusal, written, scope),
  );
  return refused ? { kind: 'ability', reason: refused.finding.message } : null;
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
