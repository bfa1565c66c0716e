export { artifactsOf } from './artifacts.ts';
export type { Artifact, ArtifactFile } from './artifacts.ts';
export { runnerCodes } from './codes.ts';
export type { RunnerCode } from './codes.ts';
export { Control } from './control.ts';
export {
  jobWorkerArgv,
  observedReport,
  prepareJob,
  readLog,
  readReport,
  resumeJob,
} from './job-directory.ts';
export type { JobResume } from './job-directory.ts';
export type { FailedStep, JobHooks } from './job-hooks.ts';
export { runJob } from './job-worker.ts';
export { hashFiles } from './hash-files.ts';
export { machineEnvironment } from './machine.ts';
export { endTracked, findTracked } from './process-tree.ts';
export type { Progress } from './progress.ts';
export { reapJob } from './reap-job.ts';
export { RegexGuard } from './regex-guard.ts';
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
  WorkTreeCopy,
} from './spec.ts';
export { ensureNode, npmMajorFor, resolveNode } from './toolchain.ts';
export type { NodeToolchain, ToolchainOptions } from './toolchain.ts';
