import type { Span } from '../diagnostics/index.ts';
import type { DeployRequest, JobOrder, JobResult } from '../runs/index.ts';

/** All that a job worker knows. Holds secrets, so its file has mode 0600. */
export interface JobSpec extends Omit<JobOrder, 'contexts'> {
  contexts: JobOrder['contexts'] & { secrets: Record<string, string> };
  /** Where `actions/checkout` takes the commit from. */
  source: { gitDirectory: string; commit: string; ref: string; workTree?: WorkTreeCopy };
  directories: JobDirectories;
  /** What the job's environment gets from the machine: PATH, proxies, certificates. Nothing else is inherited. */
  machineEnv: Record<string, string>;
  /** `park` ends the worker at a deploy step until the rollout has ended; `report` only says what it would ship. */
  deploys: 'park' | 'report';
  /** How long a cancelled step has after SIGINT and after SIGTERM; GitHub's 7.5 s and 2.5 s when absent. */
  cancelPatience?: CancelPatience;
}

/** What lies over the commit in a run of files that are not committed yet. */
export interface WorkTreeCopy {
  /** Holds the changed and the new files, by their paths. */
  folder: string;
  changed: string[];
  deleted: string[];
}

/** Absolute paths; made when missing. */
export interface JobDirectories {
  /** Where steps run. */
  workspace: string;
  temp: string;
  home: string;
  /** Shared by the jobs of one run. */
  artifacts: string;
  /** Shared by the runs of one app. */
  cache: string;
  /** Shared by all on this machine: installed Node versions. */
  tools: string;
}

/** The steps of the ladder that ends a process. */
export interface CancelPatience {
  interruptMs: number;
  terminateMs: number;
}

/** How a step ended; the conclusion of a failed step that may continue is `success`. */
export type StepOutcome = 'success' | 'failure' | 'cancelled' | 'skipped';

/** A step as its worker last saw it. Not started: no time; running: a start; ended: an outcome. */
export interface StepReport {
  /** From 0; the post steps of actions follow the job's own steps. */
  index: number;
  id: string | null;
  name: string;
  kind: 'main' | 'post';
  outcome: StepOutcome | null;
  conclusion: StepOutcome | null;
  startedAtMs: number | null;
  finishedAtMs: number | null;
  error?: StepError;
}

/** Why a step failed, and where it stands in its file. */
export interface StepError {
  message: string;
  /** The end of its output, masked. */
  lastLines: string[];
  at: Span;
}

/** An `::error::`, `::warning::` or `::notice::` of a step. */
export interface Annotation {
  level: 'error' | 'warning' | 'notice';
  message: string;
  step: number;
  /** Relative to the repository, where it lies in it. */
  file?: string;
  line?: number;
  endLine?: number;
  column?: number;
  endColumn?: number;
  title?: string;
}

/** What a worker tells: rewritten as a whole at each change of a step. */
export interface JobReport {
  phase: 'running' | 'parked' | 'finished';
  pid: number;
  startedAtMs: number;
  finishedAtMs: number | null;
  steps: StepReport[];
  /** Null until the job has ended. */
  result: JobResult | null;
  outputs: Record<string, string>;
  /** Why, when no step tells. */
  reason: string | null;
  annotations: Annotation[];
  /** Markdown that the steps wrote to GITHUB_STEP_SUMMARY. */
  summaryFile: string;
  /** Exact version that `actions/setup-node` put on PATH, such as `24.9.0`. */
  nodeVersion: string | null;
  /** Names of the artifacts that this job uploaded. */
  artifacts: string[];
  /** What a parked job waits for. */
  deploy: DeployRequest | null;
  /** Every process of the job has it in its environment as RUNNER_TRACKING_ID. */
  trackingId: string;
}

/** One line of a job's log. */
export interface LogRecord {
  at: number;
  /** Index of the step. */
  step: number;
  /** `out`: the step's own; `command`: a workflow command that people see, such as a group; `system`: Slipway's words. */
  stream: 'out' | 'command' | 'system';
  text: string;
}
