import { CodedError } from '../diagnostics/index.ts';
import type { Scope } from '../expressions/index.ts';
import type { Concurrency } from '../workflow/index.ts';
import { calledWorkflow } from './call.ts';
import { writtenJob } from './frames.ts';
import type { Group, JobInstance, RunState } from './model.ts';
import { evaluateFlag, evaluateText, frameContexts, scopeOf } from './scope.ts';

/** The group of the whole run; null when its workflow names none. @throws CodedError as `evaluateTemplate` does. */
export function runGroupOf(state: RunState): Group | null {
  const { concurrency } = state.workflow;
  return concurrency ? evaluateGroup(concurrency, scopeOf(frameContexts(state, null))) : null;
}

/** The groups of a job: its own, then the one that the workflow it calls names for itself. */
export function groupsOf(state: RunState, job: JobInstance, scope: Scope): Group[] {
  const written = writtenJob(state, job);
  const own = written.concurrency && evaluateGroup(written.concurrency, scope);
  const called = written.kind === 'call' ? calledWorkflow(state, job).concurrency : undefined;
  const inner = called && evaluateGroup(called, scopeOf(calledContexts(state, job)));
  if (own && inner && own.name.toLowerCase() === inner.name.toLowerCase()) {
    throw new CodedError(
      'runs/group-deadlock',
      `both the job and the workflow that it calls ask for concurrency group "${own.name}", so neither could go on`,
    );
  }
  return [own, inner].flatMap((group) => group ?? []);
}

function calledContexts(state: RunState, job: JobInstance) {
  return { ...frameContexts(state, job.parent), inputs: job.call?.inputs ?? {} };
}

function evaluateGroup(concurrency: Concurrency, scope: Scope): Group | null {
  const name = evaluateText(concurrency.group, scope);
  if (name === '') return null;
  return {
    name,
    cancelInProgress: evaluateFlag(concurrency.cancelInProgress, scope),
    queue: concurrency.queue,
  };
}
