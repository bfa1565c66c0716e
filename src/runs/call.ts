import { CodedError } from '../diagnostics/index.ts';
import { coerceToString, fromJson, toJson } from '../expressions/index.ts';
import type { Scope } from '../expressions/index.ts';
import { insertKey, jobDisplayName, resolveInputs } from '../workflow/index.ts';
import type { EnvMap, Job, Json, Workflow } from '../workflow/index.ts';
import { jobResult, resultsContext, worst } from './ancestry.ts';
import { endState } from './decide-job.ts';
import { callJobOf, callPath, callsAround, frameOf, instancesIn, writtenJob } from './frames.ts';
import type { JobInstance, JobState, RunState } from './model.ts';
import { attempt, evaluate, frameContexts, scopeOf } from './scope.ts';

/** GitHub's limit: the run's own workflow and nine below it. */
export const mostLevels = 10;

/** The workflow that a call names. @throws CodedError where the run does not know it, or calls go too deep. */
export function calledWorkflow(state: RunState, job: JobInstance): Workflow {
  const path = callPath(callJobOf(state, job));
  const workflow = state.called[path];
  if (!workflow) throw new CodedError('runs/unknown-workflow', `there is no workflow ${path} to call`);
  if (callsAround(state, job.parent).length + 2 > mostLevels) {
    throw new CodedError(
      'runs/calls-too-deep',
      `calls may go ${mostLevels} levels deep, and ${path} is beyond`,
    );
  }
  return workflow;
}

/** What a call gives to the workflow that it calls; null for a job with steps. */
export function settleCall(state: RunState, job: JobInstance, scope: Scope): JobInstance['call'] {
  const written = writtenJob(state, job);
  if (written.kind === 'steps') return null;
  const workflow = calledWorkflow(state, job);
  const definitions = workflow.triggers.find(({ event }) => event === 'workflow_call')?.inputs ?? {};
  const defaults = scopeOf({ ...frameContexts(state, job.parent), inputs: {} });
  const inputs = resolveInputs(definitions, evaluateMap(written.with, scope), {
    kind: 'call',
    evaluate: (template) => toJson(evaluate(template, defaults)),
  });
  if (inputs.ok) return { inputs: inputs.value };
  throw new CodedError('runs/bad-input', inputs.findings.map(({ message }) => message).join('; '));
}

/** A map with its templates evaluated, inserted objects included. */
export function evaluateMap(map: EnvMap, scope: Scope): Record<string, Json> {
  const values: [string, Json][] = Object.entries(map).flatMap(([name, template]): [string, Json][] => {
    const value = toJson(evaluate(template, scope));
    if (name !== insertKey) return [[name, value]];
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? Object.entries(value) : [];
  });
  return Object.fromEntries(values);
}

/** A job of which nothing is known but what is written. */
export function placeholderOf(job: Job, within: { call: JobInstance | null; attempt: number }): JobInstance {
  const { call } = within;
  return {
    key: call ? `${call.key}/${job.id}` : job.id,
    jobId: job.id,
    parent: call?.key ?? null,
    displayName: (call ? `${call.displayName} / ` : '') + jobDisplayName(job),
    matrix: null,
    strategy: { failFast: true, jobIndex: 0, jobTotal: 1, maxParallel: null },
    continueOnError: false,
    environment: null,
    groups: [],
    superseded: null,
    attempt: within.attempt,
    call: null,
    state: { phase: 'pending' },
  };
}

/** The jobs of the workflow that a call begins. */
export function jobsOfCall(state: RunState, call: JobInstance): JobInstance[] {
  return calledWorkflow(state, call).jobs.map((job) => placeholderOf(job, { call, attempt: state.attempt }));
}

/** How a call ends once all its jobs have: as the worst of them, with the outputs that its workflow declares. */
export function endOfCall(
  state: RunState,
  call: JobInstance,
  nowMs: number,
): Extract<JobState, { phase: 'finished' }> | null {
  const { workflow } = frameOf(state, call.key);
  const result = worst(workflow.jobs.map(({ id }) => jobResult(state, { parent: call.key, jobId: id })));
  if (result === null) return null;
  const startedAtMs = call.state.phase === 'calling' ? call.state.startedAtMs : null;
  const outputs = attempt(() => outputsOf(state, call, workflow));
  if (!outputs.ok) return { ...endState('failure', outputs.reason, nowMs), startedAtMs };
  const lost = instancesIn(state, call.key).some(({ state: at }) => at.phase === 'finished' && at.lost);
  return { ...endState(result, null, nowMs), lost, startedAtMs, outputs: outputs.value };
}

function outputsOf(state: RunState, call: JobInstance, workflow: Workflow): Record<string, string> {
  const declared = workflow.triggers.find(({ event }) => event === 'workflow_call')?.outputs ?? {};
  const jobs = resultsContext(
    state,
    call.key,
    workflow.jobs.map(({ id }) => id),
  );
  const values = evaluateMap(declared, scopeOf({ ...frameContexts(state, call.key), jobs }));
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, coerceToString(fromJson(value))]),
  );
}
