export { localCodes } from './codes.ts';
export type { LocalCode } from './codes.ts';
export { LocalMistakes } from './mistakes.ts';
export { planLocally } from './plan.ts';
export type { LocalPlan, PlannedRun } from './plan.ts';
export type { LocalRequest } from './request.ts';
export { runLocally } from './run-locally.ts';
export type { RunControls } from './run-locally.ts';
export type { LocalJobView, LocalLine, LocalRunView, LocalStepView, LocalView } from './view.ts';
