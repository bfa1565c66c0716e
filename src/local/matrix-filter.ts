import { CodedError } from '../diagnostics/index.ts';
import type { JobInstance, RunState } from '../runs/index.ts';
import type { Json } from '../workflow/index.ts';

/**
 * What leaves combinations out of a run that nobody asked for, or null when all are wanted. Values of one axis are
 * alternatives; a job without the axis runs as it is.
 */
export function matrixFilter(
  wanted: readonly (readonly [axis: string, value: string])[],
): ((run: RunState) => RunState) | null {
  if (wanted.length === 0) return null;
  const axes = Map.groupBy(wanted, ([axis]) => axis);
  return (run) => {
    const entries = Object.entries(run.jobs);
    const kept = entries.filter(([, job]) => fits(job, axes));
    if (kept.length === entries.length) return run;
    for (const [, { parent, jobId }] of entries) {
      if (!kept.some(([, other]) => other.parent === parent && other.jobId === jobId))
        throw noCombination(jobId, wanted);
    }
    return { ...run, jobs: Object.fromEntries(kept) };
  };
}

function fits({ matrix }: JobInstance, axes: Map<string, (readonly [string, string])[]>): boolean {
  if (matrix === null) return true;
  return Array.from(axes).every(
    ([axis, values]) =>
      matrix[axis] === undefined || values.some(([, value]) => textOf(matrix[axis]) === value),
  );
}

function textOf(value: Json | undefined): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function noCombination(job: string, wanted: readonly (readonly [string, string])[]): CodedError {
  const asked = wanted.map(([axis, value]) => `${axis}:${value}`).join(', ');
  return new CodedError('local/no-combination', `no combination of the matrix of ${job} has ${asked}`, {
    help: 'run without --matrix to see the combinations',
  });
}
