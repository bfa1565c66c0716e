import { namesUsed } from '../../expressions/index.ts';
import { report, type StepRule } from './rule.ts';
import { expressionsIn } from './texts.ts';

const privileged = ['pull_request_target', 'workflow_run'];
const heads = [
  'head_ref',
  'event.pull_request.head.ref',
  'event.pull_request.head.sha',
  'event.pull_request.merge_commit_sha',
  'event.workflow_run.head_branch',
  'event.workflow_run.head_sha',
  'event.workflow_run.head_commit.id',
];

/** A workflow that has the repository's secrets checks out what a stranger wrote, and the next step may run it. */
export const untrustedCheckout: StepRule = ({ steps, workflow }, { source }) => {
  const event = workflow?.triggers.find((trigger) => privileged.includes(trigger.event))?.event;
  if (event === undefined) return [];
  return steps.flatMap((step) => {
    if (step.kind !== 'uses' || !/^actions\/checkout@/i.test(step.uses.text)) return [];
    const ref = Object.entries(step.with).find(([name]) => name.toLowerCase() === 'ref')?.[1];
    const parts = ref ? expressionsIn(ref, source) : [];
    return parts.flatMap(({ expression, at }) => {
      const foreign = namesUsed(expression).references.find(
        ({ context, path }) => context === 'github' && heads.includes(path.join('.').toLowerCase()),
      );
      if (!foreign) return [];
      const message = `\`${event}\` has the repository's secrets, and this checks out what a stranger wrote`;
      const help =
        'build it in a workflow of its own on `pull_request`, or run nothing of what is checked out';
      return [report('warning', 'untrusted-checkout', message, at, { help })];
    });
  });
};
