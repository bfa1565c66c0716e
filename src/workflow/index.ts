export { builtInAction, builtInActions } from './actions.ts';
export type { ActionInput, ActionReference, BuiltInAction } from './actions.ts';
export { workflowCodes } from './codes.ts';
export type { WorkflowCode } from './codes.ts';
export { eventNames } from './events.ts';
export { jobDisplayName } from './display-name.ts';
export { expandMatrix } from './matrix.ts';
export type { MatrixInstance } from './matrix.ts';
export type {
  EnvMap,
  Job,
  Json,
  MatrixSource,
  RunDefaults,
  Step,
  Strategy,
  Template,
  Trigger,
  Workflow,
} from './model.ts';
export { parseWorkflow } from './parse.ts';
export { matchesPattern, matchesPatterns, patternProblem } from './patterns.ts';
export { refusedLabel } from './runner-labels.ts';
export { triggers } from './triggers.ts';
export type { RepositoryEvent } from './triggers.ts';
