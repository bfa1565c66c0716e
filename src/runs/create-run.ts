import type { Json, Workflow } from '../workflow/index.ts';
import { placeholderOf } from './call.ts';
import type { RunEvent, RunState } from './model.ts';
import { runName } from './run-name.ts';

/** What a new run is made of; ids and times are the caller's. */
export interface NewRun {
  id: string;
  number: number;
  app: string;
  workflow: Workflow;
  /** Every workflow that it may call, by path (`./.github/workflows/x.yml`); see `checkCalls`. */
  called?: Record<string, Workflow>;
  event: RunEvent;
  vars?: Record<string, string>;
  /** By environment; on top of `vars` for its jobs. */
  environmentVars?: Record<string, Record<string, string>>;
  inputs?: Record<string, Json>;
  nowMs: number;
}

/** A run of which nothing has started. The workflow must have been parsed without findings, so its graph has no cycle. */
export function createRun(run: NewRun): RunState {
  const state: RunState = {
    id: run.id,
    number: run.number,
    attempt: 1,
    app: run.app,
    name: '',
    workflow: run.workflow,
    called: run.called ?? {},
    event: run.event,
    vars: run.vars ?? {},
    environmentVars: run.environmentVars ?? {},
    inputs: run.inputs ?? {},
    createdAtMs: run.nowMs,
    gate: { phase: 'closed' },
    jobs: {},
    cancelRequested: null,
    finished: null,
  };
  for (const job of run.workflow.jobs) state.jobs[job.id] = placeholderOf(job, { call: null, attempt: 1 });
  return { ...state, name: runName(state) };
}

/** Asks for the run's end; jobs with `always()` still run. Asking twice changes nothing. */
export function requestCancel(state: RunState, by: string, nowMs: number): RunState {
  return state.cancelRequested || state.finished ? state : { ...state, cancelRequested: { by, atMs: nowMs } };
}
