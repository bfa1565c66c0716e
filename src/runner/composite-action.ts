import { CodedError } from '../diagnostics/index.ts';
import type { ActionFile, Step } from '../workflow/index.ts';
import { compositeFrame, type Standpoint } from './frame.ts';
import type { AbortReason } from './control.ts';
import type { StepReport } from './spec.ts';
import { actionOrigin, defaultStepName, text } from './step-definition.ts';
import type { RunInner, StepRun } from './step-run.ts';
import { StepFailure } from './step-work.ts';

/** How deep composite actions may use each other; GitHub's. */
const deepestNesting = 10;

/** A composite action with what a step gives it. */
export interface CompositeUse {
  action: ActionFile;
  steps: Step[];
  directory: string;
  inputs: Record<string, string>;
  runInner: RunInner;
}

/**
 * Runs the steps of a composite action and maps its outputs, also after a failure.
 *
 * @throws StepFailure naming the first step that failed.
 * @see https://github.com/actions/runner src/Runner.Worker/Handlers/CompositeActionHandler.cs
 */
export async function runComposite(run: StepRun, use: CompositeUse): Promise<void> {
  const { place, signal, stepEnv, output, session } = run;
  if (place.frame.depth >= deepestNesting) {
    throw new CodedError(
      'runner/action-depth',
      `${use.action.file} is the ${deepestNesting + 1}th action within another, and ${deepestNesting} are allowed`,
      { help: 'look for an action that uses itself' },
    );
  }
  const here: Standpoint = {
    frame: compositeFrame({ caller: place.frame, inputs: use.inputs, stepEnv, signal }),
    github: { ...place.github, action_path: use.directory },
  };
  const failure = await runSteps(run, use, here);
  const scope = session.scope(here);
  for (const [name, { value }] of Object.entries(use.action.outputs))
    output.outputs[name] = text(value, scope) ?? '';
  if (failure) throw failure;
}

async function runSteps(
  run: StepRun,
  { steps, runInner }: CompositeUse,
  here: Standpoint,
): Promise<StepFailure | null> {
  let failure: StepFailure | null = null;
  for (const [index, step] of steps.entries()) {
    if (run.signal.reason === ('timeout' satisfies AbortReason)) break;
    const report: StepReport = {
      index,
      id: step.id ?? null,
      name: defaultStepName(step),
      kind: 'main',
      outcome: null,
      conclusion: null,
      startedAtMs: null,
      finishedAtMs: null,
    };
    const github = { ...here.github, ...actionOrigin(step) };
    await runInner({ frame: here.frame, github, step, index: run.index, key: `${run.key}-${index}`, report });
    if (report.conclusion === 'failure' && report.error) {
      failure ??= new StepFailure({ ...report.error, message: `${report.name}: ${report.error.message}` });
    }
  }
  return failure;
}
