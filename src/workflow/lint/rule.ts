import type { Finding, Severity, Span } from '../../diagnostics/index.ts';
import type { workflowCodes } from '../codes.ts';
import type { ActionFile, EnvMap, Step, StepsJob, Workflow } from '../model.ts';

/** Files of the repository that workflows and actions name, read and typed. */
export interface LintRepository {
  /** The action in a folder; null where there is none, undefined where it has mistakes of its own. */
  action(folder: string): ActionFile | null | undefined;
  /** The workflow of a path; null where there is none, undefined where it has mistakes of its own. */
  workflow(path: string): Workflow | null | undefined;
  /** Names of all its workflows; undefined where one has mistakes, so that they cannot be told. */
  workflowNames(): string[] | undefined;
}

/** What rules look at beside the file itself. */
export interface LintContext {
  /** Text of the file, for places inside its scripts. */
  source: string;
  repository: LintRepository;
}

/** Steps that run one after the other: those of a job, or of a composite action. */
export interface StepGroup {
  steps: Step[];
  /** Variables around them, the nearest first. */
  env: EnvMap[];
  job?: StepsJob;
  workflow?: Workflow;
}

/** A rule over the steps of one job or action. */
export type StepRule = (group: StepGroup, context: LintContext) => Finding[];

/** A rule over a whole workflow. */
export type WorkflowRule = (workflow: Workflow, context: LintContext) => Finding[];

/** One finding of a rule. */
export function report(
  severity: Severity,
  code: keyof typeof workflowCodes,
  message: string,
  at: Span,
  { notes = [], help }: { notes?: string[]; help: string },
): Finding {
  return { code: `workflow/${code}`, severity, message, at, notes, help };
}

/** The path in this repository that a `uses` names, from `./` on; undefined for those of other repositories. */
export function localPath(uses: string): string | undefined {
  return /^[.$]\//.test(uses) ? `./${uses.slice(2)}` : undefined;
}
