import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { CodedError } from '../diagnostics/index.ts';
import { evaluateTemplateToString } from '../expressions/index.ts';
import type { DeployRequest, JobResult } from '../runs/index.ts';
import type { CancelReason, Control } from './control.ts';
import type { JobHooks } from './job-hooks.ts';
import { jobFiles, readJson, type JobResume } from './job-directory.ts';
import { runPostSteps } from './post-steps.ts';
import { endTracked } from './process-tree.ts';
import { concludeStep } from './run-step.ts';
import { StepSequence } from './step-sequence.ts';
import { JobServices } from './services/index.ts';
import type { Progress } from './progress.ts';
import { Session } from './session.ts';
import type { JobReport, JobSpec, StepReport } from './spec.ts';
import { actionNames, actionOrigin, defaultStepName, evaluateEnv, timeoutMs } from './step-definition.ts';
import type { StepPlace } from './step-run.ts';
import { attempt, describe } from './step-work.ts';

/** GitHub's defaults. */
const defaultTimeoutMs = 360 * 60_000;
const defaultWindUpMs = 5 * 60_000;

/** What is said of a job that is ended early. */
const endings: Record<CancelReason, string> = {
  asked: 'The job was cancelled.',
  timeout: 'The job has timed out.',
  broken: 'The job cannot go on.',
};

/** Part of the log that belongs to no step. */
const jobLevel = -1;

/**
 * Runs the job of a directory to its end or to its next rollout; the report tells which.
 *
 * A directory whose job has been run, or was being run by a worker that died, is refused: steps are never silently
 * repeated.
 *
 * @throws CodedError `runner/already-run`, `runner/no-resume`
 */
export async function runJob(
  spec: JobSpec,
  jobDirectory: string,
  control: Control,
  hooks?: JobHooks,
): Promise<JobReport> {
  const before = hooks?.resume ? null : (readJson(jobDirectory, jobFiles.report) as JobReport | null);
  const progress =
    hooks?.resume ?? (before ? resumedProgress(jobDirectory, before) : newProgress(spec, jobDirectory));
  const session = new Session(spec, jobDirectory, progress, hooks);
  let grace: NodeJS.Timeout | null = null;
  control.onCancel = () => {
    progress.status = 'cancelled';
    session.say(jobLevel, endings[control.cancelled ?? 'asked']);
    grace = setTimeout(() => {
      session.say(jobLevel, 'The job took too long to wind up; what still runs is ended.');
      control.stop('asked');
    }, windUpMs(session));
  };
  session.onBroken = () => control.cancel('broken');
  const resume = before ? (readJson(jobDirectory, jobFiles.resume) as JobResume | null) : null;
  if (resume?.cancelled) control.cancelled = 'asked';
  if (control.cancelled) control.onCancel();
  progress.report = { ...progress.report, phase: 'running', pid: process.pid, deploy: null };
  session.settleReport();
  const services = new JobServices(spec, (value) => session.addMask(value));
  session.services = services;
  try {
    await new JobRun(session, control).run(resume);
  } finally {
    // A cancel that comes too late finds nothing to end.
    control.onCancel = () => {};
    if (grace) clearTimeout(grace);
    await services.close();
  }
  return progress.report;
}

/** How long a job that is cancelled has for the steps that run even then. */
function windUpMs(session: Session): number {
  const { cancelTimeoutMinutes } = session.spec.job;
  const limit = attempt(() => timeoutMs(cancelTimeoutMinutes, session.scope(session.job)));
  return (limit.ok ? limit.value : null) ?? defaultWindUpMs;
}

function newProgress(spec: JobSpec, jobDirectory: string): Progress {
  return {
    status: 'success',
    nextStep: 0,
    env: {},
    paths: [],
    masks: [],
    steps: {},
    posts: [],
    spentMs: 0,
    report: {
      phase: 'running',
      pid: process.pid,
      startedAtMs: Date.now(),
      finishedAtMs: null,
      steps: spec.job.steps.map((step, index) => ({
        index,
        id: step.id ?? null,
        name: defaultStepName(step),
        kind: 'main',
        outcome: null,
        conclusion: null,
        startedAtMs: null,
        finishedAtMs: null,
      })),
      result: null,
      outputs: {},
      reason: null,
      annotations: [],
      summaryFile: join(jobDirectory, jobFiles.summary),
      nodeVersion: null,
      artifacts: [],
      deploy: null,
      trackingId: `slipway_${randomUUID()}`,
    },
  };
}

function resumedProgress(jobDirectory: string, report: JobReport): Progress {
  const progress = readJson(jobDirectory, jobFiles.parked) as Progress | null;
  if (report.phase !== 'parked' || !progress) {
    throw new CodedError(
      'runner/already-run',
      `the job in ${jobDirectory} is ${report.phase}; steps are not repeated`,
    );
  }
  const resume = readJson(jobDirectory, jobFiles.resume) as JobResume | null;
  if (resume?.stepIndex !== report.deploy?.stepIndex) {
    throw new CodedError('runner/no-resume', `the job in ${jobDirectory} still waits for its rollout`);
  }
  return progress;
}

/** One worker's share of a job. */
class JobRun {
  readonly #session: Session;
  readonly #control: Control;
  readonly #startedMs = performance.now();
  #reason: string | null = null;

  constructor(session: Session, control: Control) {
    this.#session = session;
    this.#control = control;
  }

