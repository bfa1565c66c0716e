import { evaluateCondition } from '../expressions/index.ts';
import type { JobRef } from './ancestry.ts';
import { frameCancelReason } from './frame-cancel.ts';
import { writtenJob } from './frames.ts';
import type { JobResult, JobState, RunState } from './model.ts';
import { attempt, jobScope, statusOf } from './scope.ts';

/** What a job whose needs are done becomes. */
export type JobDecision =
  { kind: 'run' } | { kind: 'end'; result: 'skipped' | 'cancelled' | 'failure'; reason: string | null };

/**
 * Evaluates a job's `if`. Without a status function it means `success() && (…)`, over all ancestors.
 * A cancelled run cancels what has not started, unless the condition asks for cancelled runs, as `always()` does.
 */
export function decideJob(state: RunState, job: JobRef): JobDecision {
  const condition = writtenJob(state, job).if;
  const verdict = attempt(() =>
    condition
      ? evaluateCondition(condition.text, condition.at, jobScope(state, job))
      : statusOf(state, job).success(),
  );
  if (!verdict.ok) return { kind: 'end', result: 'failure', reason: verdict.reason };
  if (verdict.value) return { kind: 'run' };
  const reason = frameCancelReason(state, job.parent);
  return { kind: 'end', result: reason === null ? 'skipped' : 'cancelled', reason };
}

/** The end of a job that no worker ran. */
export function endState(
  result: JobResult,
  reason: string | null,
  nowMs: number,
): Extract<JobState, { phase: 'finished' }> {
  return {
    phase: 'finished',
    result,
    outputs: {},
    reason,
    lost: false,
    startedAtMs: null,
    finishedAtMs: nowMs,
  };
}
