import type { Json, StepsJob, Workflow } from '../workflow/index.ts';
import type { JobInstance, JobResult, RunState } from './model.ts';

/** The instances of one job, in matrix order. */
export function instancesOf(state: RunState, jobId: string): JobInstance[] {
  return Object.values(state.jobs).filter((instance) => instance.jobId === jobId);
}

/** What dependents see of one instance: a failure that may continue counts as success. Null until it has ended. */
export function conclusionOf(instance: JobInstance): JobResult | null {
  if (instance.state.phase !== 'finished') return null;
  const { result } = instance.state;
  return result === 'failure' && instance.continueOnError ? 'success' : result;
}

/** The result of a whole job: the worst of its instances. Null while one has not ended. */
export function jobResult(state: RunState, jobId: string): JobResult | null {
  const conclusions = instancesOf(state, jobId).map(conclusionOf);
  if (conclusions.includes(null)) return null;
  const worstFirst: JobResult[] = ['failure', 'cancelled', 'success', 'skipped'];
  return worstFirst.find((result) => conclusions.includes(result)) ?? 'skipped';
}

/** The outputs of a whole job: instances overlay each other in the order they ended, empty values never win. */
export function jobOutputs(state: RunState, jobId: string): Record<string, string> {
  const outputs: Record<string, string> = {};
  const ended = instancesOf(state, jobId).flatMap(({ state }) => (state.phase === 'finished' ? [state] : []));
  for (const instance of ended.sort((a, b) => a.finishedAtMs - b.finishedAtMs)) {
    for (const [name, value] of Object.entries(instance.outputs)) {
      if (value !== '' || outputs[name] === undefined) outputs[name] = value;
    }
  }
  return outputs;
}

/** The `needs` context: direct needs only. */
export function needsContext(state: RunState, jobId: string): Record<string, Json> {
  const context: Record<string, Json> = {};
  for (const need of jobOf(state.workflow, jobId).needs) {
    context[need.id] = { result: jobResult(state, need.id), outputs: jobOutputs(state, need.id) };
  }
  return context;
}

/**
 * What the status functions of a job's `if` look at: every ancestor, not only direct needs.
 *
 * @see https://docs.github.com/actions/reference/evaluate-expressions-in-workflows-and-actions#status-check-functions
 */
export function ancestorResults(state: RunState, jobId: string): JobResult[] {
  const seen = new Set<string>();
  const queue = [jobId];
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    for (const need of jobOf(state.workflow, id).needs) {
      if (!seen.has(need.id)) queue.push(need.id);
      seen.add(need.id);
    }
  }
  return [...seen].flatMap((id) => jobResult(state, id) ?? []);
}

/** The job as written. */
export function jobOf(workflow: Workflow, jobId: string): Workflow['jobs'][number] {
  const job = workflow.jobs.find((candidate) => candidate.id === jobId);
  if (!job) throw new Error(`workflow ${workflow.file} has no job ${jobId}`);
  return job;
}

/** A job with steps, which is all that a worker runs. */
export function stepsJobOf(workflow: Workflow, jobId: string): StepsJob {
  const job = jobOf(workflow, jobId);
  if (job.kind !== 'steps') throw new Error(`job ${jobId} of ${workflow.file} calls a workflow`);
  return job;
}
