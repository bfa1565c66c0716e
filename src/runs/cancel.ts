import { decideJob } from './decide-job.ts';
import { frameCancelReason, ownCancelReason } from './frame-cancel.ts';
import type { JobInstance, RunState } from './model.ts';

/**
 * Why a job should not start, or end early; null when it may go on. Someone cancelled the run, or the call that the job
 * belongs to, and its condition, looked at anew, does not ask for cancelled runs; or the job itself was cancelled.
 *
 * @see https://docs.github.com/actions/reference/workflow-cancellation-reference
 */
export function cancelReason(state: RunState, job: JobInstance): string | null {
  const reason = frameCancelReason(state, job.parent);
  if (reason !== null && decideJob(state, job).kind === 'end') return reason;
  return ownCancelReason(state, job);
}
