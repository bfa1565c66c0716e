import type { EventName } from './event-names.ts';

/** A filter of an event, as `on.<event>` spells it. */
export type FilterName =
  | 'types'
  | 'branches'
  | 'branches-ignore'
  | 'tags'
  | 'tags-ignore'
  | 'paths'
  | 'paths-ignore'
  | 'workflows'
  | 'names'
  | 'versions';

/** What GitHub lets a workflow say about an event. */
export interface EventRule {
  /** Filters that it takes; none at all when empty. */
  filters: readonly FilterName[];
  /** Its activity types; absent where it has none, or where any word is one (`repository_dispatch`). */
  types?: readonly string[];
  /** Types that start a workflow which names none, where these are not all of them. */
  defaultTypes?: readonly string[];
}

const branches = ['branches', 'branches-ignore'] as const;
const tags = ['tags', 'tags-ignore'] as const;
const paths = ['paths', 'paths-ignore'] as const;

const nothing: EventRule = { filters: [] };
const typed = (...types: string[]): EventRule => ({ filters: ['types'], types });

const pullRequest: EventRule = {
  filters: ['types', ...branches, ...paths],
  defaultTypes: ['opened', 'synchronize', 'reopened'],
  types: [
    'assigned',
    'unassigned',
    'labeled',
    'unlabeled',
    'opened',
    'edited',
    'closed',
    'reopened',
    'synchronize',
    'converted_to_draft',
    'locked',
    'unlocked',
    'enqueued',
    'dequeued',
    'milestoned',
    'demilestoned',
    'ready_for_review',
    'review_requested',
    'review_request_removed',
    'auto_merge_enabled',
    'auto_merge_disabled',
    'stacked',
  ],
};

/**
 * What each event takes under its name. Schedules and the inputs of dispatched and called workflows have shapes of
 * their own, which `parse-triggers.ts` and `parse-inputs.ts` read.
 *
 * @see https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows
 */
export const eventRules: Readonly<Record<EventName, EventRule>> = {
  branch_protection_rule: typed('created', 'edited', 'deleted'),
  check_run: typed('completed', 'created', 'rerequested', 'requested_action'),
  check_suite: typed('completed'),
  create: nothing,
  delete: nothing,
  deployment: nothing,
  deployment_status: nothing,
  discussion: typed(
    'created',
    'edited',
    'deleted',
    'transferred',
    'pinned',
    'unpinned',
    'labeled',
    'unlabeled',
    'locked',
    'unlocked',
    'category_changed',
    'answered',
    'unanswered',
  ),
  discussion_comment: typed('created', 'edited', 'deleted'),
  fork: nothing,
  gollum: nothing,
  image_version: { filters: ['types', 'names', 'versions'], types: ['created', 'ready', 'deleted'] },
  issue_comment: typed('created', 'edited', 'deleted'),
  issues: typed(
    'opened',
    'edited',
    'deleted',
    'transferred',
    'pinned',
    'unpinned',
    'closed',
    'reopened',
    'assigned',
    'unassigned',
    'labeled',
    'unlabeled',
    'locked',
    'unlocked',
    'milestoned',
    'demilestoned',
    'field_added',
    'field_removed',
    'typed',
    'untyped',
  ),
  label: typed('created', 'edited', 'deleted'),
  merge_group: { filters: ['types', ...branches], types: ['checks_requested'] },
  milestone: typed('created', 'closed', 'opened', 'edited', 'deleted'),
  page_build: nothing,
  project: typed('created', 'closed', 'reopened', 'edited', 'deleted'),
  project_card: typed('created', 'moved', 'converted', 'edited', 'deleted'),
  project_column: typed('created', 'updated', 'moved', 'deleted'),
  public: nothing,
  pull_request: pullRequest,
  pull_request_comment: typed('created', 'edited', 'deleted'),
  pull_request_review: typed('submitted', 'edited', 'dismissed'),
  pull_request_review_comment: typed('created', 'edited', 'deleted'),
  pull_request_target: pullRequest,
  push: { filters: [...branches, ...tags, ...paths] },
  registry_package: typed('published', 'updated'),
  release: typed('published', 'unpublished', 'created', 'edited', 'deleted', 'prereleased', 'released'),
  repository_dispatch: { filters: ['types'] },
  schedule: nothing,
  status: nothing,
  watch: typed('started'),
  workflow_call: nothing,
  workflow_dispatch: nothing,
  workflow_run: {
    filters: ['types', 'workflows', ...branches],
    types: ['requested', 'completed', 'in_progress'],
  },
};
