import { instancesOf } from './ancestry.ts';
import { decideJob } from './decide-job.ts';
import type { JobInstance, RunState } from './model.ts';

/**
 * Why a job should not start, or end early; null when it may go on. Someone cancelled the run and its condition, looked
 * at anew, does not ask for cancelled runs; or a sibling failed under fail-fast.
 *
 * @see https://docs.github.com/actions/reference/workflow-cancellation-reference
 */
export function cancelReason(state: RunState, job: JobInstance): string | null {
  if (state.cancelRequested && decideJob(state, job.jobId).kind === 'end') {
    return `cancelled by ${state.cancelRequested.by}`;
  }
  return failFastReason(state, job);
}

/** The failed sibling that takes the rest of its matrix with it, as a sentence; null when there is none. */
function failFastReason(state: RunState, job: JobInstance): string | null {
  if (!job.strategy.failFast || job.strategy.jobTotal < 2) return null;
  const failed = instancesOf(state, job.jobId).find(
    (sibling) =>
      sibling.state.phase === 'finished' && sibling.state.result === 'failure' && !sibling.continueOnError,
  );
  return failed ? `${failed.displayName} failed and fail-fast is on` : null;
}
