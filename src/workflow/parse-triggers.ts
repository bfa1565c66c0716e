import { isMap, isScalar, isSeq, type Node } from 'yaml';
import { didYouMean, type Span } from '../diagnostics/index.ts';
import { isTimeZone, neverComes, parseCron, shortestGapMinutes } from './cron.ts';
import { events, type EventName } from './event-names.ts';
import { eventRules, type FilterName } from './event-rules.ts';
import type { WorkflowFile } from './file.ts';
import type { Schedule, Trigger } from './model.ts';
import { parseCallOutputs, parseCallSecrets, parseInputs } from './parse-inputs.ts';
import { patternProblem } from './patterns.ts';
import type { Entry } from './reader.ts';

/** Reads `on`: one event, a list of events, or a mapping with filters. */
export function parseTriggers(file: WorkflowFile, entry: Entry): Trigger[] {
  const { value: node, keyAt } = entry;
  const none = () => file.error('missing-key', '`on` names no event', keyAt, { help: 'add `on: push`' });
  if (isMap(node)) {
    const entries = file.entries(node, '`on`', keyAt) ?? [];
    if (entries.length === 0) none();
    return entries.flatMap((event) => parseFiltered(file, event) ?? []);
  }
  const names = file.templates(node, '`on`', keyAt);
  if (isSeq(node) && names.length === 0) none();
  return names.flatMap(({ text, at }) => {
    const event = knownEvent(file, text, at);
    return event ? [{ event, at }] : [];
  });
}

/** Whether GitHub has an event of that name. */
export function isEvent(name: string): name is EventName {
  return events.some((event) => event === name);
}

function knownEvent(file: WorkflowFile, name: string, at: Span): EventName | undefined {
  if (isEvent(name)) return name;
  const near = didYouMean(name, events);
  file.error('unknown-event', `GitHub has no event \`${name}\``, at, {
    notes: near === undefined ? [`events: ${events.join(', ')}`] : [],
    help: near === undefined ? undefined : `did you mean \`${near}\`?`,
  });
  return undefined;
}

function parseFiltered(file: WorkflowFile, entry: Entry): Trigger | undefined {
  const event = knownEvent(file, entry.key, entry.keyAt);
  if (!event) return undefined;
  const trigger: Trigger = { event, at: entry.keyAt };
  if (event === 'schedule') return { ...trigger, schedules: parseSchedules(file, entry) };
  if (isEmpty(entry.value)) return trigger;
  if (event === 'workflow_call') return { ...trigger, ...parseCall(file, entry) };
  if (event === 'workflow_dispatch') return { ...trigger, ...parseDispatch(file, entry) };
  return { ...trigger, ...parseFilters(file, event, entry) };
}

function isEmpty(node: Node | null): boolean {
  return node === null || (isScalar(node) && node.value === null);
}

function parseDispatch(file: WorkflowFile, entry: Entry): Partial<Trigger> {
  const fields = file.optionalFields(entry, { of: '`on.workflow_dispatch`', known: ['inputs'] });
  const inputs = parseInputs(file, fields.get('inputs'), 'workflow_dispatch');
  return inputs ? { inputs } : {};
}

function parseCall(file: WorkflowFile, entry: Entry): Partial<Trigger> {
  const known = ['inputs', 'secrets', 'outputs'];
  const fields = file.optionalFields(entry, { of: '`on.workflow_call`', known });
  const inputs = parseInputs(file, fields.get('inputs'), 'workflow_call');
  const secrets = parseCallSecrets(file, fields.get('secrets'));
  const outputs = parseCallOutputs(file, fields.get('outputs'));
  return { ...(inputs && { inputs }), ...(secrets && { secrets }), ...(outputs && { outputs }) };
}

function parseFilters(file: WorkflowFile, event: EventName, entry: Entry): Partial<Trigger> {
  const { filters } = eventRules[event];
  if (filters.length === 0) {
    const help = `write \`${event}:\` and nothing behind it`;
    file.error('unknown-key', `the event \`${event}\` takes no filters`, file.at(entry.value, entry.keyAt), {
      help,
    });
    return {};
  }
  const example = `write \`${filters[0] ?? 'types'}: […]\` below it, indented`;
  const keys = { of: `\`on.${event}\``, known: filters, example };
  const fields = file.fields(entry.value, keys, entry.keyAt);
  if (!fields) return {};
  for (const kind of ['branches', 'tags', 'paths']) exclusive(file, fields, kind);
  // Images with versions of their own exist on GitHub only: these two are read for their mistakes.
  for (const name of ['names', 'versions']) patterns(file, fields.get(name));
  if (event === 'workflow_run' && !fields.has('workflows')) unfollowed(file, entry);
  const read = (key: FilterName) => patterns(file, fields.get(key));
  const found = {
    types: types(file, event, fields.get('types')),
    branches: read('branches'),
    branchesIgnore: read('branches-ignore'),
    tags: read('tags'),
    tagsIgnore: read('tags-ignore'),
    paths: read('paths'),
    pathsIgnore: read('paths-ignore'),
    workflows: read('workflows'),
  };
  return Object.fromEntries(Object.entries(found).filter(([, list]) => list));
}

