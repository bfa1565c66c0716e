import { jobDisplayName } from '../workflow/index.ts';
import type { Json, Workflow } from '../workflow/index.ts';
import type { JobInstance, RunEvent, RunState } from './model.ts';

/** What a new run is made of; ids and times are the caller's. */
export interface NewRun {
  id: string;
  number: number;
  app: string;
  workflow: Workflow;
  event: RunEvent;
  vars?: Record<string, string>;
  inputs?: Record<string, Json>;
  nowMs: number;
}

/** A run of which nothing has started. The workflow must have been parsed without findings, so its graph has no cycle. */
export function createRun(run: NewRun): RunState {
  const jobs: Record<string, JobInstance> = {};
  for (const job of run.workflow.jobs) {
    jobs[job.id] = {
      key: job.id,
      jobId: job.id,
      displayName: jobDisplayName(job),
      matrix: null,
      strategy: { failFast: true, jobIndex: 0, jobTotal: 1, maxParallel: null },
      continueOnError: false,
      environment: null,
      state: { phase: 'pending' },
    };
  }
  return {
    id: run.id,
    number: run.number,
    app: run.app,
    workflow: run.workflow,
    event: run.event,
    vars: run.vars ?? {},
    inputs: run.inputs ?? {},
    createdAtMs: run.nowMs,
    jobs,
    cancelRequested: null,
    finished: null,
  };
}

/** Asks for the run's end; jobs with `always()` still run. Asking twice changes nothing. */
export function requestCancel(state: RunState, by: string, nowMs: number): RunState {
  return state.cancelRequested || state.finished ? state : { ...state, cancelRequested: { by, atMs: nowMs } };
}
