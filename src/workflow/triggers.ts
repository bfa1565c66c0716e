import { matchesPatterns } from './patterns.ts';
import type { Trigger, Workflow } from './model.ts';

/** Something that happened to the repository. */
export interface RepositoryEvent {
  name: 'push' | 'pull_request' | 'workflow_dispatch';
  /**
   * What was pushed, or for a pull request its base: `refs/heads/main`, `refs/tags/v1`, or a bare branch name.
   */
  ref: string;
  /** Paths from the repository's root. Absent means unknown, and path filters then let the event through, as GitHub does. */
  changedFiles?: string[];
}

/** Whether an event starts the workflow. */
export function triggers(workflow: Workflow, event: RepositoryEvent): boolean {
  return workflow.triggers.some((trigger) => trigger.event === event.name && matches(trigger, event));
}

function matches(trigger: Trigger, event: RepositoryEvent): boolean {
  if (event.name === 'workflow_dispatch') return true;
  const isTag = event.ref.startsWith('refs/tags/');
  return refMatches(trigger, event.ref, isTag) && (isTag || pathsMatch(trigger, event.changedFiles));
}

/** A filter on branches alone leaves tags out, and the other way round. */
function refMatches(trigger: Trigger, ref: string, isTag: boolean): boolean {
  const name = ref.replace(/^refs\/(heads|tags)\//, '');
  const branchRules = trigger.branches ?? trigger.branchesIgnore;
  const tagRules = trigger.tags ?? trigger.tagsIgnore;
  const [chosen, ignored] = isTag
    ? [trigger.tags, trigger.tagsIgnore]
    : [trigger.branches, trigger.branchesIgnore];
  if (chosen) return matchesPatterns(chosen, name);
  if (ignored) return !matchesPatterns(ignored, name);
  return branchRules === undefined && tagRules === undefined;
}

function pathsMatch(trigger: Trigger, files: string[] | undefined): boolean {
  if (!files) return true;
  const { paths, pathsIgnore } = trigger;
  if (paths) return files.some((file) => matchesPatterns(paths, file));
  return !pathsIgnore || files.some((file) => !matchesPatterns(pathsIgnore, file));
}