  async run(resume: JobResume | null): Promise<void> {
    const { progress } = this.#session;
    const timer = this.#prepare();
    try {
      if (resume) this.#endDeployStep(resume);
      const park = this.#reason === null ? await this.#steps() : null;
      if (park) {
        await this.#park(park);
        return;
      }
      await runPostSteps(this.#session, this.#control);
      this.#evaluateOutputs();
    } catch (error) {
      progress.status = 'failure';
      this.#fail(`internal error: ${describe(error)}`);
    } finally {
      if (timer) clearTimeout(timer);
    }
    await this.#finish();
  }

  /** The variables and the timeout of the job; a mistake in them fails it before its first step. */
  #prepare(): NodeJS.Timeout | null {
    const { spec, progress } = this.#session;
    try {
      this.#session.jobEnv = evaluateEnv(spec.workflow.env, this.#session.scope(this.#session.job));
      const jobEnv = evaluateEnv(spec.job.env, this.#session.scope(this.#session.job));
      this.#session.jobEnv = { ...this.#session.jobEnv, ...jobEnv };
      const limitMs =
        timeoutMs(spec.job.timeoutMinutes, this.#session.scope(this.#session.job)) ?? defaultTimeoutMs;
      return setTimeout(() => this.#control.cancel('timeout'), Math.max(1, limitMs - progress.spentMs));
    } catch (error) {
      progress.status = 'failure';
      this.#fail(describe(error));
      return null;
    }
  }

  #fail(reason: string): void {
    this.#reason = this.#session.masks.apply(reason);
    this.#session.say(jobLevel, reason);
  }

  #places(): StepPlace[] {
    const { spec, progress, job } = this.#session;
    const names = actionNames(spec.job.steps);
    return spec.job.steps.map((step, index) => ({
      step,
      index,
      key: `${process.pid}-${index}`,
      frame: job.frame,
      github: { action: names[index] ?? '', ...actionOrigin(step) },
      report: progress.report.steps[index] as StepReport,
    }));
  }

  async #steps(): Promise<DeployRequest | null> {
    const { progress } = this.#session;
    const sequence = new StepSequence(this.#session, this.#control);
    for (const place of this.#places().slice(progress.nextStep)) {
      if (this.#beforeStep(place.index) === 'stop') break;
      const park = await sequence.run(place);
      progress.nextStep = place.index + 1;
      if (park) return park;
    }
    await sequence.end();
    return null;
  }

  #beforeStep(index: number): 'go' | 'stop' {
    const { hooks, progress, masks } = this.#session;
    if (!hooks.beforeStep) return 'go';
    progress.masks = masks.values();
    return hooks.beforeStep(progress, index);
  }

  #endDeployStep(resume: JobResume): void {
    const place = this.#places()[resume.stepIndex];
    if (!place) return;
    this.#session.say(place.index, resume.reason);
    if (resume.result === 'failure') {
      place.report.error = {
        message: this.#session.masks.apply(resume.reason),
        lastLines: [],
        at: place.step.at,
      };
    }
    concludeStep(this.#session, place, { outcome: resume.result, outputs: resume.outputs });
  }

  /** A parked job holds no process, so what its steps left in the background ends here. */
  async #park(deploy: DeployRequest): Promise<void> {
    const { progress } = this.#session;
    await this.#endLeftovers();
    progress.spentMs += performance.now() - this.#startedMs;
    progress.report = { ...progress.report, phase: 'parked', deploy };
    this.#session.park();
    this.#session.settleReport();
    this.#session.log.close();
  }

  async #endLeftovers(): Promise<void> {
    const count = await endTracked(this.#session.progress.report.trackingId);
    if (count > 0) this.#session.say(jobLevel, `Ended ${count} left-over process${count === 1 ? '' : 'es'}.`);
  }

  /** An output that is empty or holds a secret is left out, as GitHub does. */
  #evaluateOutputs(): void {
    const { spec, progress, masks } = this.#session;
    for (const [name, template] of Object.entries(spec.job.outputs)) {
      try {
        const value = evaluateTemplateToString(
          template.text,
          template.at,
          this.#session.scope(this.#session.job),
        );
        if (value === '') continue;
        if (masks.apply(value) === value) progress.report.outputs[name] = value;
        else this.#session.say(jobLevel, `Skipped output '${name}' since it may contain a secret.`);
      } catch (error) {
        progress.status = 'failure';
        this.#fail(`output "${name}": ${describe(error)}`);
      }
    }
  }

  async #finish(): Promise<void> {
    await this.#endLeftovers();
    const { progress } = this.#session;
    if (this.#control.cancelled === 'timeout') this.#reason ??= this.#timeoutReason();
    this.#reason = this.#session.broken ?? this.#reason;
    progress.report = {
      ...progress.report,
      phase: 'finished',
      finishedAtMs: Date.now(),
      result: this.#result(),
      reason: this.#reason,
    };
    this.#session.finish();
  }

  #timeoutReason(): string {
    const minutes = this.#session.spec.job.timeoutMinutes?.text ?? String(defaultTimeoutMs / 60_000);
    return `The job has exceeded its timeout of ${minutes} minutes.`;
  }

  /** A job that ran out of time is cancelled, as on GitHub; one that ran out of disk cannot say how it went, and has failed. */
  #result(): JobResult {
    return this.#control.cancelled === 'broken' ? 'failure' : this.#session.progress.status;
  }
}
