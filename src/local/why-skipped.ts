import { writtenJob, type JobInstance, type RunState } from '../runs/index.ts';

/** With one of these in it, a condition looks at the jobs before by itself. */
const statusFunction = /\b(?:success|failure|cancelled|always)\s*\(/i;

/** Why the workflow itself left a job out: a job that it needs, or its own `if`. Null for every other job. */
export function whySkipped(run: RunState, job: JobInstance): string | null {
  const { state } = job;
  if (state.phase !== 'finished' || state.result !== 'skipped' || state.reason !== null) return null;
  const { needs, if: condition } = writtenJob(run, job);
  if (condition && statusFunction.test(condition.text)) return `if is false: ${condition.text}`;
  const missed = needs.flatMap(({ id }) => missing(run, job.parent, id));
  if (missed.length > 0) return missed.join(', ');
  return condition ? `if is false: ${condition.text}` : 'a job before it did not succeed';
}

function missing(run: RunState, parent: string | null, id: string): string[] {
  const results = Object.values(run.jobs)
    .filter((other) => other.parent === parent && other.jobId === id)
    .map(({ state }) => (state.phase === 'finished' ? state.result : null));
  if (results.includes('failure')) return [`${id} failed`];
  if (results.includes('cancelled')) return [`${id} was cancelled`];
  return results.length > 0 && results.every((result) => result === 'skipped') ? [`${id} was skipped`] : [];
}
