export { artifactsOf } from './artifacts.ts';
export type { Artifact, ArtifactFile } from './artifacts.ts';
export { runnerCodes } from './codes.ts';
export type { RunnerCode } from './codes.ts';
export {
  jobWorkerArgv,
  observedReport,
  prepareJob,
  readLog,
  readReport,
  resumeJob,
} from './job-directory.ts';
export type { JobResume } from './job-directory.ts';
export { reapJob } from './reap-job.ts';
export type {
  Annotation,
  CancelPatience,
  JobDirectories,
  JobReport,
  JobSpec,
  LogRecord,
  StepError,
  StepOutcome,
  StepReport,
} from './spec.ts';
export { ensureNode, npmMajorFor, resolveNode } from './toolchain.ts';
export type { NodeToolchain, ToolchainOptions } from './toolchain.ts';
