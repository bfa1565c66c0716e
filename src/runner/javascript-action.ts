import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError } from '../diagnostics/index.ts';
import { defaultPatience, runProcess } from './run-process.ts';
import type { StepRun } from './step-run.ts';
import { ensureNode, resolveNode } from './toolchain.ts';

/** Older ones get this, as on GitHub. */
const oldestNodeMajor = 20;

/** One of an action's scripts, and the inputs that it reads as INPUT_*. */
export interface ScriptUse {
  nodeMajor: number;
  /** Absolute. */
  script: string;
  inputs: Record<string, string>;
}

/**
 * Runs a script of a JavaScript action in the workspace; throws when it fails.
 *
 * @see https://github.com/actions/runner src/Runner.Worker/Handlers/NodeScriptActionHandler.cs
 */
export async function runJavaScript(run: StepRun, use: ScriptUse): Promise<void> {
  const { session, output, signal } = run;
  const { spec } = session;
  if (!existsSync(use.script)) {
    throw new CodedError('runner/no-action-script', `the action's script ${use.script} does not exist`, {
      help: 'build the action and commit what it builds, or mend `main` or `post` in its action.yml',
    });
  }
  const node = await nodeProgram(run, use.nodeMajor);
  const end = await runProcess({
    argv: [node, use.script],
    cwd: spec.directories.workspace,
    env: {
      ...run.env,
      ...prefixed('STATE_', output.state),
      ...inputVariables(use.inputs),
      ...(await services(run)),
    },
    onLine: (line) => output.line(line),
    safeCut: (line, at) => session.masks.safeCut(line, at),
    signal,
    patience: spec.cancelPatience ?? defaultPatience,
  });
  if (end.code === 0 || signal.aborted) return;
  throw new CodedError(
    'runner/step-failed',
    end.code === null
      ? `Process was ended by ${end.signal ?? 'a signal'}.`
      : `Process completed with exit code ${end.code}.`,
  );
}

async function services(run: StepRun): Promise<Record<string, string>> {
  return (await run.session.services?.variables('javascript')) ?? {};
}

/** The Node that runs this, where it is of the version that the action names; another is installed. */
async function nodeProgram({ session, output, signal }: StepRun, named: number): Promise<string> {
  const { directories, machineEnv } = session.spec;
  const major = Math.max(named, oldestNodeMajor);
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath;
  const options = { tools: directories.tools, machineEnv, signal };
  const version = await resolveNode(String(major), options);
  output.say(`Node.js ${version} runs this action (asked for: ${named}).`);
  const { binDirectory } = await ensureNode(version, options);
  return join(binDirectory, 'node');
}

/** `INPUT_WHO_TO_GREET` of `who to greet`; other characters stay. */
function inputVariables(inputs: Record<string, string>): Record<string, string> {
  const named = Object.entries(inputs).map(([name, value]) => [
    `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`,
    value,
  ]);
  return Object.fromEntries(named) as Record<string, string>;
}

function prefixed(prefix: string, values: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));
}
