import { CodedError } from '../diagnostics/index.ts';
import { coerceToNumber } from '../expressions/index.ts';
import type { Scope } from '../expressions/index.ts';
import { environmentOf, expandMatrix, jobDisplayName } from '../workflow/index.ts';
import type { MatrixInstance, Strategy } from '../workflow/index.ts';
import { settleCall } from './call.ts';
import { endState } from './decide-job.ts';
import type { PlanLimits } from './draft.ts';
import { writtenJob } from './frames.ts';
import { groupsOf } from './groups-of.ts';
import { refusalOf } from './host.ts';
import type { JobInstance, JobState, JobStrategy, RunState } from './model.ts';
import { attempt, evaluate, evaluateFlag, evaluateText, jobScope } from './scope.ts';

/** The instances of a job that may run; one failed instance when its matrix makes no sense. */
export function expandJob(state: RunState, job: JobInstance, limits: PlanLimits): JobInstance[] {
  const { strategy } = writtenJob(state, job);
  // An instance that is run again has its combination already.
  const expands = strategy?.matrix && job.matrix === null;
  const drafts = attempt(() =>
    expands
      ? expandStrategy(state, job, strategy)
      : [{ instance: job, suffix: job.matrix === null ? '' : null }],
  );
  const failed = (instance: JobInstance, reason: string) => ({
    ...instance,
    state: endState('failure', reason, limits.nowMs),
  });
  if (!drafts.ok) return [failed(job, drafts.reason)];
  return drafts.value.map(({ instance, suffix }) => {
    const settled = attempt(() => settle(state, instance, { suffix, limits }));
    return settled.ok ? settled.value : failed(instance, settled.reason);
  });
}

/** An instance with the part of its name that the matrix makes. */
interface Expanded {
  instance: JobInstance;
  /** Null for one that is run again, and keeps its name. */
  suffix: string | null;
}

function expandStrategy(state: RunState, placeholder: JobInstance, strategy: Strategy): Expanded[] {
  const scope = jobScope(state, placeholder);
  const combinations = expandMatrix(strategy, scope);
  if (!combinations.ok) {
    throw new CodedError(
      'runs/bad-matrix',
      combinations.findings.map((finding) => place(finding.at) + finding.message).join('; '),
    );
  }
  const shared = sharedStrategy(strategy, scope);
  return combinations.value.map((combination) => ({
    instance: instanceOf(placeholder, combination, shared),
    suffix: combination.suffix,
  }));
}

function sharedStrategy(strategy: Strategy, scope: Scope): Pick<JobStrategy, 'failFast' | 'maxParallel'> {
  const limit = strategy.maxParallel ? coerceToNumber(evaluate(strategy.maxParallel, scope)) : 0;
  return {
    failFast: strategy.failFast ? evaluateFlag(strategy.failFast, scope) : true,
    maxParallel: limit > 0 ? limit : null,
  };
}

function instanceOf(
  placeholder: JobInstance,
  combination: MatrixInstance,
  shared: Pick<JobStrategy, 'failFast' | 'maxParallel'>,
): JobInstance {
  return {
    ...placeholder,
    key: `${placeholder.key}.${combination.index}`,
    displayName: placeholder.displayName + combination.suffix,
    matrix: combination.values,
    strategy: { ...shared, jobIndex: combination.index, jobTotal: combination.total },
  };
}

/** Evaluates what may differ between the instances of a matrix, and lets the instance go on to its first gate. */
function settle(
  state: RunState,
  instance: JobInstance,
  { suffix, limits }: { suffix: string | null; limits: PlanLimits },
): JobInstance {
  const written = writtenJob(state, instance);
  const scope = jobScope(state, instance, instance);
  const displayName =
    suffix === null
      ? instance.displayName
      : namePrefix(state, instance) + jobDisplayName(written, { suffix }, scope);
  const named = { ...instance, displayName };
  const refusal = refusalOf(state, named, { scope, limits });
  if (refusal !== null) {
    const isLeftOut = refusal.kind === 'label' && limits.unsupported === 'skip';
    return { ...named, state: endState(isLeftOut ? 'skipped' : 'failure', refusal.reason, limits.nowMs) };
  }
  const called = { ...named, call: settleCall(state, named, scope) };
  const environment = environmentOf(written);
  const settled = {
    ...called,
    continueOnError: written.kind === 'steps' && evaluateFlag(written.continueOnError, scope),
    environment: (environment && evaluateText(environment.name, scope)) || null,
    groups: groupsOf(state, called, scope),
  };
  return { ...settled, state: firstGate(settled) };
}

/** `deploy / ` for jobs of a called workflow. */
export function namePrefix(state: RunState, { parent }: Pick<JobInstance, 'parent'>): string {
  const call = parent === null ? undefined : state.jobs[parent];
  return call ? `${call.displayName} / ` : '';
}

/** Rules come before groups: nothing holds a group while it waits for rules. */
function firstGate(job: JobInstance): JobState {
  return job.environment === null ? groupGate(job, 0) : environmentGate(job.environment);
}

function environmentGate(name: string): JobState {
  return { phase: 'blocked', by: 'environment', name, reason: `asks for the rules of ${name}` };
}

/** The state of a job that has passed everything before its n-th group. */
export function groupGate(job: JobInstance, index: number): JobState {
  const group = job.groups[index];
  if (!group) return { phase: 'queued' };
  return { phase: 'blocked', by: 'group', name: group.name, reason: `asks for group ${group.name}` };
}

function place(at: { file: string; start: { line: number; column: number } } | undefined): string {
  return at ? `${at.file}:${at.start.line}:${at.start.column}: ` : '';
}
