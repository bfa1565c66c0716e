export type { Forecast, MachineForecast, ServiceForecast } from './forecast/model.ts';
export { Answers } from './answers.ts';
export { endContainers } from './end-containers.ts';
export type { FlagsChangeView, FlagsView, FlagVersionView } from './flags/answers.ts';
export type { AskedRamp } from './flags/ask-ramp.ts';
export type { FlagWish } from './flags/change.ts';
export { layoutOf, type Layout } from './layout.ts';
export { machineLogs } from './machines/machine-logs.ts';
export type { Connect } from './machines/model.ts';
export { machineEnvironment } from '../runner/index.ts';
export { jobLogs, type LogQuery } from './read-logs.ts';
export { changePolicy, ownerName, policyOf } from './people.ts';
export { readDefinition, type CommitFiles } from './repository-files.ts';
export { chooseRouter, type RouterWish } from './choose-router.ts';
export { routerKinds, type RouterKind } from './router-settings.ts';
export { requireFreePort, type Listen } from './router-process.ts';
export { FindingsError } from './findings-error.ts';
export type { ShipWish } from './shipping.ts';
export { openSystem, type System, type SystemOptions } from './system.ts';
export type {
  CollectionView,
  CopyView,
  EnvironmentView,
  HealthView,
  HistoryEntry,
  JobView,
  JobViewState,
  LogLine,
  PlanView,
  RampView,
  RevisionView,
  RolloutView,
  RolloutViewState,
  RunView,
  ShipView,
  SharedView,
  StatusView,
  StepView,
} from './views.ts';
