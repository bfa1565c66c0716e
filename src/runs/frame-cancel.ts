import { callsAround, instancesOf } from './frames.ts';
import type { JobInstance, RunState } from './model.ts';

/** Why everything in a frame is cancelled: the run, or a call around it; null when nothing is. */
export function frameCancelReason(state: RunState, parent: string | null): string | null {
  if (state.cancelRequested) return `cancelled by ${state.cancelRequested.by}`;
  const [reason] = callsAround(state, parent).flatMap((call) => ownCancelReason(state, call) ?? []);
  return reason ?? null;
}

/** Why this very instance is cancelled, whatever its condition says: a newcomer of its group, or a failed sibling. */
export function ownCancelReason(state: RunState, job: JobInstance): string | null {
  return job.superseded ?? failFastReason(state, job);
}

/** The failed sibling that takes the rest of its matrix with it, as a sentence; null when there is none. */
function failFastReason(state: RunState, job: JobInstance): string | null {
  if (!job.strategy.failFast || job.strategy.jobTotal < 2) return null;
  const failed = instancesOf(state, job.parent, job.jobId).find(
    (sibling) =>
      sibling.attempt === job.attempt &&
      sibling.state.phase === 'finished' &&
      sibling.state.result === 'failure' &&
      !sibling.continueOnError,
  );
  return failed ? `${failed.displayName} failed and fail-fast is on` : null;
}
