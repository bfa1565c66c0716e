import { CodedError } from '../diagnostics/index.ts';
import type { DeployRequest } from '../runs/index.ts';
import type { Step } from '../workflow/index.ts';
import type { ActionCommandOptions, ActionContext } from './action.ts';
import { actionName, loadAction } from './action-registry.ts';
import { defaultPatience, runProcess } from './run-process.ts';
import { evaluateEnv } from './step-definition.ts';
import type { StepRun } from './step-run.ts';

/** Runs the main half of a built-in action; throws when it fails. Its post half is owed from then on. */
export async function runAction(
  run: StepRun,
  step: Extract<Step, { kind: 'uses' }>,
): Promise<DeployRequest | null> {
  const name = actionName(step.uses.text);
  const action = await loadAction(name);
  const inputs = lowerKeys(evaluateEnv(step.with, run.scope));
  const state: Record<string, string> = {};
  if (action.post) {
    const title = run.session.progress.report.steps[run.index]?.name ?? step.uses.text;
    run.session.progress.posts.push({
      stepIndex: run.index,
      name: `Post ${title}`,
      action: name,
      inputs,
      state,
      env: run.env,
    });
  }
  const end = await action.main(actionContext(run, inputs, state));
  return end?.park ?? null;
}

/** What an action is given, for either half. */
export function actionContext(
  run: StepRun,
  inputs: Record<string, string>,
  state: Record<string, string>,
): ActionContext {
  const { session, output } = run;
  const { progress } = session;
  return {
    inputs,
    spec: session.spec,
    stepIndex: run.index,
    env: run.env,
    state,
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
