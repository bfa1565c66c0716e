import { meant } from '../meant.ts';
import { matchesPattern } from '../patterns.ts';
import { report, type WorkflowRule } from './rule.ts';

/** `workflow_run` names a workflow that the repository does not have, so its runs never come. */
export const followedWorkflows: WorkflowRule = (workflow, { repository }) =>
  workflow.triggers.flatMap(({ workflows = [], at }) => {
    const names = repository.workflowNames();
    return workflows.flatMap((pattern) => {
      if (!names || pattern.startsWith('!') || names.some((name) => matchesPattern(pattern, name))) return [];
      const notes = [`names of workflows: ${names.map((name) => `"${name}"`).join(', ')}`];
      const help = meant(pattern, names) ?? 'write the `name:` of a workflow, not its file';
      const message = `no workflow here is called "${pattern}", so none of its runs starts this`;
      return [report('warning', 'unknown-workflow', message, at, { notes, help })];
    });
  });
