import type { Job, Step, StepsJob } from './model.ts';

/** The steps of a job; a job that calls another workflow has none of its own. */
export function stepsOf(job: Job): Step[] {
  return job.kind === 'steps' ? job.steps : [];
}

/** The environment of a job, if it has one. */
export function environmentOf(job: Job): StepsJob['environment'] {
  return job.kind === 'steps' ? job.environment : undefined;
}
