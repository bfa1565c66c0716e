import { describe, expect, test } from 'vitest';
import { parseWorkflow, triggers, type RepositoryEvent, type Workflow } from './index.ts';

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
];

describe('an event starts a workflow', () => {
  test.each(cases)('%s', (_name, on, event, expected) => {
    expect(triggers(workflow(on), event)).toBe(expected);
  });
});
