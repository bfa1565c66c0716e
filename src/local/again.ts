import { readFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError } from '../diagnostics/index.ts';
import { readReport, type StepReport } from '../runner/index.ts';
import { rerun, workKey, type JobInstance, type RunState } from '../runs/index.ts';
import type { Checkpoint, KeptFolder, KeptRun } from './kept.ts';

/** What of the last run is to be run again. */
export type AgainWish =
  | { kind: 'failed' }
  /** From a step of one job on, or that step alone, in the workspace as it was left. */
  | { kind: 'step'; step: string; onlyIt: boolean; job: string | null };

/** The last run, made ready to go on. */
export interface Again {
  kept: KeptRun;
  runs: RunState[];
  /** The job that goes on from one of its steps; null when whole jobs are run again. */
  step: { run: string; job: string; index: number; onlyIt: boolean; checkpoint: Checkpoint } | null;
}

/** Where everything of one job lies. */
export function jobFolder(root: string, run: RunState, job: JobInstance): string {
  return join(root, run.id, workKey(job).replaceAll('/', '--'));
}

/**
 * Makes the last run ready to go on where somebody wants it.
 *
 * @throws CodedError `local/under-way`, `local/nothing-failed`, `local/no-such-job`, `local/no-such-step`, `local/step-not-reached`
 */
export async function runAgain(kept: KeptRun, folder: KeptFolder, wish: AgainWish): Promise<Again> {
  if (folder.isUnderWay(kept.id)) {
    throw new CodedError('local/under-way', 'the last run of this repository is still under way', {
      help: 'wait for its end, or end it with Ctrl-C where it runs',
    });
  }
  if (wish.kind === 'failed') return { kept, runs: failedAgain(kept.runs), step: null };
  const root = folder.path(kept.id);
  const { run, job } = findJob(kept.runs, wish.job);
  if (job.state.phase === 'finished' && job.state.result === 'skipped') {
    throw new CodedError(
      'local/step-not-reached',
      `job "${job.displayName}" was skipped in the last run, so it has no step to go on from`,
      { help: `run the job with what it needs: slipway run -j ${job.jobId}` },
    );
  }
  const steps = (await readReport(join(jobFolder(root, run, job), 'job')))?.steps ?? [];
  const index = findStep(steps, wish.step, job.displayName);
  const file = checkpointFile(jobFolder(root, run, job), index);
  if (!existsSync(file)) {
    throw new CodedError(
      'local/step-not-reached',
      `the last run of job "${job.displayName}" did not get as far as that step`,
      {
        help: 'name an earlier one, or run the whole job: slipway run -j <job>',
      },
    );
  }
  const checkpoint = JSON.parse(readFileSync(file, 'utf8')) as Checkpoint;
  const runs = [onlyJobAgain(run, job)];
  return { kept, runs, step: { run: run.id, job: job.key, index, onlyIt: wish.onlyIt, checkpoint } };
}

/** Where that is kept. */
export function checkpointFile(folder: string, stepIndex: number): string {
  return join(folder, 'steps', `${stepIndex}.json`);
}

function failedAgain(runs: readonly RunState[]): RunState[] {
  const ended = runs.map((run) => ({
    ...run,
    finished: run.finished ?? { result: 'failure' as const, atMs: 0 },
  }));
  const failed = ended.filter(({ jobs }) => Object.values(jobs).some(isFailed));
  if (failed.length === 0) {
    throw new CodedError('local/nothing-failed', 'no job of the last run failed', {
      help: 'run all of it again: slipway run',
    });
  }
  return failed.map((run) => rerun(run, { only: 'failed' }));
}

/** Jobs that an end of the process cut off count as failed. */
function isFailed({ state }: JobInstance): boolean {
  return state.phase !== 'finished' || state.result === 'failure' || state.result === 'cancelled';
}

/** The run with this one job to do; everything else keeps the results that it has. */
function onlyJobAgain(run: RunState, job: JobInstance): RunState {
  return {
    ...run,
    jobs: { ...run.jobs, [job.key]: { ...job, superseded: null, state: { phase: 'queued' } } },
    cancelRequested: null,
    finished: null,
  };
}

function findJob(runs: readonly RunState[], name: string | null): { run: RunState; job: JobInstance } {
  const all = runs.flatMap((run) => Object.values(run.jobs).map((job) => ({ run, job })));
  const found = all.filter(({ job }) =>
    name === null ? isFailed(job) : [job.key, job.jobId, job.displayName].includes(name),
  );
  const [first] = found;
  if (first && found.length === 1) return first;
  const names = (found.length > 0 ? found : all).map(({ job }) => `"${job.displayName}"`).join(', ');
  const message =
    name === null
      ? `say of which job: ${found.length === 0 ? 'none' : found.length} of the last run failed`
      : found.length === 0
        ? `the last run had no job "${name}"`
        : `"${name}" stands for ${found.length} jobs of the last run`;
  throw new CodedError('local/no-such-job', message, {
    notes: [`jobs: ${names}`],
    help: 'name one of these: slipway run -j "<job>" --from <step>',
  });
}

/** By number from 1, by id, or by name. */
function findStep(steps: readonly StepReport[], wanted: string, job: string): number {
  const own = steps.filter(({ kind }) => kind === 'main');
  const found = own.find(
    ({ index, id, name }) => id === wanted || name === wanted || String(index + 1) === wanted,
  );
  if (found) return found.index;
  throw new CodedError('local/no-such-step', `job "${job}" has no step "${wanted}"`, {
    notes: own.map(({ index, id, name }) => `${index + 1}. ${name}${id === null ? '' : ` (id: ${id})`}`),
    help: 'name one by its number, id or name',
  });
}
