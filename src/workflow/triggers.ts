import type { EventName } from './event-names.ts';
import { eventRules } from './event-rules.ts';
import { matchesPatterns } from './patterns.ts';
import type { Trigger, Workflow } from './model.ts';

/** Something that happened to the repository. What is absent is unknown, and lets the event through the filter it concerns. */
export interface RepositoryEvent {
  name: EventName;
  /** What was pushed, or what the run would check out: `refs/heads/main`, `refs/tags/v1`, or a bare branch name. */
  ref: string;
  /**
   * The branch that `branches` asks about where that is not `ref`: the base of a pull request or merge group, the head
   * of the run that a `workflow_run` follows. `ref` counts when absent.
   */
  branch?: string;
  /** Activity type; absent means one of the event's default set. For `repository_dispatch` the sender's word. */
  type?: string;
  /** Paths from the repository's root. */
  changedFiles?: string[];
  /** `workflow_run`: name of the workflow that ran. */
  workflowName?: string;
  /** `schedule`: the line of cron whose time has come, as written. */
  cron?: string;
}

/** Whether an event starts the workflow. */
export function triggers(workflow: Workflow, event: RepositoryEvent): boolean {
  return workflow.triggers.some((trigger) => trigger.event === event.name && matches(trigger, event));
}

function matches(trigger: Trigger, event: RepositoryEvent): boolean {
  return (
    typeMatches(trigger, event) &&
    branchMatches(trigger, event) &&
    workflowMatches(trigger, event) &&
    cronMatches(trigger, event)
  );
}

/** What counts as happening when nobody says: the default set where there is one, or else any type. */
function typeMatches({ types }: Trigger, event: RepositoryEvent): boolean {
  const { defaultTypes, types: all } = eventRules[event.name];
  const usual = defaultTypes ?? all;
  const wanted = types ?? usual;
  const happened = event.type === undefined ? usual : [event.type];
  return !wanted || !happened || happened.some((type) => wanted.includes(type));
}

function branchMatches(trigger: Trigger, event: RepositoryEvent): boolean {
  const { filters } = eventRules[event.name];
  if (!filters.includes('branches')) return true;
  const ref = event.branch ?? event.ref;
  const isTag = filters.includes('tags') && ref.startsWith('refs/tags/');
  return refMatches(trigger, ref, isTag) && (isTag || pathsMatch(trigger, event.changedFiles));
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

/** A `workflow_run` follows the workflows whose names match, and none where it names none. */
function workflowMatches(trigger: Trigger, event: RepositoryEvent): boolean {
  if (event.name !== 'workflow_run') return true;
  const named = trigger.workflows ?? [];
  return event.workflowName === undefined ? named.length > 0 : matchesPatterns(named, event.workflowName);
}

function cronMatches(trigger: Trigger, event: RepositoryEvent): boolean {
  if (event.name !== 'schedule' || event.cron === undefined) return true;
  return (trigger.schedules ?? []).some(({ cron }) => cron === event.cron);
}
