export { lostReason } from './absorb.ts';
export { createRun, requestCancel } from './create-run.ts';
export type { NewRun } from './create-run.ts';
export type { PlanLimits } from './draft.ts';
export { currentWorkerId, rolloutKey, workerId } from './keys.ts';
export type {
  DeployOutcome,
  DeployRequest,
  EnvironmentVerdict,
  JobInstance,
  JobOrder,
  JobResult,
  JobState,
  JobStrategy,
  Observed,
  ObservedJob,
  ObservedReport,
  RunAction,
  RunEvent,
  RunHappening,
  RunPlan,
  RunResult,
  RunState,
} from './model.ts';
export { planRun } from './plan-run.ts';
