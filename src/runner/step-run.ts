import type { Scope } from '../expressions/index.ts';
import type { Step } from '../workflow/index.ts';
import type { Control } from './control.ts';
import type { Standpoint } from './frame.ts';
import type { Session } from './session.ts';
import type { StepReport } from './spec.ts';
import type { StepOutput } from './step-output.ts';

/** A step and where it stands. */
export interface StepPlace extends Standpoint {
  step: Step;
  /** Of the job's step in whose part of the log it writes; a step of an action writes in that of its caller. */
  index: number;
  /** Part of file names, unique in the job: `<pid>-3`, or `<pid>-3-0` for the first step of an action that step 3 uses. */
  key: string;
  report: StepReport;
}

/** Runs a step of the action that a step uses; its failure is in its report. */
export type RunInner = (place: StepPlace) => Promise<unknown>;

/** One step while it runs. */
export interface StepRun {
  session: Session;
  control: Control;
  place: Standpoint;
  index: number;
  /** As people know the step. */
  name: string;
  /** Part of file names; unique in the job. */
  key: string;
  scope: Scope;
  /** The step's own variables. */
  stepEnv: Record<string, string>;
  /** The whole environment of its processes. */
  env: Record<string, string>;
  output: StepOutput;
  signal: AbortSignal;
}
