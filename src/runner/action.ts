import type { DeployRequest } from '../runs/index.ts';
import type { ProcessEnd } from './run-process.ts';
import type { JobSpec } from './spec.ts';

/** How an action runs a program: its lines go to the step's log unless `quiet`. */
export interface ActionCommandOptions {
  cwd?: string;
  env?: Record<string, string>;
  quiet?: boolean;
}

/** What a built-in action may see and do. */
export interface ActionContext {
  /** By lower-case name. */
  inputs: Record<string, string>;
  spec: JobSpec;
  stepIndex: number;
  /** The whole environment of the step. */
  env: Record<string, string>;
  /** Fires when the step is cancelled or out of time. */
  signal: AbortSignal;
  /** Kept from the main half to the post half. */
  state: Record<string, string>;
  say(text: string): void;
  warn(text: string): void;
  setOutput(name: string, value: string): void;
  addPath(path: string): void;
  exportVariable(name: string, value: string): void;
  addMask(value: string): void;
  /** Told in the job's report. */
  noteNode(version: string): void;
  noteArtifact(name: string): void;
  /** Ends with the job's cancel and with timeouts. The program's own failure is not a throw. */
  run(argv: string[], options?: ActionCommandOptions): Promise<ProcessEnd & { stdout: string }>;
}

/** What a main half may ask for: to end the worker until a rollout has ended. */
export type ActionEnd = undefined | { park: DeployRequest };

/** One built-in action. A failure is a throw, best a `CodedError` whose message people understand. */
export interface Action {
  main(context: ActionContext): Promise<ActionEnd>;
  /** Runs at the end of the job, in reverse order of the mains. */
  post?(context: ActionContext): Promise<void>;
  /** Condition of the post half; `always()` when absent. */
  postIf?: string;
}
