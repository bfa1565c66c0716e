import { evaluateCondition } from '../expressions/index.ts';
import { actionContext } from './action-step.ts';
import { loadAction } from './action-registry.ts';
import type { Control } from './control.ts';
import { describe } from './run-step.ts';
import type { OwedPost, Session } from './session.ts';
import type { StepOutcome, StepReport } from './spec.ts';
import { StepOutput } from './step-output.ts';

/** Runs what the actions owe, last in first out. A post step that fails fails the job. */
export async function runPostSteps(session: Session, control: Control): Promise<void> {
  const { progress } = session;
  for (let post = progress.posts.pop(); post; post = progress.posts.pop()) {
    const report: StepReport = {
      index: progress.report.steps.length,
      id: null,
      name: post.name,
      kind: 'post',
      outcome: null,
      conclusion: null,
      startedAtMs: Date.now(),
      finishedAtMs: null,
    };
    progress.report.steps.push(report);
    const outcome = await runPost(session, control, post, report);
    report.outcome = outcome;
    report.conclusion = outcome;
    report.finishedAtMs = Date.now();
    if (outcome === 'failure' && progress.status === 'success') progress.status = 'failure';
  }
}

async function runPost(
  session: Session,
  control: Control,
  post: OwedPost,
  report: StepReport,
): Promise<StepOutcome> {
  const step = session.spec.job.steps[post.stepIndex];
  const action = await loadAction(post.action);
  if (!step || !action.post) return 'skipped';
  const scope = session.scope(post.action);
  if (action.postIf !== undefined && !evaluateCondition(action.postIf, step.at, scope)) return 'skipped';
  session.saveReport();
  const output = new StepOutput(session, report.index);
  return control.during({ timeoutMs: null, persists: () => true }, async (signal) => {
    const key = `${process.pid}-post-${report.index}`;
    const run = { session, index: report.index, key, scope, env: post.env, output, signal };
    try {
      await action.post?.(actionContext(run, post.inputs, post.state));
      return 'success';
    } catch (error) {
      const message = session.masks.apply(describe(error));
      output.say(message);
      report.error = { message, lastLines: output.lastLines(), at: step.at };
      return 'failure';
    }
  });
}
