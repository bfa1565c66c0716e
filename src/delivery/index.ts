export { checkHeader, checkPin, dueCheck, nameOf as nameOfCheck, type DueCheck } from './checks.ts';
export { slowQuantiles } from './edges.ts';
export type { RolloutResult } from './draft.ts';
export { asksFor, mayNot, type Verb } from './decisions.ts';
export { commandKey, commandsToForget, currentCommand, type Effect } from './effects.ts';
export {
  emptyEnvironment,
  type Cause,
  type EnvironmentState,
  type Rollout,
  type RolloutOutcome,
  type RolloutPhase,
  type RolloutRequest,
} from './environment.ts';
export { here, homeOf, localId, machineOf, machinesOf, nameOn, onMachine } from './machines.ts';
export { metricWishes, type MeasuredRevision, type MetricWish } from './metric-wishes.ts';
export { outdatedShared } from './shared.ts';
export { missedMachines } from './silence.ts';
export { knownRevisions, sharedRevision, webProcess } from './copies.ts';
export { desiredInstances } from './desired.ts';
export { crossedMigration } from './migrations.ts';
export { probeWishes, type ProbeWish } from './probes.ts';
export { probingWish, type ProbingWish } from './probing.ts';
export { candidateWeight, desiredRoutes, previewHost } from './routes.ts';
export { mayNotApprove, unmetRules, whoMayApprove } from './rules.ts';
export { flagWishes, type FlagWish } from './flags.ts';
export { mayNotReplace } from './shared.ts';
export { upgradeState } from './upgrade.ts';
export {
  instanceId,
  type CommandObservation,
  type FlagSeen,
  type FlagSight,
  type InstanceObservation,
  type MetricReading,
  type Observed,
  type Preparation,
  type ProbedTraffic,
} from './observed.ts';
export { planEnvironment, type Decision } from './plan.ts';
export { performEffects, type Performing, type Ports } from './perform.ts';
export { copiesToRead, endedCopies, failedRequests, takesBack, withTraces, type Traces } from './traces.ts';
export { noteTroubles } from './trouble.ts';
export type {
  Endpoint,
  FailedRequest,
  FlagsChange,
  FlagStore,
  LotCounts,
  Pin,
  RevisionTraffic,
  Router,
  RouterAbilities,
  RouteRevision,
  RouterState,
  Routes,
  SessionLot,
  Target,
} from './ports.ts';
export { noChecks, noRules, runsTheSame, sameShared, switchAtOnce } from './revision.ts';
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
export { compileStrategy, replaceAtOnce, type Step } from './strategy.ts';
export { verdictOn } from './verdicts.ts';
