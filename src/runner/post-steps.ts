import { evaluateCondition } from '../expressions/index.ts';
import { actionContext } from './action-step.ts';
import { loadAction } from './action-registry.ts';
import { runJavaScript } from './javascript-action.ts';
import type { Template } from '../workflow/index.ts';
import type { Control } from './control.ts';
import type { Standpoint } from './frame.ts';
import type { OwedPost } from './progress.ts';
import type { Session } from './session.ts';
import type { StepOutcome, StepReport } from './spec.ts';
import { StepOutput } from './step-output.ts';
import type { StepRun } from './step-run.ts';
import { describe, doWork } from './step-work.ts';

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
    session.job.frame.absorb(outcome);
  }
}

/** The half itself, and its condition as it will be judged. */
interface PostHalf {
  if: Template | null;
  run: (run: StepRun) => Promise<void>;
}

async function halfOf({ action, inputs, at }: OwedPost): Promise<PostHalf> {
  if (action.kind === 'javascript') {
    const { nodeMajor, script } = action;
    return { if: action.if, run: (run) => runJavaScript(run, { nodeMajor, script, inputs }) };
  }
  const builtIn = await loadAction(action.name);
  return {
    if: builtIn.postIf === undefined ? null : { text: builtIn.postIf, at },
    run: async (run) => builtIn.post?.(actionContext(run, inputs)),
  };
}

async function runPost(
  session: Session,
  control: Control,
  post: OwedPost,
  report: StepReport,
): Promise<StepOutcome> {
  const output = new StepOutput(session, report.index, post.state);
  const place: Standpoint = { frame: session.job.frame, github: post.github };
  const fail = (message: string): StepOutcome => {
    output.say(message);
    report.error = { message: session.masks.apply(message), lastLines: output.lastLines(), at: post.at };
    return 'failure';
  };
  try {
    const half = await halfOf(post);
    const scope = session.scope(place, post.env);
    if (half.if && !evaluateCondition(half.if.text, half.if.at, scope)) return 'skipped';
    session.saveReport();
    const end = await doWork(
      {
        session,
        control,
        place,
        index: report.index,
        name: post.name,
        key: `${process.pid}-post-${report.index}`,
        scope,
        stepEnv: post.env,
        output,
        limitMs: null,
        persists: () => true,
      },
      (run) => half.run(run).then(() => null),
    );
    return end.message === null ? end.outcome : fail(end.message);
  } catch (error) {
    return fail(describe(error));
  }
}
