import type { JobInstance, RunState } from './model.ts';

/** Name of what one attempt of a job leaves on disk: `test.0`, and `test.0@2` when it was run again. A relative path. */
export function workKey({ key, attempt }: Pick<JobInstance, 'key' | 'attempt'>): string {
  return attempt === 1 ? key : `${key}@${attempt}`;
}

/** Id of the worker process of one incarnation of a job: `run-7/test.0/0`. Unique, so a resumed job gets a process of its own. */
export function workerId(
  runId: string,
  job: Pick<JobInstance, 'key' | 'attempt'>,
  incarnation: number,
): string {
  return `${runId}/${workKey(job)}/${incarnation}`;
}

/**
 * Id of the worker that a job has now, or may have: one that waits has its first, where the tick that started it could not
 * be committed. Null when it has none. What to ask the supervisor for when observing.
 */
export function currentWorkerId(state: RunState, jobKey: string): string | null {
  const job = state.jobs[jobKey];
  if (job?.state.phase === 'running' || job?.state.phase === 'parked') {
    return workerId(state.id, job, job.state.incarnation);
  }
  return job?.state.phase === 'blocked' || job?.state.phase === 'queued' ? workerId(state.id, job, 0) : null;
}

/** Key of the rollout that one deploy step asks for; the same step of the same attempt always asks for the same rollout. */
export function rolloutKey(
  runId: string,
  job: Pick<JobInstance, 'key' | 'attempt'>,
  stepIndex: number,
): string {
  return `${runId}/${workKey(job)}/${stepIndex}`;
}
