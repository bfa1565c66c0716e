import { appendFileSync } from 'node:fs';
import { CodedError } from '../diagnostics/index.ts';
import type { DeployRequest } from '../runs/index.ts';
import { CommandFiles } from './command-files.ts';
import type { AbortReason } from './control.ts';
import type { JobHooks } from './job-hooks.ts';
import type { Session } from './session.ts';
import type { StepError, StepOutcome } from './spec.ts';
import type { StepOutput } from './step-output.ts';
import type { StepRun } from './step-run.ts';

/** How a step's work ended, before `continue-on-error` is asked. */
export interface StepEnd {
  outcome: StepOutcome;
  message: string | null;
  park: DeployRequest | null;
  /** Where and why, when it was a step of the action that this step uses. */
  inner?: StepError;
}

/** A step of an action failed, and so did the action. */
export class StepFailure extends CodedError {
  readonly inner: StepError;

  constructor(inner: StepError) {
    super('runner/step-failed', inner.message);
    this.inner = inner;
  }
}

/** The work of a step or of a post step, ready to be done. */
export interface StepWork extends Omit<StepRun, 'env' | 'signal'> {
  limitMs: number | null;
  /** Whether it goes on although the job is cancelled. */
  persists: () => boolean;
  /** Of the step that uses the action this one belongs to. */
  within?: AbortSignal;
  /** Asked after a failure, while the command files still stand. */
  onFailed?: JobHooks['onFailedStep'] | undefined;
}

/** Does the work between fresh command files and their reading; a throw becomes a failure. */
export async function doWork(
  work: StepWork,
  action: (run: StepRun) => Promise<DeployRequest | null>,
): Promise<StepEnd> {
  const { session, control, place, key, stepEnv, limitMs, persists, within } = work;
  const made = attempt(() => new CommandFiles(session.spec.directories.temp, key));
  if (!made.ok) return failed(made.message);
  const files = made.value;
  const env = { ...session.environment(place, stepEnv), ...files.variables() };
  const once = () =>
    control.during({ timeoutMs: limitMs, persists, ...(within && { within }) }, (signal) =>
      judge(signal, work, () => action({ ...work, env, signal })),
    );
  let end = await once();
  // Who is asked about a failure was asked about the very step of an action already.
  while (
    end.outcome === 'failure' &&
    !end.inner &&
    !control.cancelled &&
    (await mayRetry(work, env, end.message ?? ''))
  )
    end = await once();
  return applyFiles(session, work.output, files, end);
}

async function mayRetry(work: StepWork, env: Record<string, string>, message: string): Promise<boolean> {
  const { session, output, index, name, onFailed } = work;
  if (!onFailed) return false;
  const cwd = output.directory ?? session.spec.directories.workspace;
  const said = { message: session.masks.apply(message), lastLines: output.lastLines() };
  return (await onFailed({ stepIndex: index, name, ...said, cwd, env })) === 'retry';
}

async function judge(
  signal: AbortSignal,
  { limitMs, name }: StepWork,
  action: () => Promise<DeployRequest | null>,
): Promise<StepEnd> {
  let end: StepEnd;
  try {
    end = { outcome: 'success', message: null, park: await action() };
  } catch (error) {
    end = failed(describe(error));
    if (error instanceof StepFailure) end.inner = error.inner;
  }
  if (!signal.aborted) return end;
  const reason = signal.reason as AbortReason;
  if (reason === 'cancelled')
    return { outcome: 'cancelled', message: 'The operation was canceled.', park: null };
  const after = limitMs === null ? '' : ` after ${limitMs / 60_000} minutes`;
  return failed(`The action '${name}' has timed out${after}.`);
}

/** What the step wrote counts even when it failed; a bad file fails it. */
function applyFiles(session: Session, output: StepOutput, files: CommandFiles, end: StepEnd): StepEnd {
  const written = files.collect();
  const { progress } = session;
  Object.assign(progress.env, written.env);
  Object.assign(output.outputs, written.outputs);
  Object.assign(output.state, written.state);
  for (const path of written.paths) session.addPath(path);
  if (written.summary !== '') {
    const summary = session.masks.apply(written.summary);
    const kept = attempt(() =>
      appendFileSync(progress.report.summaryFile, summary.endsWith('\n') ? summary : `${summary}\n`),
    );
    if (!kept.ok) written.problems.push(`The step's summary cannot be kept: ${kept.message}`);
  }
  for (const warning of written.warnings) {
    output.annotate('warning', warning);
    output.say(warning);
  }
  const problems = [...output.problems, ...written.problems];
  if (problems.length === 0 || end.outcome === 'cancelled') return end;
  return { ...end, ...failed([...(end.message === null ? [] : [end.message]), ...problems].join('\n')) };
}

/** A failure with its reason. */
export function failed(message: string): StepEnd {
  return { outcome: 'failure', message, park: null };
}

/** What a throw means to a person. */
export function describe(error: unknown): string {
  if (!(error instanceof CodedError)) {
    if (!(error instanceof Error)) return String(error);
    // The system's own word, such as that a disk is full, is no mistake of this program.
    return 'syscall' in error ? error.message : (error.stack ?? error.message);
  }
  const lines = [error.message, ...error.notes.map((note) => `= ${note}`)];
  if (error.help !== undefined) lines.push(`= help: ${error.help}`);
  return lines.join('\n');
}

/** Does what may throw because of what a user wrote. */
export function attempt<T>(work: () => T): { ok: true; value: T } | { ok: false; message: string } {
  try {
    return { ok: true, value: work() };
  } catch (error) {
    return { ok: false, message: describe(error) };
  }
}