function unfollowed(file: WorkflowFile, { keyAt }: Entry): void {
  const help = 'add `workflows: [CI]` with the `name:` of the workflows to follow';
  file.report('warning', 'missing-key', '`workflow_run` names no workflow, so nothing starts it', keyAt, {
    help,
  });
}

function exclusive(file: WorkflowFile, fields: Map<string, Entry>, kind: string): void {
  const ignore = fields.get(`${kind}-ignore`);
  if (!ignore || !fields.has(kind)) return;
  file.error('conflicting-keys', `\`${kind}\` and \`${kind}-ignore\` cannot stand together`, ignore.keyAt, {
    help: `keep \`${kind}\` and exclude with a pattern that starts with !`,
  });
}

const signs = 'signs with a meaning: * ** ? + [ ] and a leading !; a \\ before one takes it as it is';

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
    file.report(
      'warning',
      'invalid-pattern',
      `\`${entry.key}\` lists nothing, so nothing can match`,
      entry.keyAt,
      { help },
    );
  }
  const onlyExcludes = list.length > 0 && list.every(({ text }) => text.startsWith('!'));
  if (onlyExcludes) {
    const help = entry.key.endsWith('-ignore')
      ? 'leave out the !, as this key ignores what matches'
      : `add a pattern that includes, such as '**', or use \`${entry.key}-ignore\``;
    const message = `\`${entry.key}\` only excludes, so nothing can match`;
    file.report('warning', 'invalid-pattern', message, entry.keyAt, { help });
  }
  return list.map(({ text }) => text);
}

/** Activity types: those of the event, or any words for `repository_dispatch`. */
function types(file: WorkflowFile, event: EventName, entry: Entry | undefined): string[] | undefined {
  if (!entry) return undefined;
  const known = eventRules[event].types;
  const list = file.templates(entry.value, '`types`', entry.keyAt);
  for (const { text, at } of list) {
    if (!known || known.includes(text)) continue;
    const near = didYouMean(text, known);
    file.error('invalid-value', `\`${event}\` has no activity type \`${text}\``, at, {
      notes: [`types of \`${event}\`: ${known.join(', ')}`],
      help: near === undefined ? 'remove it' : `did you mean \`${near}\`?`,
    });
  }
  return list.map(({ text }) => text);
}

function parseSchedules(file: WorkflowFile, entry: Entry): Schedule[] {
  const items = file.items(entry.value, '`on.schedule`', entry.keyAt) ?? [];
  return items.flatMap((item) => {
    const at = file.at(item, entry.keyAt);
    const example = "write `- cron: '17 3 * * 1-5'`";
    const keys = { of: 'a schedule', known: ['cron', 'timezone'], example };
    const fields = file.fields(item, keys, at);
    if (!fields) return [];
    const cron = file.text(fields.get('cron'), '`cron`', 'fixedText');
    if (!fields.has('cron')) file.error('missing-key', 'a schedule has no `cron`', at, { help: example });
    const timezone = parseTimezone(file, fields.get('timezone'));
    if (!cron) return [];
    checkCron(file, cron.text, cron.at);
    return [{ cron: cron.text, ...(timezone !== undefined && { timezone }), at: cron.at }];
  });
}

const cronFields = 'five fields: minute, hour, day of the month, month, day of the week (0 is Sunday)';
const shortForms: Readonly<Record<string, string>> = {
  '@yearly': '17 3 1 1 *',
  '@annually': '17 3 1 1 *',
  '@monthly': '17 3 1 * *',
  '@weekly': '17 3 * * 0',
  '@daily': '17 3 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '17 * * * *',
};

function checkCron(file: WorkflowFile, text: string, at: Span): void {
  const parsed = parseCron(text);
  if (!parsed.ok) {
    const instead = Object.hasOwn(shortForms, text) ? shortForms[text] : undefined;
    const help = instead === undefined ? "such as '17 3 * * 1-5', quoted" : `write '${instead}', quoted`;
    file.error('invalid-schedule', `"${text}" is not a schedule: ${parsed.problem}`, at, {
      notes: [cronFields],
      help,
    });
    return;
  }
  if (neverComes(parsed.cron)) {
    const help = 'choose a day that one of these months has';
    file.report('warning', 'invalid-schedule', `no month of "${text}" has such a day`, at, { help });
  }
  const gap = shortestGapMinutes(parsed.cron);
  if (gap < 5) {
    const help = "write '*/5 * * * *' or less often";
    const message = `"${text}" asks for starts ${gap} ${gap === 1 ? 'minute' : 'minutes'} apart, and GitHub starts every 5 minutes at most`;
    file.report('note', 'invalid-schedule', message, at, { help });
  }
}

function parseTimezone(file: WorkflowFile, entry: Entry | undefined): string | undefined {
  const zone = file.text(entry, '`timezone`', 'fixedText');
  if (!zone || isTimeZone(zone.text)) return zone?.text;
  const help = 'write the name of a zone, such as `Europe/Berlin`, or leave it out for UTC';
  file.error('invalid-schedule', `there is no time zone "${zone.text}"`, zone.at, { help });
  return undefined;
}
