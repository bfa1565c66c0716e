import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { eventRules, events, parseWorkflow, triggers, type RepositoryEvent, type Workflow } from './index.ts';

function workflow(on: string): Workflow {
  const text = `on:${on}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: ls\n`;
  const parsed = parseWorkflow(text, 'ci.yml');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.findings));
  return parsed.value;
}

const push = (ref: string, changedFiles?: string[]): RepositoryEvent => ({
  name: 'push',
  ref,
  ...(changedFiles && { changedFiles }),
});
const pull = (ref: string, changedFiles?: string[]): RepositoryEvent => ({
  ...push(ref, changedFiles),
  name: 'pull_request',
});
const main = 'refs/heads/main';

const cases: [string, string, RepositoryEvent, boolean][] = [
  ['a bare push takes branches', ' push', push(main), true],
  ['a bare push takes tags', ' push', push('refs/tags/v1'), true],
  ['push is not pull_request', ' push', pull(main), false],
  ['a list takes each event', ' [push, pull_request]', pull(main), true],
  ['a mapping without filters takes all', '\n  push:\n  pull_request:', push('refs/heads/x'), true],
  [
    'workflow_dispatch asks for nothing',
    ' workflow_dispatch',
    { name: 'workflow_dispatch', ref: main },
    true,
  ],
  ['a branch that is listed', '\n  push: { branches: [main] }', push(main), true],
  ['a branch by its bare name', '\n  push: { branches: [main] }', push('main'), true],
  ['one text is a list of one', '\n  push: { branches: main }', push(main), true],
  ['a branch that is not listed', '\n  push: { branches: [main] }', push('refs/heads/x'), false],
  ['branches alone leave tags out', '\n  push: { branches: ["**"] }', push('refs/tags/v1'), false],
  ['tags alone leave branches out', '\n  push: { tags: ["v*"] }', push(main), false],
  ['a tag that matches', '\n  push: { tags: ["v*"] }', push('refs/tags/v1'), true],
  ['tags-ignore', '\n  push: { tags-ignore: ["v0*"] }', push('refs/tags/v0.1'), false],
  ['tags-ignore lets others through', '\n  push: { tags-ignore: ["v0*"] }', push('refs/tags/v1'), true],
  ['branches beside tags', '\n  push: { branches: [main], tags: ["v*"] }', push('refs/tags/v1'), true],
  ['branches-ignore', '\n  push: { branches-ignore: ["wip/**"] }', push('refs/heads/wip/a'), false],
  ['branches-ignore lets others through', '\n  push: { branches-ignore: ["wip/**"] }', push(main), true],
  [
    'an exclusion after an inclusion',
    '\n  push: { branches: ["r/**", "!r/**-a"] }',
    push('refs/heads/r/1-a'),
    false,
  ],
  ['a pull request is judged by its base', '\n  pull_request: { branches: [main] }', pull(main), true],
  [
    'a pull request into another base',
    '\n  pull_request: { branches: [main] }',
    pull('refs/heads/dev'),
    false,
  ],
  [
    'the default types are accepted',
    '\n  pull_request: { types: [synchronize, opened, reopened] }',
    pull(main),
    true,
  ],
  ['one changed path is enough', '\n  push: { paths: ["src/**"] }', push(main, ['README.md', 'src/a']), true],
  ['no changed path', '\n  push: { paths: ["src/**"] }', push(main, ['README.md']), false],
  ['excluded paths', '\n  push: { paths: ["src/**", "!src/*.md"] }', push(main, ['src/a.md']), false],
  [
    'paths-ignore with nothing else changed',
    '\n  push: { paths-ignore: ["**.md"] }',
    push(main, ['a/b.md']),
    false,
  ],
  [
    'paths-ignore with something else',
    '\n  push: { paths-ignore: ["**.md"] }',
    push(main, ['b.md', 'a.js']),
    true,
  ],
  ['unknown changes pass', '\n  push: { paths: ["src/**"] }', push(main), true],
  ['paths do not judge tags', '\n  push: { paths: ["src/**"] }', push('refs/tags/v1', ['x']), true],
  [
    'branch and path must both match',
    '\n  push: { branches: [dev], paths: ["**"] }',
    push(main, ['x']),
    false,
  ],
  ['any activity of an event', ' issues', { name: 'issues', ref: main, type: 'pinned' }, true],
  [
    'a listed activity',
    '\n  issues: { types: [opened] }',
    { name: 'issues', ref: main, type: 'opened' },
    true,
  ],
  [
    'another activity',
    '\n  issues: { types: [opened] }',
    { name: 'issues', ref: main, type: 'closed' },
    false,
  ],
  ['one type as text', '\n  issues: { types: opened }', { name: 'issues', ref: main, type: 'opened' }, true],
  ['an activity nobody names', '\n  issues: { types: [opened] }', { name: 'issues', ref: main }, true],
  ['a pull request that is labeled', ' pull_request', { ...pull(main), type: 'labeled' }, false],
  ['a pull request that is reopened', ' pull_request', { ...pull(main), type: 'reopened' }, true],
  ['closed alone, when a pull request changes', '\n  pull_request: { types: [closed] }', pull(main), false],
  [
    'closed alone, when it closes',
    '\n  pull_request: { types: [closed] }',
    { ...pull(main), type: 'closed' },
    true,
  ],
  [
    'a pull request with its base beside its ref',
    '\n  pull_request: { branches: [main] }',
    { ...pull('refs/pull/7/merge'), branch: 'main' },
    true,
  ],
  [
    'pull_request_target by its paths',
    '\n  pull_request_target: { paths: ["src/**"] }',
    { ...pull(main, ['docs/a']), name: 'pull_request_target' },
    false,
  ],
  [
    'a merge group by its base',
    '\n  merge_group: { branches: [dev] }',
    { name: 'merge_group', ref: 'refs/heads/gh-readonly-queue/main/pr-7', branch: 'main' },
    false,
  ],
  ['a release is not asked for its branch', ' release', { name: 'release', ref: 'refs/tags/v1' }, true],
  [
    'a dispatch of the type',
    '\n  repository_dispatch: { types: [build] }',
    { name: 'repository_dispatch', ref: main, type: 'build' },
    true,
  ],
  [
    'a dispatch of another type',
    '\n  repository_dispatch: { types: [build] }',
    { name: 'repository_dispatch', ref: main, type: 'test' },
    false,
  ],
  [
    'the run of a workflow that is named',
    '\n  workflow_run: { workflows: [CI] }',
    { name: 'workflow_run', ref: main, workflowName: 'CI', type: 'completed' },
    true,
  ],
  [
    'the run of another workflow',
    '\n  workflow_run: { workflows: [CI] }',
    { name: 'workflow_run', ref: main, workflowName: 'Release' },
    false,
  ],
  [
    'the run of a workflow on another branch',
    '\n  workflow_run: { workflows: [CI], branches: [main] }',
    { name: 'workflow_run', ref: main, workflowName: 'CI', branch: 'dev' },
    false,
  ],
  [
    'the run of a workflow whose name matches a pattern',
    '\n  workflow_run: { workflows: ["Build *", "!Build docs", "C\\\\+\\\\+"] }',
    { name: 'workflow_run', ref: main, workflowName: 'C++' },
    true,
  ],
  [
    'the run of a workflow whose name is excluded',
    '\n  workflow_run: { workflows: ["Build *", "!Build docs"] }',
    { name: 'workflow_run', ref: main, workflowName: 'Build docs' },
    false,
  ],
  ['a workflow_run that names nothing', ' workflow_run', { name: 'workflow_run', ref: main }, false],
  ['a schedule', '\n  schedule: [{ cron: "0 3 * * *" }]', { name: 'schedule', ref: main }, true],
  [
    'the line of a schedule',
    '\n  schedule: [{ cron: "0 3 * * *" }]',
    { name: 'schedule', ref: main, cron: '0 4 * * *' },
    false,
  ],
];

