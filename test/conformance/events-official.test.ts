import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  convertWorkflowTemplate,
  NoOperationTraceWriter,
  parseWorkflow as parseOfficially,
} from '@actions/workflow-parser';
import { parseAction as parseActionOfficially } from '@actions/workflow-parser/actions/action-parser';
import { describe, expect, test } from 'vitest';
import { renderFindings } from '../../src/diagnostics/index.ts';
import { events, parseAction, parseWorkflow, type EventName } from '../../src/workflow/index.ts';

/* Events, their filters and inputs, and action files: what GitHub's own parser takes, and what it refuses. */

const workflow = (on: string) =>
  `on:${on}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: ls\n`;

async function officialErrors(content: string): Promise<string[]> {
  const { context, value } = parseOfficially({ name: 'ci.yml', content }, new NoOperationTraceWriter());
  if (value) await convertWorkflowTemplate(context, value);
  return context.errors.getErrors().map(({ message }) => message);
}

function ourErrors(content: string): string {
  const parsed = parseWorkflow(content, 'ci.yml');
  return parsed.ok ? '' : renderFindings(parsed.findings.filter(({ severity }) => severity === 'error'));
}

const inputs = (lines: string, event = 'workflow_dispatch') =>
  `\n  ${event}:\n    inputs:\n      x:\n        ${lines.replaceAll('\n', '\n        ')}`;
const cron = (text: string) => `\n  schedule:\n    - cron: '${text}'`;

/** The schema spells the constant of this one wrong. */
const plain = events.filter((name): name is EventName => name !== 'repository_dispatch');

const accepted = [
  ...plain.map((name) => ` ${name}`),
  ` [${plain.join(', ')}]`,
  ...plain.filter((name) => name !== 'schedule').map((name) => `\n  ${name}:`),
  '\n  push: { branches: main, tags-ignore: [v1], paths: ["**"] }',
  '\n  push: {}',
  '\n  pull_request: { types: opened, branches: [main, "!x"] }',
  '\n  issues: { types: [opened, typed] }',
  '\n  merge_group: { types: [checks_requested], branches-ignore: [x] }',
  '\n  workflow_run: { workflows: [CI], types: [completed], branches: [main] }',
  '\n  repository_dispatch: { types: [a, "b c"] }',
  '\n  image_version: { types: [ready], names: [a], versions: ["1.*"] }',
  '\n  pull_request_comment: { types: [created] }',
  cron('0 3 * * *'),
  cron('*/5 0-5,20 1 JAN-mar MON'),
  cron('3/5 * * * *'),
  cron('0 0 31 2 *'),
  '\n  schedule:\n    - cron: "0 3 * * *"\n      timezone: Europe/Berlin',
  inputs('description: y'),
  inputs('type: boolean\ndefault: true\nrequired: false'),
  inputs('type: number\ndefault: 3'),
  inputs('type: choice\noptions: [a, b]\ndefault: a'),
  inputs('type: environment'),
  inputs('type: string\ndefault: ${{ github.ref }}', 'workflow_call'),
  '\n  workflow_call: { secrets: { a: , b: { required: true } }, outputs: { c: { value: "${{ jobs.a.result }}" } } }',
];

const refused = [
  ' pushed',
  ' [push, 7]',
  '\n  create: { branches: [main] }',
  '\n  push: main',
  '\n  push: { types: [opened] }',
  '\n  push: { branch: main }',
  '\n  pull_request: { tags: [v1] }',
  '\n  pull_request: { types: [open] }',
  '\n  release: published',
  '\n  watch: { types: [] , branches: [x] }',
  '\n  workflow_run: { paths: [x] }',
  '\n  schedule: "0 3 * * *"',
  '\n  schedule: ["0 3 * * *"]',
  '\n  schedule:\n    - timezone: UTC',
  '\n  schedule:\n    - cron: "0 3 * * *"\n      zone: UTC',
  ...['@daily', '0 0 * *', '60 * * * *', '0 24 * * *', '0 0 0 * *', '0 0 * 13 *', '0 0 * * 7'].map(cron),
  ...['0 0 * * MONDAY', '*/0 * * * *', '*/5/2 * * * *', '30-10 * * * *', '* * L * *', '1, * * * *'].map(cron),
  inputs('type: text'),
  inputs('type: choice'),
  inputs('options: [a]'),
  inputs('type: boolean\ndefault: maybe'),
  inputs('type: boolean\nrequired: sometimes'),
  inputs('defaults: x'),
  inputs('description: no type', 'workflow_call'),
  inputs('type: choice', 'workflow_call'),
  inputs('type: string\ndefault: ${{ secrets.X }}', 'workflow_call'),
  '\n  workflow_dispatch: { inputs: [x] }',
  '\n  workflow_dispatch: { outputs: { x: } }',
  '\n  workflow_call: { secrets: { a: { needed: true } } }',
  '\n  workflow_call: { outputs: { a: { description: x } } }',
  '\n  workflow_call: { outputs: { a: { value: "${{ steps.a.outputs.b }}" } } }',
];

describe('of events', () => {
  test.each(accepted)('both take on:%s', async (on) => {
    expect(ourErrors(workflow(on))).toBe('');
    expect(await officialErrors(workflow(on))).toEqual([]);
  });

  test.each(refused)('both refuse on:%s', async (on) => {
    expect(ourErrors(workflow(on))).not.toBe('');
    expect(await officialErrors(workflow(on))).not.toEqual([]);
  });
});

describe('of action files', () => {
  const folder = join(import.meta.dirname, '../../src/workflow/fixtures/action-mistakes');
  const official = (content: string) =>
    parseActionOfficially({ name: 'action.yml', content }, new NoOperationTraceWriter())
      .context.errors.getErrors()
      .map(({ message }) => message);

  test.each(readdirSync(folder).filter((name) => name.endsWith('.yml')))('both refuse %s', (name) => {
    const content = readFileSync(join(folder, name), 'utf8');
    expect(parseAction(content, 'action.yml').ok).toBe(false);
    expect(official(content)).not.toEqual([]);
  });

  const head = 'name: Greet\ndescription: Says hello\n';
  test.each([
    `${head}runs: { using: node24, main: a.js, pre: b.js, pre-if: "runner.os == 'Linux'", post: c.js, post-if: success() }`,
    `${head}runs: { using: node12, main: a.js }\ninputs: { a: { required: true, default: x, deprecationMessage: y } }`,
    `${head}runs: { using: docker, image: Dockerfile, args: ["\${{ inputs.a }}"], env: { A: b }, entrypoint: x }`,
    `${head}runs: { using: composite, steps: [{ run: ls, shell: bash, working-directory: x, if: always() }] }`,
    `${head}runs: { using: composite, steps: [{ uses: ./x, with: { a: b }, env: { c: d }, continue-on-error: true }] }`,
    `${head}runs: { using: composite, steps: [] }\noutputs: { a: { value: "\${{ steps.b.outputs.c }}" } }`,
    `${head}runs: { using: node20, main: a.js }\nauthor: Ana\nbranding: { icon: award, color: green }`,
  ])('both take %s', (content) => {
    const parsed = parseAction(content, 'action.yml');
    expect(parsed.ok ? '' : renderFindings(parsed.findings)).toBe('');
    expect(official(content)).toEqual([]);
  });
});
