import { CodedError } from '../diagnostics/index.ts';
import { coerceToString, evaluateTemplate, fromJson } from '../expressions/index.ts';
import type { Scope, Value } from '../expressions/index.ts';
import type { Json, Template } from '../workflow/index.ts';
import { ancestorResults, needsContext, type JobRef } from './ancestry.ts';
import { frameCancelReason } from './frame-cancel.ts';
import { frameOf } from './frames.ts';
import { githubContext } from './github-context.ts';
import type { JobInstance, RunState } from './model.ts';

/** What expressions of a frame see: `github`, `inputs` and `vars`. */
export function frameContexts(state: RunState, parent: string | null): Record<string, Json> {
  const { inputs } = frameOf(state, parent);
  return { github: githubContext(state, parent), inputs, vars: state.vars };
}

/** What expressions of a job see before it runs; `matrix` and `strategy` only with an instance. */
export function jobContexts(state: RunState, job: JobRef, instance?: JobInstance): Record<string, Json> {
  const contexts = { ...frameContexts(state, job.parent), needs: needsContext(state, job) };
  if (!instance) return contexts;
  return { ...contexts, matrix: instance.matrix, strategy: strategyContext(instance) };
}

/** The scope of a job's own keys, with the status functions over its ancestors. */
export function jobScope(state: RunState, job: JobRef, instance?: JobInstance): Scope {
  return { ...scopeOf(jobContexts(state, job, instance)), status: statusOf(state, job) };
}

/** The status functions of a job's condition. */
export function statusOf(state: RunState, job: JobRef): NonNullable<Scope['status']> {
  const results = (jobs?: readonly string[]) => ancestorResults(state, job, jobs);
  const cancelled = frameCancelReason(state, job.parent) !== null;
  return {
    success: (jobs) => !cancelled && results(jobs).every((result) => result === 'success'),
    failure: (jobs) => !cancelled && results(jobs).includes('failure'),
    always: () => true,
    cancelled: () => cancelled,
  };
}

/** Contexts as an expression takes them. */
export function scopeOf(contexts: Record<string, Json>): Scope {
  const values = Object.entries(contexts).map(([name, value]): [string, Value] => [name, fromJson(value)]);
  return { contexts: Object.fromEntries(values) };
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

/** The value of a template. @throws CodedError as `evaluateTemplate` does. */
export function evaluate(template: Template, scope: Scope): Value {
  return evaluateTemplate(template.text, template.at, scope);
}

/** The value of a template as text. */
export function evaluateText(template: Template, scope: Scope): string {
  return coerceToString(evaluate(template, scope));
}

/** Whether a template says yes; absent means no. */
export function evaluateFlag(template: Template | undefined, scope: Scope): boolean {
  if (!template) return false;
  const value = evaluate(template, scope);
  return value === true || value === 'true';
}

/** Mistakes in expressions that show only with real values end the job, not the engine. */
export function attempt<T>(work: () => T): { ok: true; value: T } | { ok: false; reason: string } {
  try {
    return { ok: true, value: work() };
  } catch (error) {
    if (error instanceof CodedError) return { ok: false, reason: error.message };
    throw error;
  }
}
