export { lostReason } from './absorb.ts';
export { cancelTimeoutMs } from './cancel-timeout.ts';
export { checkCalls } from './check-calls.ts';
export { createRun, requestCancel } from './create-run.ts';
export type { NewRun } from './create-run.ts';
export type { PlanLimits } from './draft.ts';
export { callPath, writtenJob } from './frames.ts';
export { claimGroups, groupWishes } from './groups.ts';
export type { GroupClaim, GroupEntry, GroupLedger, GroupWish } from './groups.ts';
export { currentWorkerId, rolloutKey, workerId, workKey } from './keys.ts';
export type {
  DeployOutcome,
  DeployRequest,
  EnvironmentVerdict,
  Group,
  GroupVerdict,
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
  RunGate,
  RunHappening,
  RunPlan,
  RunResult,
  RunState,
  SecretStep,
} from './model.ts';
export { planRun } from './plan-run.ts';
export { refusalsInReach } from './reach.ts';
export { rerun } from './rerun.ts';
export type { RerunWish } from './rerun.ts';
export { resolveSecrets } from './secrets.ts';
