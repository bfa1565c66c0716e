import { isMap, isSeq, type Node } from 'yaml';
import { didYouMean, type Span } from '../diagnostics/index.ts';
import type { WorkflowFile } from './file.ts';
import type { Trigger } from './model.ts';
import { patternProblem } from './patterns.ts';
import type { Entry } from './reader.ts';

type EventName = 'push' | 'pull_request' | 'workflow_dispatch';
const events: readonly EventName[] = ['push', 'pull_request', 'workflow_dispatch'];

/** Events that GitHub knows and this version does not start workflows for. */
const otherEvents = [
  'branch_protection_rule',
  'check_run',
  'check_suite',
  'create',
  'delete',
  'deployment',
  'deployment_status',
  'discussion',
  'discussion_comment',
  'fork',
  'gollum',
  'image_version',
  'issue_comment',
  'issues',
  'label',
  'merge_group',
  'milestone',
  'page_build',
  'project',
  'public',
  'pull_request_comment',
  'pull_request_review',
  'pull_request_review_comment',
  'pull_request_target',
  'registry_package',
  'release',
  'repository_dispatch',
  'schedule',
  'status',
  'watch',
  'workflow_call',
  'workflow_run',
];

const filters = {
  push: ['branches', 'branches-ignore', 'tags', 'tags-ignore', 'paths', 'paths-ignore'],
  pull_request: ['branches', 'branches-ignore', 'paths', 'paths-ignore', 'types'],
  workflow_dispatch: [],
} as const satisfies Record<EventName, readonly string[]>;

const refusedFilters: Record<EventName, Record<string, string>> = {
  push: {},
  pull_request: {},
  workflow_dispatch: { inputs: 'remove the inputs; values can come from `env` or `vars`' },
};

/** Reads `on`: one event, a list of events, or a mapping with filters. */
export function parseTriggers(file: WorkflowFile, entry: Entry): Trigger[] {
  const { value: node, keyAt } = entry;
  if (isMap(node)) {
    const entries = file.entries(node, '`on`', keyAt) ?? [];
    if (entries.length === 0) file.error('missing-key', '`on` names no event', keyAt, { help: possible });
    return entries.flatMap((event) => parseFiltered(file, event) ?? []);
  }
  const names = file.templates(node, '`on`', keyAt);
  if (isSeq(node) && names.length === 0)
    file.error('missing-key', '`on` names no event', keyAt, { help: possible });
  return names.flatMap(({ text, at }) => {
    const event = knownEvent(file, text, at);
    return event ? [{ event, at }] : [];
  });
}

const signs = 'signs with a meaning: * ** ? + [ ] and a leading !; a \\ before one takes it as it is';

const possible = `events that start a workflow here: ${events.join(', ')}`;

/** Whether GitHub has an event of that name, supported here or not. */
export function isEvent(name: string): boolean {
  return [...events, ...otherEvents].includes(name);
}

function knownEvent(file: WorkflowFile, name: string, at: Span): EventName | undefined {
  const known = events.find((event) => event === name);
  if (known) return known;
  if (otherEvents.includes(name)) {
    file.error('not-supported', `the event \`${name}\` is not supported yet`, at, {
      notes: [possible],
      help: 'move the jobs of this event to a workflow file of their own, which stays on GitHub',
    });
    return undefined;
  }
  const near = didYouMean(name, [...events, ...otherEvents]);
  file.error('unknown-event', `GitHub has no event \`${name}\``, at, {
    notes: [possible],
    help: near === undefined ? undefined : `did you mean \`${near}\`?`,
  });
  return undefined;
}

function parseFiltered(file: WorkflowFile, entry: Entry): Trigger | undefined {
  const event = knownEvent(file, entry.key, entry.keyAt);
  if (!event) return undefined;
  const trigger: Trigger = { event, at: entry.keyAt };
  if (entry.value === null || isEmpty(entry.value)) return trigger;
  const keys = { of: `\`on.${event}\``, known: filters[event], refused: refusedFilters[event] };
  const fields = file.fields(entry.value, keys, entry.keyAt);
  if (!fields) return undefined;
  const read = (key: string) => patterns(file, fields.get(key));
  checkTypes(file, fields.get('types'));
  for (const kind of ['branches', 'tags', 'paths']) exclusive(file, fields, kind);
  const found = {
    branches: read('branches'),
    branchesIgnore: read('branches-ignore'),
    tags: read('tags'),
    tagsIgnore: read('tags-ignore'),
    paths: read('paths'),
    pathsIgnore: read('paths-ignore'),
  };
  return { ...trigger, ...Object.fromEntries(Object.entries(found).filter(([, list]) => list)) };
}

function isEmpty(node: Node): boolean {
  return 'value' in node && node.value === null;
}

function exclusive(file: WorkflowFile, fields: Map<string, Entry>, kind: string): void {
  const ignore = fields.get(`${kind}-ignore`);
  if (!ignore || !fields.has(kind)) return;
  file.error('conflicting-keys', `\`${kind}\` and \`${kind}-ignore\` cannot stand together`, ignore.keyAt, {
    help: `keep \`${kind}\` and exclude with a pattern that starts with !`,
  });
}

function patterns(file: WorkflowFile, entry: Entry | undefined): string[] | undefined {
  if (!entry) return undefined;
  const list = file.templates(entry.value, `\`${entry.key}\``, entry.keyAt);
  for (const { text, at } of list) {
    const problem = patternProblem(text);
    if (problem !== undefined)
      file.error('invalid-pattern', `"${text}" is not a filter pattern: ${problem}`, at, { notes: [signs] });
  }
  if (isSeq(entry.value) && entry.value.items.length === 0) {
    const help = 'add a pattern, or remove the key';
    file.error('invalid-pattern', `\`${entry.key}\` lists nothing, so nothing can match`, entry.keyAt, {
      help,
    });
  }
  const onlyExcludes = list.length > 0 && list.every(({ text }) => text.startsWith('!'));
  if (onlyExcludes) {
    file.error('invalid-pattern', `\`${entry.key}\` only excludes, so nothing can match`, entry.keyAt, {
      help: entry.key.endsWith('-ignore')
        ? 'leave out the !, as this key ignores what matches'
        : `add a pattern that includes, such as '**', or use \`${entry.key}-ignore\``,
    });
  }
  return list.map(({ text }) => text);
}

/** Activity types: only GitHub's default set, since a local event cannot say which of them it was. */
function checkTypes(file: WorkflowFile, entry: Entry | undefined): void {
  if (!entry) return;
  const types = file.templates(entry.value, '`types`', entry.keyAt).map(({ text }) => text);
  const defaults = ['opened', 'reopened', 'synchronize'];
  if (types.toSorted().join() === defaults.join()) return;
  file.error('not-supported', '`types` other than the default set is not supported yet', entry.keyAt, {
    notes: [`the default set: ${defaults.join(', ')}`],
    help: 'leave `types` out',
  });
}
