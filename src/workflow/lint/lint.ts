import type { Finding } from '../../diagnostics/index.ts';
import { stepsOf } from '../job-parts.ts';
import type { ActionFile, Workflow } from '../model.ts';
import { actionReferences } from './action-references.ts';
import { calledWorkflows } from './called-workflows.ts';
import { deprecatedCommands } from './deprecated-commands.ts';
import { followedWorkflows } from './followed-workflows.ts';
import { localActionInputs, localActionOutputs } from './local-actions.ts';
import { matrixEntries } from './matrix-entries.ts';
import { printedSecrets } from './printed-secrets.ts';
import type { LintContext, StepGroup, StepRule, WorkflowRule } from './rule.ts';
import { scriptInjection } from './script-injection.ts';
import { untrustedCheckout } from './untrusted-checkout.ts';

const stepRules: readonly StepRule[] = [
  scriptInjection,
  deprecatedCommands,
  printedSecrets,
  untrustedCheckout,
  localActionInputs,
  localActionOutputs,
];

const workflowRules: readonly WorkflowRule[] = [calledWorkflows, followedWorkflows, matrixEntries];

/** What can be known to go wrong in a workflow that is written as it should be, in the order of its lines. */
export function lintWorkflow(workflow: Workflow, context: LintContext): Finding[] {
  const groups = workflow.jobs.flatMap((job): StepGroup[] =>
    job.kind === 'steps' ? [{ steps: stepsOf(job), env: [job.env, workflow.env], job, workflow }] : [],
  );
  return inOrder([
    ...groups.flatMap((group) => stepRules.flatMap((rule) => rule(group, context))),
    ...workflowRules.flatMap((rule) => rule(workflow, context)),
  ]);
}

/** What can be known to go wrong in an action file that is written as it should be, in the order of its lines. */
export function lintAction(action: ActionFile, context: LintContext): Finding[] {
  if (action.runs.kind !== 'composite') return [];
  const group: StepGroup = { steps: action.runs.steps, env: [] };
  return inOrder([
    ...stepRules.flatMap((rule) => rule(group, context)),
    ...actionReferences(action, context.source),
  ]);
}

function inOrder(findings: Finding[]): Finding[] {
  const place = ({ at }: Finding) => (at ? at.start.line * 10_000 + at.start.column : 0);
  return findings.toSorted((a, b) => place(a) - place(b));
}
