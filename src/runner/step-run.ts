import type { Scope } from '../expressions/index.ts';
import type { Session } from './session.ts';
import type { StepOutput } from './step-output.ts';

/** One step while it runs. */
export interface StepRun {
  session: Session;
  index: number;
  /** Part of file names; unique in the job. */
  key: string;
  scope: Scope;
  /** The whole environment of its processes. */
  env: Record<string, string>;
  output: StepOutput;
  signal: AbortSignal;
}
