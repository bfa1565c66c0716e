import { appendFileSync } from 'node:fs';
import { CodedError } from '../diagnostics/index.ts';
import type { DeployRequest } from '../runs/index.ts';
import type { Step } from '../workflow/index.ts';
import { runAction } from './action-step.ts';
import { CommandFiles } from './command-files.ts';
import type { AbortReason, Control } from './control.ts';
import { runScript } from './script-step.ts';
import type { Session } from './session.ts';
import type { StepOutcome, StepReport } from './spec.ts';
import { evaluateEnv, isDue, isTrue, stepName, timeoutMs } from './step-definition.ts';
import { StepOutput } from './step-output.ts';
import type { StepRun } from './step-run.ts';

/** A step and where it stands. */
export interface StepPlace {
  step: Step;
  index: number;
  /** `github.action` */
  action: string;
  report: StepReport;
}

/** How a step's work ended, before `continue-on-error` is asked. */
interface StepEnd {
  outcome: StepOutcome;
  message: string | null;
  park: DeployRequest | null;
}

/**
 * Runs one step from its `if` to its conclusion; mistakes and failures become its outcome.
 *
 * @returns A request when the step asks for a rollout; it then has no outcome yet.
 */
export async function runStep(
  session: Session,
  control: Control,
  place: StepPlace,
): Promise<DeployRequest | null> {
  const { step, report } = place;
  const output = new StepOutput(session, place.index);
  const due = attempt(() => isDue(step, session.scope(place.action)));
  if (due.ok && !due.value) {
    concludeStep(session, place, { outcome: 'skipped', outputs: {} });
    return null;
  }
  report.startedAtMs = Date.now();
  const end = due.ok ? await perform(session, control, place, output) : failed(due.message);
  if (end.park) return end.park;
  if (end.message !== null) {
    output.say(end.message);
    report.error = { message: session.masks.apply(end.message), lastLines: output.lastLines(), at: step.at };
    const { file, start } = step.at;
    if (end.outcome === 'failure') output.say(`at ${file}:${start.line}:${start.column}`);
  }
  concludeStep(session, place, { outcome: end.outcome, outputs: output.outputs });
  return null;
}

/** Writes a step's outcome into the report, the `steps` context and the job's status. */
export function concludeStep(
  session: Session,
  place: StepPlace,
  end: { outcome: StepOutcome; outputs: Record<string, string> },
): void {
  const { step, report } = place;
  const { progress } = session;
  const mayFail =
    end.outcome === 'failure' && attempt(() => isTrue(step.continueOnError, session.scope(place.action)));
  const forgiven = mayFail && mayFail.ok && mayFail.value;
  report.outcome = end.outcome;
  report.conclusion = forgiven ? 'success' : end.outcome;
  report.finishedAtMs = report.startedAtMs === null ? null : Date.now();
  if (report.conclusion === 'failure' && progress.status === 'success') progress.status = 'failure';
  if (step.id !== undefined) {
    progress.steps[step.id] = {
      outputs: end.outputs,
      outcome: report.outcome,
      conclusion: report.conclusion,
    };
  }
}

async function perform(
  session: Session,
  control: Control,
  place: StepPlace,
  output: StepOutput,
): Promise<StepEnd> {
  const { step, report, action, index } = place;
  const { temp } = session.spec.directories;
  const prepared = attempt(() => {
    const outer = session.scope(action);
    const stepEnv = evaluateEnv(step.env, outer);
    const scope = session.scope(action, stepEnv);
    report.name = session.masks.apply(stepName(step, scope));
    return { stepEnv, scope, limitMs: timeoutMs(step.timeoutMinutes, scope) };
  });
  session.saveReport();
  if (!prepared.ok) return failed(prepared.message);
  const { stepEnv, scope, limitMs } = prepared.value;
  output.say(report.name.startsWith('Run ') ? report.name : `Run ${report.name}`);
  const key = `${process.pid}-${index}`;
  const files = new CommandFiles(temp, key);
  const env = { ...session.environment(action, stepEnv), ...files.variables() };
  const persists = () => {
    const due = attempt(() => isDue(step, session.scope(action)));
    return due.ok && due.value;
  };
  const end = await control.during({ timeoutMs: limitMs, persists }, async (signal) => {
    const run: StepRun = { session, index, key, scope, env, output, signal };
    return judge(signal, limitMs, report.name, () =>
      step.kind === 'uses'
        ? runAction(run, step)
        : step.kind === 'run'
          ? runScript(run, step).then(() => null)
          : Promise.resolve(null),
    );
  });
  return applyFiles(session, output, files, end);
}

async function judge(
  signal: AbortSignal,
  limitMs: number | null,
  name: string,
  work: () => Promise<DeployRequest | null>,
): Promise<StepEnd> {
  let end: StepEnd;
  try {
    end = { outcome: 'success', message: null, park: await work() };
  } catch (error) {
    end = failed(describe(error));
  }
  if (!signal.aborted) return end;
  const reason = signal.reason as AbortReason;
  if (reason === 'cancelled')
    return { outcome: 'cancelled', message: 'The operation was canceled.', park: null };
  return failed(`The action '${name}' has timed out after ${(limitMs ?? 0) / 60_000} minutes.`);
}

/** What the step wrote counts even when it failed; a bad file fails it. */
function applyFiles(session: Session, output: StepOutput, files: CommandFiles, end: StepEnd): StepEnd {
  const written = files.collect();
  const { progress } = session;
  Object.assign(progress.env, written.env);
  Object.assign(output.outputs, written.outputs);
  for (const path of written.paths) session.addPath(path);
  if (written.summary !== '') {
    const summary = session.masks.apply(written.summary);
    appendFileSync(progress.report.summaryFile, summary.endsWith('\n') ? summary : `${summary}\n`);
  }
  for (const warning of written.warnings) {
    output.annotate('warning', warning);
    output.say(warning);
  }
  const problems = [...output.problems, ...written.problems];
  if (problems.length === 0 || end.outcome !== 'success') return end;
  return failed(problems.join('\n'));
}

function failed(message: string): StepEnd {
  return { outcome: 'failure', message, park: null };
}

/** What a throw means to a person. */
export function describe(error: unknown): string {
  if (!(error instanceof CodedError))
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  const lines = [error.message, ...error.notes.map((note) => `= ${note}`)];
  if (error.help !== undefined) lines.push(`= help: ${error.help}`);
  return lines.join('\n');
}

function attempt<T>(work: () => T): { ok: true; value: T } | { ok: false; message: string } {
  try {
    return { ok: true, value: work() };
  } catch (error) {
    return { ok: false, message: describe(error) };
  }
}
