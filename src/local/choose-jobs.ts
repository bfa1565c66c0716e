import { CodedError, didYouMean } from '../diagnostics/index.ts';
import type { Job, Refusal, Workflow } from '../workflow/index.ts';

/**
 * The workflows that have one of the jobs, with these and what they need alone; all as they are when none is named.
 *
 * @param wanted - Ids or names.
 * @throws CodedError `local/no-such-job` for one that no workflow has.
 */
export function onlyJobs(workflows: Workflow[], wanted: readonly string[]): Workflow[] {
  if (wanted.length === 0) return workflows;
  const missing = wanted.find(
    (name) => !workflows.some(({ jobs }) => jobs.some((job) => isCalled(job, name))),
  );
  if (missing !== undefined) throw noSuchJob(workflows, missing);
  return workflows.flatMap((workflow) => {
    const ids = workflow.jobs.filter((job) => wanted.some((name) => isCalled(job, name))).map(({ id }) => id);
    const kept = withNeeds(workflow, ids);
    return kept.size === 0 ? [] : [{ ...workflow, jobs: workflow.jobs.filter(({ id }) => kept.has(id)) }];
  });
}

function isCalled(job: Job, name: string): boolean {
  return job.id === name || job.name?.text === name;
}

function withNeeds({ jobs }: Workflow, ids: readonly string[]): Set<string> {
  const kept = new Set<string>();
  const add = (id: string): void => {
    if (kept.has(id)) return;
    kept.add(id);
    for (const need of jobs.find((job) => job.id === id)?.needs ?? []) add(need.id);
  };
  ids.forEach(add);
  return kept;
}

function noSuchJob(workflows: Workflow[], name: string): CodedError {
  const ids = [...new Set(workflows.flatMap(({ jobs }) => jobs.map(({ id }) => id)))];
  const near = didYouMean(name, ids);
  return new CodedError('local/no-such-job', `no workflow has a job "${name}"`, {
    notes: [`jobs: ${ids.map((id) => `"${id}"`).join(', ') || 'none'}`],
    help: near === undefined ? 'see all with "slipway run --list"' : `did you mean "${near}"?`,
  });
}

/** Ids of the jobs that need nothing of what is refused. */
export function jobsBeside({ jobs }: Workflow, refusals: readonly Refusal[]): string[] {
  const refused = new Set(refusals.map(({ jobId }) => jobId));
  if (refused.has(null)) return [];
  const isFree = (job: Job): boolean =>
    job.kind === 'steps' &&
    !refused.has(job.id) &&
    job.needs.every(({ id }) => jobs.some((other) => other.id === id && isFree(other)));
  return jobs.filter(isFree).map(({ id }) => id);
}
