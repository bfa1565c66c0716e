export { builtInAction, builtInActions } from './actions.ts';
export type { ActionInput, ActionReference, BuiltInAction } from './actions.ts';
export { workflowCodes } from './codes.ts';
export type { WorkflowCode } from './codes.ts';
export { events } from './event-names.ts';
export type { EventName } from './event-names.ts';
export { jobDisplayName } from './display-name.ts';
export { environmentOf, stepsOf } from './job-parts.ts';
export { inputTexts, resolveInputs } from './inputs.ts';
export type { InputsFrom } from './inputs.ts';
export { eventRules } from './event-rules.ts';
export type { EventRule, FilterName } from './event-rules.ts';
export { lintAction, lintWorkflow } from './lint/lint.ts';
export type { LintContext, LintRepository } from './lint/rule.ts';
export { expandMatrix } from './matrix.ts';
export type { MatrixInstance } from './matrix.ts';
export { insertKey } from './model.ts';
export type {
  ActionFile,
  ActionInputDefinition,
  ActionRuns,
  CallJob,
  Concurrency,
  Container,
  EnvMap,
  InputDefinition,
  Job,
  Json,
  MatrixSource,
  Permissions,
  Refusal,
  RunDefaults,
  Schedule,
  Step,
  StepsJob,
  Strategy,
  Template,
  Trigger,
  Workflow,
} from './model.ts';
export { parseWorkflow } from './parse.ts';
export { parseAction } from './parse-action.ts';
export { matchesPattern, matchesPatterns, patternProblem } from './patterns.ts';
export { refusedLabel } from './runner-labels.ts';
export { triggers } from './triggers.ts';
export type { RepositoryEvent } from './triggers.ts';
