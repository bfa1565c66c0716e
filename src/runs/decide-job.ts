import { CodedError } from '../diagnostics/index.ts';
import { coerceToString, evaluateCondition, evaluateTemplate, fromJson } from '../expressions/index.ts';
import type { Scope, Value } from '../expressions/index.ts';
import { environmentOf, expandMatrix, jobDisplayName } from '../workflow/index.ts';
import type { Job, Json, MatrixInstance, Strategy, Template } from '../workflow/index.ts';
import { ancestorResults, jobOf, needsContext } from './ancestry.ts';
import { githubContext } from './github-context.ts';
import type { JobInstance, JobResult, JobState, JobStrategy, RunState } from './model.ts';

/** What a job whose needs are done becomes. */
export type JobDecision =
  { kind: 'run' } | { kind: 'end'; result: 'skipped' | 'cancelled' | 'failure'; reason: string | null };

/**
 * Evaluates a job's `if`. Without a status function it means `success() && (…)`, over all ancestors.
 * A cancelled run cancels what has not started, unless the condition asks for cancelled runs, as `always()` does.
 */
export function decideJob(state: RunState, jobId: string): JobDecision {
  const job = jobOf(state.workflow, jobId);
  const condition = job.if ?? { text: 'success()', at: job.at };
  const verdict = attempt(() => evaluateCondition(condition.text, condition.at, jobScope(state, jobId)));
  if (!verdict.ok) return { kind: 'end', result: 'failure', reason: verdict.reason };
  if (verdict.value) return { kind: 'run' };
  if (!state.cancelRequested) return { kind: 'end', result: 'skipped', reason: null };
  return { kind: 'end', result: 'cancelled', reason: `cancelled by ${state.cancelRequested.by}` };
}

/** The instances of a job that may run; one failed instance when its matrix makes no sense. */
export function expandJob(state: RunState, placeholder: JobInstance, nowMs: number): JobInstance[] {
  const job = jobOf(state.workflow, placeholder.jobId);
  const { strategy } = job;
  const drafts = attempt(() =>
    strategy?.matrix ? expandStrategy(state, placeholder, strategy) : [{ instance: placeholder, suffix: '' }],
  );
  if (!drafts.ok) return [{ ...placeholder, state: endState('failure', drafts.reason, nowMs) }];
  return drafts.value.map(({ instance, suffix }) => {
    const settled = attempt(() => settle(state, job, instance, suffix));
    return settled.ok ? settled.value : { ...instance, state: endState('failure', settled.reason, nowMs) };
  });
}

/** An instance with the part of its name that the matrix makes. */
interface Expanded {
  instance: JobInstance;
  suffix: string;
}

function expandStrategy(state: RunState, placeholder: JobInstance, strategy: Strategy): Expanded[] {
  const scope = jobScope(state, placeholder.jobId);
  const combinations = expandMatrix(strategy, scope);
  if (!combinations.ok) {
    throw new CodedError(
      'runs/bad-matrix',
      combinations.findings.map((finding) => place(finding.at) + finding.message).join('; '),
    );
  }
  const failFast = strategy.failFast ? isTrue(evaluate(strategy.failFast, scope)) : true;
  const limit = strategy.maxParallel ? Number(coerceToString(evaluate(strategy.maxParallel, scope))) : 0;
  const shared = { failFast, maxParallel: limit > 0 ? limit : null };
  return combinations.value.map((combination) => ({
    instance: instanceOf(placeholder, combination, shared),
    suffix: combination.suffix,
  }));
}

function instanceOf(
  placeholder: JobInstance,
  combination: MatrixInstance,
  shared: Pick<JobStrategy, 'failFast' | 'maxParallel'>,
): JobInstance {
  return {
    ...placeholder,
    key: `${placeholder.jobId}.${combination.index}`,
    displayName: placeholder.jobId + combination.suffix,
    matrix: combination.values,
    strategy: { ...shared, jobIndex: combination.index, jobTotal: combination.total },
  };
}

/** Evaluates what may differ between the instances of a matrix, and lets the instance go on to its environment. */
function settle(state: RunState, job: Job, instance: JobInstance, suffix: string): JobInstance {
  const scope = jobScope(state, job.id, instance);
  const named = environmentOf(job);
  const environment = named ? coerceToString(evaluate(named.name, scope)) : '';
  const mayFail = job.kind === 'steps' ? job.continueOnError : undefined;
  return {
    ...instance,
    displayName: jobDisplayName(job, { suffix }, scope),
    continueOnError: mayFail !== undefined && isTrue(evaluate(mayFail, scope)),
    environment: environment || null,
    state: environment
      ? { phase: 'blocked', environment, reason: `asks for the rules of ${environment}` }
      : { phase: 'queued' },
  };
}

/** The `strategy` context. */
export function strategyContext(instance: JobInstance): Record<string, Json> {
  const { failFast, jobIndex, jobTotal, maxParallel } = instance.strategy;
  return {
    'fail-fast': failFast,
    'job-index': jobIndex,
    'job-total': jobTotal,
    'max-parallel': maxParallel ?? jobTotal,
  };
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

function jobScope(state: RunState, jobId: string, instance?: JobInstance): Scope {
  const results = ancestorResults(state, jobId);
  const cancelled = state.cancelRequested !== null;
  const contexts: Record<string, Value> = {
    github: fromJson(githubContext(state)),
    needs: fromJson(needsContext(state, jobId)),
    vars: fromJson(state.vars),
    inputs: fromJson(state.inputs),
  };
  if (instance) {
    contexts['matrix'] = fromJson(instance.matrix);
    contexts['strategy'] = fromJson(strategyContext(instance));
  }
  return {
    contexts,
    status: {
      success: () => !cancelled && results.every((result) => result === 'success'),
      failure: () => !cancelled && results.includes('failure'),
      always: () => true,
      cancelled: () => cancelled,
    },
  };
}

function evaluate(template: Template, scope: Scope): Value {
  return evaluateTemplate(template.text, template.at, scope);
}

function isTrue(value: Value): boolean {
  return value === true || value === 'true';
}

/** Mistakes in expressions that show only with real values end the job, not the engine. */
function attempt<T>(work: () => T): { ok: true; value: T } | { ok: false; reason: string } {
  try {
    return { ok: true, value: work() };
  } catch (error) {
    if (error instanceof CodedError) return { ok: false, reason: error.message };
    throw error;
  }
}

function place(at: { file: string; start: { line: number; column: number } } | undefined): string {
  return at ? `${at.file}:${at.start.line}:${at.start.column}: ` : '';
}
