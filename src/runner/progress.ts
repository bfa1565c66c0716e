import type { Span } from '../diagnostics/index.ts';
import type { Template } from '../workflow/index.ts';
import type { JobReport, StepOutcome } from './spec.ts';

/** How the job stands, for the status functions. */
export type JobStatus = 'success' | 'failure' | 'cancelled';

/** A step that ended, as the `steps` context shows it. */
export interface EndedStep {
  outputs: Record<string, string>;
  outcome: StepOutcome;
  conclusion: StepOutcome;
}

/** An action's second half, owed at the end of the job. */
export interface OwedPost {
  name: string;
  /** Of the step that owes it. */
  at: Span;
  action: PostAction;
  inputs: Record<string, string>;
  state: Record<string, string>;
  /** Variables of that step and of those that led to it. */
  env: Record<string, string>;
  /** @see Standpoint */
  github: Record<string, string>;
}

/** What a post step runs: the second half of a built-in action, or a script of one from the repository. */
export type PostAction =
  | { kind: 'built-in'; name: string }
  | { kind: 'javascript'; nodeMajor: number; script: string; if: Template | null };

/** What a job has come to; plain JSON, so that a parked job can go on in another process. */
export interface Progress {
  status: JobStatus;
  nextStep: number;
  /** Written to GITHUB_ENV. */
  env: Record<string, string>;
  /** Written to GITHUB_PATH, the first on PATH first. */
  paths: string[];
  masks: string[];
  /** By step id. */
  steps: Record<string, EndedStep>;
  posts: OwedPost[];
  /** Time that counts for the job's timeout. */
  spentMs: number;
  report: JobReport;
}
