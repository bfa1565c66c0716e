import type { Progress } from './progress.ts';
import type { JobReport, LogRecord } from './spec.ts';

/** A step of the job, or of an action that it uses, which has just failed; its command files still stand. */
export interface FailedStep {
  /** The job's own step; one that belongs to an action counts as the step that uses it. */
  stepIndex: number;
  name: string;
  message: string;
  /** What it last said, masked. */
  lastLines: string[];
  cwd: string;
  /** The whole environment of its process. */
  env: Record<string, string>;
}

/** What someone in the same process is told of a job, and may decide in it. A worker of its own has none of these. */
export interface JobHooks {
  /** The job goes on from here instead of from its beginning: what `beforeStep` was shown once. */
  resume?: Progress;
  /** Lines of the log, in order, soon after they came; several of one moment together. */
  onRecords?: (records: LogRecord[]) => void;
  /** The report has changed; what it holds goes on changing until the next call. */
  onReport?: (report: JobReport) => void;
  /** Before each of the job's own steps; `stop` leaves out this one and all that follow. */
  beforeStep?: (progress: Progress, stepIndex: number) => 'go' | 'stop';
  /** `retry` runs the step once more. Not asked when the job has been cancelled. */
  onFailedStep?: (failed: FailedStep) => Promise<'retry' | 'go-on'>;
}
