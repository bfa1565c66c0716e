import { instancesOf } from './ancestry.ts';
import type { JobInstance, RunState } from './model.ts';

/** Why a job that runs should end early, or null: someone cancelled the run, or a sibling failed under fail-fast. */
export function cancelReason(state: RunState, job: JobInstance): string | null {
  if (state.cancelRequested) return `cancelled by ${state.cancelRequested.by}`;
  return failFastReason(state, job);
}

/** The failed sibling that takes the rest of its matrix with it, as a sentence; null when there is none. */
export function failFastReason(state: RunState, job: JobInstance): string | null {
  if (!job.strategy.failFast || job.strategy.jobTotal < 2) return null;
  const failed = instancesOf(state, job.jobId).find(
    (sibling) =>
      sibling.state.phase === 'finished' && sibling.state.result === 'failure' && !sibling.continueOnError,
  );
  return failed ? `${failed.displayName} failed and fail-fast is on` : null;
}
