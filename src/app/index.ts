export { composeFileNames } from '../compose/index.ts';
export { composeFor } from './compose-app.ts';
export type { ComposeApp, ComposeAppRequest, ComposeAppService } from './compose-app.ts';
export { leftToRouter } from './place-checks.ts';
export { classifyServices } from './service-roles.ts';
export type { ClassifiedService } from './classified-service.ts';
export type { Classified } from './service-roles.ts';
export { defaultEnvironments, defaults, judgeLevels } from './defaults.ts';
export { formatDuration, parseDuration } from './duration.ts';
export type { DurationResult } from './duration.ts';
export { environmentsFor } from './environments.ts';
export type {
  App,
  CanaryStep,
  CheckDefinition,
  ChecksDefinition,
  ComposeFiles,
  DeploymentWindow,
  EnvironmentDefinition,
  EnvironmentRules,
  HealthDefinition,
  Hold,
  JudgeDefinition,
  JudgeLevel,
  MetricDefinition,
  MetricSource,
  ProbesDefinition,
  Undecided,
  MigrationRules,
  ProcessType,
  ReleaseRules,
  RequestCheck,
  ServiceRole,
  ServiceRules,
  SmokeRequest,
  StrategyDefinition,
  Testers,
} from './model.ts';
export { parseApp } from './parse-app.ts';
export type { AppFiles } from './parse-app.ts';
export type { SourceFile } from './procfile.ts';
export { isOfVariants, judgeOfRollouts } from './variant-metrics.ts';
export { sizeText } from './size-text.ts';
export { slipwaySchema } from './slipway-yml.ts';
export { nameFrom } from './names.ts';
export { parseVariables } from './variables.ts';
export type { WorkflowVariables } from './variables.ts';
