import { rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CodedError } from '../diagnostics/index.ts';
import { evaluateTemplateToString } from '../expressions/index.ts';
import type { Step } from '../workflow/index.ts';
import { defaultPatience, runProcess } from './run-process.ts';
import { findShell, shellArgv } from './shell.ts';
import type { StepRun } from './step-run.ts';
import { text } from './step-definition.ts';

/** Runs a `run:` step; throws when the script fails. */
export async function runScript(run: StepRun, step: Extract<Step, { kind: 'run' }>): Promise<void> {
  const { session, scope, output } = run;
  const { spec } = session;
  const script = evaluateTemplateToString(step.run.text, step.run.at, scope);
  const fallback = run.place.frame.defaults.find((defaults) => defaults.shell)?.shell;
  const named = text(step.shell, scope) || text(fallback, scope);
  const shell = findShell(named || null, run.env['PATH']);
  const cwd = workingDirectory(run, step);
  output.directory = cwd;
  const file = join(spec.directories.temp, `step-${run.key}${shell.extension}`);
  writeFileSync(file, shell.contents(script), { mode: 0o755 });
  try {
    const end = await runProcess({
      argv: shellArgv(shell, file),
      cwd,
      env: { ...run.env, ...(await session.services?.variables('script')) },
      ...output.sink(run.env),
      signal: run.signal,
      patience: spec.cancelPatience ?? defaultPatience,
    });
    if (end.code === 0 || run.signal.aborted) return;
    throw new CodedError(
      'runner/step-failed',
      end.code === null
        ? `Process was ended by ${end.signal ?? 'a signal'}.`
        : `Process completed with exit code ${end.code}.`,
    );
  } finally {
    rmSync(file, { force: true });
  }
}

function workingDirectory(run: StepRun, step: Extract<Step, { kind: 'run' }>): string {
  const { scope } = run;
  const { spec } = run.session;
  const written =
    text(step.workingDirectory, scope) ??
    text(
      run.place.frame.defaults.find(({ workingDirectory }) => workingDirectory)?.workingDirectory,
      scope,
    ) ??
    '.';
  const directory = resolve(spec.directories.workspace, written);
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory()) return directory;
  throw new CodedError('runner/no-working-directory', `The working directory "${written}" does not exist.`);
}
