import type { Span } from '../diagnostics/index.ts';
import type { Annotation, JobReport, LogRecord, StepReport } from '../runner/index.ts';
import { writtenJob, type JobInstance, type RunState } from '../runs/index.ts';
import { whySkipped } from './why-skipped.ts';

/** A local run as people follow it. */
export interface LocalView {
  /** `owner/name` */
  repository: string;
  commit: string;
  /** First line of the commit's message. */
  title: string;
  state: 'running' | 'success' | 'failure' | 'cancelled';
  startedAtMs: number;
  finishedAtMs: number | null;
  /** One for each workflow. */
  runs: LocalRunView[];
}

/** One workflow's run. */
export interface LocalRunView {
  id: string;
  workflow: string;
  file: string;
  event: string;
  state: 'running' | 'success' | 'failure' | 'cancelled';
  jobs: LocalJobView[];
}

/** A job, or one combination of its matrix. */
export interface LocalJobView {
  key: string;
  name: string;
  state: 'pending' | 'blocked' | 'queued' | 'running' | 'success' | 'failure' | 'cancelled' | 'skipped';
  /** Why it waits, or why it ended when no step tells. */
  reason: string | null;
  /** Which condition or which job before it kept it from running; null unless it was skipped by the workflow's own rules. */
  because: string | null;
  needs: string[];
  startedAtMs: number | null;
  finishedAtMs: number | null;
  steps: LocalStepView[];
  annotations: Annotation[];
  /** File of the summary that its steps wrote, if any. */
  summaryFile: string | null;
}

/** A step of a job. */
export interface LocalStepView {
  index: number;
  name: string;
  state: 'pending' | 'running' | 'success' | 'failure' | 'cancelled' | 'skipped';
  /** It failed, and the job went on as if it had not. */
  forgiven: boolean;
  startedAtMs: number | null;
  finishedAtMs: number | null;
  error: { message: string; lastLines: string[]; at: Span | null } | null;
}

/** A line of a job's log. */
export interface LocalLine extends LogRecord {
  /** Id of the workflow's run. */
  run: string;
  job: string;
  jobName: string;
}

/** One workflow's run, from its state and what its jobs last told; without jobs that only keep earlier results. */
export function viewRun(
  run: RunState,
  reportOf: (job: JobInstance) => JobReport | null,
  isKept: (job: JobInstance) => boolean,
): LocalRunView {
  return {
    id: run.id,
    workflow: run.workflow.name,
    file: run.workflow.file,
    event: run.event.name,
    state: run.finished?.result ?? 'running',
    jobs: Object.values(run.jobs)
      .filter((job) => !isKept(job))
      .map((job) => viewJob(job, run, reportOf(job))),
  };
}

function viewJob(job: JobInstance, run: RunState, report: JobReport | null): LocalJobView {
  const { state } = job;
  return {
    key: job.key,
    name: job.displayName,
    state: stateOf(job),
    reason: 'reason' in state ? state.reason : null,
    because: whySkipped(run, job),
    needs: writtenJob(run, job).needs.map(({ id }) => id),
    startedAtMs: 'startedAtMs' in state ? state.startedAtMs : null,
    finishedAtMs: state.phase === 'finished' ? state.finishedAtMs : null,
    steps: (report?.steps ?? []).map(viewStep),
    annotations: report?.annotations ?? [],
    summaryFile: report?.summaryFile ?? null,
  };
}

function stateOf({ state }: JobInstance): LocalJobView['state'] {
  if (state.phase === 'finished') return state.result;
  return state.phase === 'calling' || state.phase === 'parked' ? 'running' : state.phase;
}

function viewStep({
  index,
  name,
  startedAtMs,
  finishedAtMs,
  outcome,
  conclusion,
  error,
}: StepReport): LocalStepView {
  return {
    index,
    name,
    state: outcome ?? (startedAtMs === null ? 'pending' : 'running'),
    forgiven: outcome === 'failure' && conclusion === 'success',
    startedAtMs,
    finishedAtMs,
    error: error ? { message: error.message, lastLines: error.lastLines, at: error.at } : null,
  };
}
