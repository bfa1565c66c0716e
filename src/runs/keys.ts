import type { RunState } from './model.ts';

/** Id of the worker process of one incarnation of a job: `run-7/test.0/0`. Unique, so a resumed job gets a process of its own. */
export function workerId(runId: string, jobKey: string, incarnation: number): string {
  return `${runId}/${jobKey}/${incarnation}`;
}

/** Id of the worker that a job has now, or null when it has none. What to ask the supervisor for when observing. */
export function currentWorkerId(state: RunState, jobKey: string): string | null {
  const job = state.jobs[jobKey]?.state;
  if (job?.phase !== 'running' && job?.phase !== 'parked') return null;
  return workerId(state.id, jobKey, job.incarnation);
}

/** Key of the rollout that one deploy step asks for; the same step of the same run always asks for the same rollout. */
export function rolloutKey(runId: string, jobKey: string, stepIndex: number): string {
  return `${runId}/${jobKey}/${stepIndex}`;
}
