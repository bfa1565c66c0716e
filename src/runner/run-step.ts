import type { DeployRequest } from '../runs/index.ts';
import { runAction } from './action-step.ts';
import { commandFilePaths } from './command-files.ts';
import type { Control } from './control.ts';
import { runScript } from './script-step.ts';
import type { Session } from './session.ts';
import type { StepOutcome } from './spec.ts';
import { evaluateEnv, isDue, isTrue, stepName, timeoutMs } from './step-definition.ts';
import { StepOutput } from './step-output.ts';
import type { StepPlace, StepRun } from './step-run.ts';
import { attempt, doWork, failed, type StepEnd } from './step-work.ts';

/** What a step runs by. */
export interface StepRunner {
  session: Session;
  control: Control;
  place: StepPlace;
  /** Of the step that uses the action this one belongs to. */
  within?: AbortSignal;
}

/**
 * Runs one step from its `if` to its conclusion; mistakes and failures become its outcome.
 *
 * @returns A request when the step asks for a rollout; it then has no outcome yet.
 */
export async function runStep(runner: StepRunner): Promise<DeployRequest | null> {
  const { session, place } = runner;
  const { step, report } = place;
  const output = new StepOutput(session, place.index);
  const due = attempt(() => isDue(step, session.scope(place)));
  if (due.ok && !due.value) {
    concludeStep(session, place, { outcome: 'skipped', outputs: {} });
    return null;
  }
  report.startedAtMs = Date.now();
  const end = due.ok ? await perform(runner, output) : failed(due.message);
  if (end.park) return end.park;
  if (end.message !== null) {
    output.say(end.message);
    const { at } = step;
    const message = session.masks.apply(end.message);
    report.error = end.inner ?? { message, lastLines: output.lastLines(), at };
    if (end.outcome === 'failure') output.say(`at ${at.file}:${at.start.line}:${at.start.column}`);
  }
  concludeStep(session, place, { outcome: end.outcome, outputs: output.outputs });
  return null;
}

/** Writes a step's outcome into the report, the `steps` context and the status of its frame. */
export function concludeStep(
  session: Session,
  place: StepPlace,
  end: { outcome: StepOutcome; outputs: Record<string, string> },
): void {
  const { step, report, frame } = place;
  const mayFail =
    end.outcome === 'failure' && attempt(() => isTrue(step.continueOnError, session.scope(place)));
  const forgiven = mayFail && mayFail.ok && mayFail.value;
  report.outcome = end.outcome;
  report.conclusion = forgiven ? 'success' : end.outcome;
  report.finishedAtMs = report.startedAtMs === null ? null : Date.now();
  frame.absorb(report.conclusion);
  if (step.id !== undefined) {
    frame.steps[step.id] = {
      outputs: end.outputs,
      outcome: report.outcome,
      conclusion: report.conclusion,
    };
  }
}

async function perform(runner: StepRunner, output: StepOutput): Promise<StepEnd> {
  const { session, control, place, within } = runner;
  const { step, report, index } = place;
  const { key } = place;
  const files = commandFilePaths(session.spec.directories.temp, key);
  const prepared = attempt(() => {
    const stepEnv = evaluateEnv(step.env, session.scope(place));
    const scope = session.scope({ ...place, github: { ...place.github, ...files } }, stepEnv);
    report.name = session.masks.apply(stepName(step, scope));
    return { stepEnv, scope, limitMs: timeoutMs(step.timeoutMinutes, scope) };
  });
  session.saveReport();
  if (!prepared.ok) return failed(prepared.message);
  output.say(report.name.startsWith('Run ') ? report.name : `Run ${report.name}`);
  const persists = () => {
    const due = attempt(() => isDue(step, session.scope(place)));
    return due.ok && due.value;
  };
  const forgiven = attempt(() => isTrue(step.continueOnError, session.scope(place)));
  const onFailed = forgiven.ok && forgiven.value ? undefined : session.hooks.onFailedStep;
  const work = { session, control, place, index, key, output, name: report.name, persists, onFailed };
  return doWork({ ...work, ...prepared.value, ...(within && { within }) }, (run) => act(run, runner));
}

async function act(
  run: StepRun,
  { place: { step }, session, control }: StepRunner,
): Promise<DeployRequest | null> {
  if (step.kind === 'uses')
    return runAction(run, step, (place) => runStep({ session, control, place, within: run.signal }));
  if (step.kind === 'run') await runScript(run, step);
  return null;
}
