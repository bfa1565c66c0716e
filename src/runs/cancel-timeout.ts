import { coerceToNumber } from '../expressions/index.ts';
import { writtenJob } from './frames.ts';
import type { JobInstance, RunState } from './model.ts';
import { attempt, evaluate, jobScope } from './scope.ts';

/** GitHub's usual time, in minutes. */
const usualMinutes = 5;

/**
 * How long a cancelled job has for its `always()` steps: its `cancel-timeout-minutes`, or five minutes where that says
 * nothing or no number.
 */
export function cancelTimeoutMs(state: RunState, job: JobInstance): number {
  const written = writtenJob(state, job);
  const template = written.kind === 'steps' ? written.cancelTimeoutMinutes : undefined;
  const minutes = attempt(() =>
    template ? coerceToNumber(evaluate(template, jobScope(state, job, job))) : usualMinutes,
  );
  return (minutes.ok && minutes.value > 0 ? minutes.value : usualMinutes) * 60_000;
}
