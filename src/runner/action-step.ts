import { CodedError } from '../diagnostics/index.ts';
import type { DeployRequest } from '../runs/index.ts';
import type { Step } from '../workflow/index.ts';
import type { ActionCommandOptions, ActionContext } from './action.ts';
import { actionName, loadAction } from './action-registry.ts';
import { defaultPatience, runProcess } from './run-process.ts';
import { evaluateEnv } from './step-definition.ts';
import type { OwedPost } from './session.ts';
import type { StepRun } from './step-run.ts';

/** Runs the main half of a built-in action; throws when it fails. Its post half is owed from then on. */
export async function runAction(
  run: StepRun,
  step: Extract<Step, { kind: 'uses' }>,
): Promise<DeployRequest | null> {
  const name = actionName(step.uses.text);
  const action = await loadAction(name);
  const inputs = lowerKeys(evaluateEnv(step.with, run.scope));
  if (action.post) {
    owePost(run, step, { action: { kind: 'built-in', name }, inputs });
  }
  const end = await action.main(actionContext(run, inputs));
  return end?.park ?? null;
}

/** Notes the second half of an action; it will see the state that this half leaves. */
export function owePost(
  run: StepRun,
  step: Extract<Step, { kind: 'uses' }>,
  post: Pick<OwedPost, 'action' | 'inputs'>,
): void {
  const { frame, github } = run.place;
  run.session.progress.posts.push({
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
    state: output.state,
    say: (text) => output.say(text),
    warn: (text) => {
      output.annotate('warning', text);
      output.say(`warning: ${text}`);
    },
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

function lowerKeys(inputs: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name.toLowerCase(), value]));
}
