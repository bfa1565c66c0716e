export type { RolloutResult } from './draft.ts';
export { commandKey, type Effect } from './effects.ts';
export {
  emptyEnvironment,
  type Cause,
  type EnvironmentState,
  type Rollout,
  type RolloutOutcome,
  type RolloutPhase,
  type RolloutRequest,
} from './environment.ts';
export { candidateWeight, desiredInstances, desiredRoutes, instancesToProbe } from './desired.ts';
export {
  instanceId,
  type CommandObservation,
  type InstanceObservation,
  type Observed,
  type Preparation,
} from './observed.ts';
export { planEnvironment, type Decision } from './plan.ts';
export { performEffects, type Ports } from './perform.ts';
export { noteTroubles } from './trouble.ts';
export type {
  Endpoint,
  Pin,
  RevisionTraffic,
  Router,
  RouteRevision,
  RouterState,
  Routes,
  Target,
} from './ports.ts';
export { noRules, switchAtOnce } from './revision.ts';
export type {
  ConfigurationRef,
  DesiredInstance,
  ProcessRole,
  ReleaseRef,
  Revision,
  RevisionProcess,
  RolloutSettings,
  SharedService,
  Task,
} from './revision.ts';
export { compileStrategy, type Step } from './strategy.ts';