describe('an event starts a workflow', () => {
  test.each(cases)('%s', (_name, on, event, expected) => {
    expect(triggers(workflow(on), event)).toBe(expected);
  });
});

test('every event that GitHub has starts a workflow that names it, as text and as a key', () => {
  for (const name of events) {
    const value =
      name === 'schedule'
        ? ' [{ cron: "0 3 * * *" }]'
        : name === 'workflow_run'
          ? ' { workflows: [CI] }'
          : '';
    const event: RepositoryEvent = { name, ref: main };
    expect([name, triggers(workflow(`\n  ${name}:${value}`), event)]).toEqual([name, true]);
    expect(workflow(` ${name}`).triggers).toMatchObject([{ event: name }]);
  }
});

test('every event, type and filter is that of the schema of GitHub', () => {
  const path = '../../node_modules/@actions/workflow-parser/dist/workflow-v1.0.min.json';
  const schema: unknown = JSON.parse(readFileSync(join(import.meta.dirname, path), 'utf8'));
  const { definitions } = schema as { definitions: Record<string, Definition> };
  const properties = definitions['on-mapping-strict']?.mapping?.properties ?? {};
  expect([...events].toSorted()).toEqual(Object.keys(properties).toSorted());
  for (const [event, rule] of Object.entries(eventRules)) {
    if (['schedule', 'workflow_call', 'workflow_dispatch'].includes(event)) continue;
    const choices = definitions[String(properties[event])]?.['one-of'] ?? [];
    const mapping = definitions[choices.find((choice) => choice.endsWith('-mapping')) ?? '']?.mapping;
    expect([event, [...rule.filters].toSorted()]).toEqual([
      event,
      Object.keys(mapping?.properties ?? {}).toSorted(),
    ]);
    const types = definitions[`${String(mapping?.properties['types'])}-type`]?.['allowed-values'];
    expect([event, rule.types]).toEqual([event, types]);
  }
});

interface Definition {
  'one-of'?: string[];
  'allowed-values'?: string[];
  mapping?: { properties: Record<string, unknown> };
}
