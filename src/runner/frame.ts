import { fromJson, type Value } from '../expressions/index.ts';
import type { RunDefaults } from '../workflow/index.ts';
import type { EndedStep, JobStatus, Progress } from './progress.ts';
import type { JobSpec, StepOutcome } from './spec.ts';

/** Where steps run: the job, or a composite action that a step uses. */
export interface Frame {
  /** 0 is the job, 1 an action that one of its steps uses. */
  depth: number;
  /** What ended here, by step id; ids count within one frame. */
  steps: Record<string, EndedStep>;
  /** Contexts that stay the same for all its steps. */
  contexts: Record<string, Value>;
  /** Variables of the steps that led here; they win over GITHUB_ENV. */
  env: Record<string, string>;
  /** What `run` steps fall back on; the first that speaks counts. */
  defaults: RunDefaults[];
  /** For `success()` and `failure()`. */
  status(): JobStatus;
  /** Takes the conclusion of one of its steps into its status. */
  absorb(conclusion: StepOutcome): void;
}

/** From where an expression or a process looks: a frame, and what `github` says there beyond what the job says. */
export interface Standpoint {
  frame: Frame;
  github: Record<string, string>;
}

/** The frame of the job itself; what it comes to is kept in the progress. */
export function jobFrame(spec: JobSpec, progress: Progress, runner: Record<string, string>): Frame {
  const { needs, matrix, strategy, vars, secrets, inputs } = spec.contexts;
  return {
    depth: 0,
    steps: progress.steps,
    contexts: {
      needs: fromJson(needs),
      matrix: fromJson(matrix),
      strategy: fromJson(strategy),
      vars: fromJson(vars),
      secrets: fromJson(secrets),
      inputs: fromJson(inputs),
      runner: fromJson(runner),
    },
    env: {},
    defaults: [spec.job.defaults, spec.workflow.defaults],
    ...statusIn(progress),
  };
}

function statusIn(progress: Progress): Pick<Frame, 'status' | 'absorb'> {
  return {
    status: () => progress.status,
    absorb: (conclusion) => {
      if (conclusion === 'failure' && progress.status === 'success') progress.status = 'failure';
    },
  };
}

/** The frame of the job as a step in the background sees it, which keeps what it comes to in a progress of its own. */
export function forkFrame(job: Frame, progress: Progress): Frame {
  return { ...job, steps: progress.steps, ...statusIn(progress) };
}

/** Names of the contexts that an action sees of its caller's; secrets come in by its inputs alone. */
const inherited = ['matrix', 'strategy', 'runner'] as const;

/** What a composite action's frame is made from. */
export interface CompositeCall {
  caller: Frame;
  inputs: Record<string, string>;
  /** Variables of the step that uses the action. */
  stepEnv: Record<string, string>;
  /** Fires when that step is cancelled or out of time. */
  signal: AbortSignal;
}

/**
 * The frame of a composite action: it starts well even where the job has failed before.
 *
 * @see https://github.com/actions/runner src/Runner.Worker/Expressions/SuccessFunction.cs
 */
export function compositeFrame({ caller, inputs, stepEnv, signal }: CompositeCall): Frame {
  let status: JobStatus = 'success';
  return {
    depth: caller.depth + 1,
    steps: {},
    contexts: {
      ...Object.fromEntries(inherited.map((name) => [name, caller.contexts[name] ?? null])),
      inputs: fromJson(inputs),
    },
    env: { ...caller.env, ...stepEnv },
    defaults: [],
    status: () => (signal.aborted ? 'cancelled' : status),
    absorb: (conclusion) => {
      if (conclusion === 'cancelled') status = 'cancelled';
      else if (conclusion === 'failure' && status === 'success') status = 'failure';
    },
  };
}
