import { join } from 'node:path';
import { CodedError } from '../diagnostics/index.ts';
import type { DeployRequest } from '../runs/index.ts';
import type { Step } from '../workflow/index.ts';
import type { ActionCommandOptions, ActionContext } from './action.ts';
import { builtInInputs, localInputs, type ActionInputs } from './action-inputs.ts';
import { actionReference, dockerAction, type ActionReference } from './action-reference.ts';
import { loadAction } from './action-registry.ts';
import { runComposite } from './composite-action.ts';
import { runJavaScript } from './javascript-action.ts';
import { readLocalAction } from './local-action.ts';
import { defaultPatience, runProcess } from './run-process.ts';
import { evaluateEnv } from './step-definition.ts';
import type { OwedPost } from './progress.ts';
import type { RunInner, StepRun } from './step-run.ts';

type UsesStep = Extract<Step, { kind: 'uses' }>;

/**
 * Runs the main half of an action; throws when it fails. Its post half is owed from the start.
 *
 * @returns A request when the action asks for a rollout.
 */
export async function runAction(
  run: StepRun,
  step: UsesStep,
  runInner: RunInner,
): Promise<DeployRequest | null> {
  const { workspace } = run.session.spec.directories;
  const given = evaluateEnv(step.with, run.scope);
  const reference = actionReference(step.uses.text, workspace);
  if (reference.kind === 'built-in') return runBuiltIn(run, step, reference, given);
  const { directory } = reference;
  await runLocal(run, step, { directory, given, runInner });
  return null;
}

async function runBuiltIn(
  run: StepRun,
  step: UsesStep,
  { action: { name }, action: definition }: Extract<ActionReference, { kind: 'built-in' }>,
  given: Record<string, string>,
): Promise<DeployRequest | null> {
  if (name === 'slipway/deploy' && run.place.frame.depth > 0) {
    throw new CodedError('runner/nested-deploy', 'slipway/deploy cannot be a step of an action', {
      help: 'make it a step of the job itself, which waits there for the rollout',
    });
  }
  const action = await loadAction(name);
  const inputs = told(run, builtInInputs(definition, given));
  if (action.post) owePost(run, step, { action: { kind: 'built-in', name }, inputs });
  const end = await action.main(actionContext(run, inputs));
  return end?.park ?? null;
}

async function runLocal(
  run: StepRun,
  step: UsesStep,
  { directory, given, runInner }: { directory: string; given: Record<string, string>; runInner: RunInner },
): Promise<void> {
  const uses = step.uses.text;
  const action = readLocalAction(uses, directory, run.session.spec.directories.workspace);
  const { runs } = action;
  if (runs.kind === 'docker') throw dockerAction(uses);
  const inputs = told(run, localInputs(action, given, run.scope));
  if (runs.kind === 'composite') {
    await runComposite(run, { action, steps: runs.steps, directory, inputs, runInner });
    return;
  }
  const { nodeMajor, main, pre, post, postIf } = runs;
  if (pre !== undefined) warn(run, `\`pre\` execution is not supported for local action from '${uses}'`);
  if (post !== undefined) {
    const script = join(directory, post);
    owePost(run, step, { action: { kind: 'javascript', nodeMajor, script, if: postIf ?? null }, inputs });
  }
  await runJavaScript(run, { nodeMajor, script: join(directory, main), inputs });
}

function told(run: StepRun, { values, warnings }: ActionInputs): Record<string, string> {
  for (const warning of warnings) warn(run, warning);
  return values;
}

function warn({ output }: StepRun, text: string): void {
  output.annotate('warning', text);
  output.say(`warning: ${text}`);
}

/** Notes the second half of an action; it will see the state that this half leaves. */
function owePost(run: StepRun, step: UsesStep, post: Pick<OwedPost, 'action' | 'inputs'>): void {
  const { frame, github } = run.place;
  const { posts } = run.session.progress;
  // A step that is tried once more owes one post all the same.
  if (posts.some(({ state }) => state === run.output.state)) return;
  posts.push({
    ...post,
    name: `Post ${run.name}`,
    at: step.at,
    state: run.output.state,
    env: { ...frame.env, ...run.stepEnv },
    github,
  });
}

/** What an action is given, for either half. */
export function actionContext(run: StepRun, inputs: Record<string, string>): ActionContext {
  const { session, output } = run;
  const { progress } = session;
  return {
    inputs,
    spec: session.spec,
    stepIndex: run.index,
    env: run.env,
    signal: run.signal,
    state: output.state,
    say: (text) => output.say(text),
    warn: (text) => warn(run, text),
    setOutput: (name, value) => {
      output.outputs[name] = value;
    },
    addPath: (path) => session.addPath(path),
    exportVariable: (name, value) => {
      progress.env[name] = value;
    },
    addMask: (value) => session.addMask(value),
    noteNode: (version) => {
      progress.report.nodeVersion = version;
    },
    noteArtifact: (name) => {
      progress.report.artifacts = [...new Set([...progress.report.artifacts, name])];
    },
    run: (argv, options) => runProgram(run, argv, options ?? {}),
  };
}

async function runProgram(
  run: StepRun,
  argv: string[],
  options: ActionCommandOptions,
): ReturnType<ActionContext['run']> {
  const lines: string[] = [];
  const { spec } = run.session;
  const end = await runProcess({
    argv,
    cwd: options.cwd ?? spec.directories.workspace,
    env: options.env ?? run.env,
    onLine: (line) => {
      lines.push(line);
      if (!options.quiet) run.output.line(line);
    },
    signal: run.signal,
    patience: spec.cancelPatience ?? defaultPatience,
  });
  if (run.signal.aborted) throw new CodedError('runner/aborted', `${argv[0] ?? ''} was ended early`);
  return { ...end, stdout: lines.join('\n') };
}
