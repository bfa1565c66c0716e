import { evaluateCondition, namesUsed, parseCondition } from '../expressions/index.ts';
import type { Expression, Scope, Status } from '../expressions/index.ts';
import { stepsOf } from '../workflow/index.ts';
import type { Job, Refusal, Template, Workflow } from '../workflow/index.ts';
import { callPath } from './frames.ts';
import type { RunState } from './model.ts';
import { attempt, frameContexts, scopeOf } from './scope.ts';

const answers = (success: boolean, failure: boolean, cancelled: boolean): Status => ({
  success: () => success,
  failure: () => failure,
  always: () => true,
  cancelled: () => cancelled,
});

const succeeded = answers(true, false, false);
/** How what comes before may stand otherwise: failed, cancelled, left out. */
const otherwise = [answers(false, true, false), answers(false, false, true), answers(false, false, false)];

/**
 * What this machine cannot do and a run may come to: without the jobs and steps whose `if` is false already, as
 * `github.event_name == 'pull_request'` is for a push, and without those that need such a job. A job that turns out to be
 * due all the same fails with the refusal.
 */
export function refusalsInReach(run: RunState): Refusal[] {
  const seen = new Set<Workflow>();
  const visit = (workflow: Workflow, scope: Scope): Refusal[] => {
    if (seen.has(workflow)) return [];
    seen.add(workflow);
    const jobs = jobsInReach(workflow, scope);
    const own = workflow.refusals.filter((refusal) => {
      const job = jobs.find(({ id }) => id === refusal.jobId);
      return refusal.jobId === null || (job !== undefined && concerns(refusal, job, scope));
    });
    const called = jobs.flatMap((job) => (job.kind === 'call' ? (run.called[callPath(job)] ?? []) : []));
    // What a called workflow is given is known only when it begins.
    const { inputs: _, ...contexts } = scope.contexts;
    return [...own, ...called.flatMap((next) => visit(next, { contexts }))];
  };
  return visit(run.workflow, scopeOf(frameContexts(run, null)));
}

/** Whether a refusal matters to the job, which is due: one of a step whose `if` is false does not. */
export function concerns({ stepIndex }: Refusal, job: Job, scope: Scope): boolean {
  const step = stepIndex === undefined ? undefined : stepsOf(job)[stepIndex];
  return !step || !('if' in step) || mayHold(step.if, scope, [succeeded, ...otherwise]);
}

function jobsInReach({ jobs }: Workflow, scope: Scope): Job[] {
  const dead = new Set<string>();
  let size: number;
  do {
    size = dead.size;
    for (const job of jobs) {
      const waitsForDead = job.needs.some(({ id }) => dead.has(id));
      if (!mayHold(job.if, scope, waitsForDead ? otherwise : [succeeded, ...otherwise])) dead.add(job.id);
    }
  } while (dead.size > size);
  return jobs.filter(({ id }) => !dead.has(id));
}

/** Whether a condition can come true, as far as the contexts of the scope tell; they are all that is known yet. */
function mayHold(condition: Template | undefined, scope: Scope, statuses: Status[]): boolean {
  if (!condition) return statuses.includes(succeeded);
  const { text, at } = condition;
  const parsed = parseCondition(text, at);
  if (!parsed.ok || isOpen(parsed.value, scope)) return true;
  return statuses.some((status) => {
    const verdict = attempt(() => evaluateCondition(text, at, { ...scope, status }));
    return !verdict.ok || verdict.value;
  });
}

/** Whether it asks for what is known only when it is time: other contexts, hashes of files, how a certain job stands. */
function isOpen(expression: Expression | null, scope: Scope): boolean {
  if (!expression) return false;
  const { contexts, functions } = namesUsed(expression);
  return (
    contexts.some(({ name }) => !Object.hasOwn(scope.contexts, name.toLowerCase())) ||
    functions.some(
      ({ name, argCount }) =>
        name === 'hashFiles' || (argCount > 0 && (name === 'success' || name === 'failure')),
    )
  );
}
