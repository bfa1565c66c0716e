import type { Json } from '../workflow/index.ts';
import { instancesOf, writtenJob } from './frames.ts';
import type { JobInstance, JobResult, RunState } from './model.ts';

/** A job of a frame, whatever its instances. */
export type JobRef = Pick<JobInstance, 'parent' | 'jobId'>;

/** What dependents see of one instance: a failure that may continue counts as success. Null until it has ended. */
export function conclusionOf(instance: JobInstance): JobResult | null {
  if (instance.state.phase !== 'finished') return null;
  const { result } = instance.state;
  return result === 'failure' && instance.continueOnError ? 'success' : result;
}

/** The result of a whole job: the worst of its instances. Null while one has not ended. */
export function jobResult(state: RunState, { parent, jobId }: JobRef): JobResult | null {
  return worst(instancesOf(state, parent, jobId).map(conclusionOf));
}

/** The worst of some results; null while one is missing, `skipped` when there is none at all. */
export function worst(results: (JobResult | null)[]): JobResult | null {
  if (results.includes(null)) return null;
  const worstFirst: JobResult[] = ['failure', 'cancelled', 'success', 'skipped'];
  return worstFirst.find((result) => results.includes(result)) ?? 'skipped';
}

/** The outputs of a whole job: instances overlay each other in the order they ended, empty values never win. */
export function jobOutputs(state: RunState, { parent, jobId }: JobRef): Record<string, string> {
  const outputs: Record<string, string> = {};
  const ended = instancesOf(state, parent, jobId).flatMap(({ state: at }) =>
    at.phase === 'finished' ? [at] : [],
  );
  for (const instance of ended.sort((a, b) => a.finishedAtMs - b.finishedAtMs)) {
    for (const [name, value] of Object.entries(instance.outputs)) {
      if (value !== '' || outputs[name] === undefined) outputs[name] = value;
    }
  }
  return outputs;
}

/** The `needs` context: direct needs only. */
export function needsContext(state: RunState, job: JobRef): Record<string, Json> {
  const ids = needsOf(state, job).map(({ jobId }) => jobId);
  return resultsContext(state, job.parent, ids);
}

/** Results and outputs of some jobs of a frame, as `needs` and `jobs` show them. */
export function resultsContext(
  state: RunState,
  parent: string | null,
  jobIds: string[],
): Record<string, Json> {
  return Object.fromEntries(
    jobIds.map((jobId) => [
      jobId,
      { result: jobResult(state, { parent, jobId }), outputs: jobOutputs(state, { parent, jobId }) },
    ]),
  );
}

/** The jobs that a job needs, which always stand in its own frame. */
export function needsOf(state: RunState, job: JobRef): JobRef[] {
  return writtenJob(state, job).needs.map(({ id }) => ({ parent: job.parent, jobId: id }));
}

/**
 * What the status functions of a job's `if` look at: every ancestor of its frame, not only direct needs. What the caller
 * needs was looked at when the call began.
 *
 * @param among - Only these jobs, as `success('build')` asks; their names ignore case.
 * @see https://docs.github.com/actions/reference/evaluate-expressions-in-workflows-and-actions#status-check-functions
 */
export function ancestorResults(state: RunState, job: JobRef, among?: readonly string[]): JobResult[] {
  const wanted = among?.map((name) => name.toLowerCase());
  const seen = new Map<string, JobRef>();
  const queue = [job];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    for (const need of needsOf(state, at)) {
      if (!seen.has(need.jobId)) queue.push(need);
      seen.set(need.jobId, need);
    }
  }
  const asked = [...seen.values()].filter(({ jobId }) => wanted?.includes(jobId.toLowerCase()) ?? true);
  return asked.flatMap((need) => jobResult(state, need) ?? []);
}
