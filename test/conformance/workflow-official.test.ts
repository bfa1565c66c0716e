import { FeatureFlags } from '@actions/expressions';
import {
  convertWorkflowTemplate,
  NoOperationTraceWriter,
  parseWorkflow as parseOfficially,
} from '@actions/workflow-parser';
import {
  TemplateContext,
  TemplateValidationErrors,
} from '@actions/workflow-parser/templates/template-context';
import { getWorkflowSchema } from '@actions/workflow-parser/workflows/workflow-schema';
import { describe, expect, test } from 'vitest';
import { parseWorkflow } from '../../src/workflow/index.ts';

/** A workflow of one job with these lines in it. */
const job = (lines: string) => `on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n${indent(lines, 4)}\n`;
/** A job with these lines and one step. */
const ofJob = (lines: string) => job(`${lines}\nsteps:\n  - run: ls`);
/** A job with these steps. */
const steps = (lines: string) => job(`steps:\n${indent(lines, 2)}`);
/** A job that calls a workflow. */
const call = (lines: string) => `on: push\njobs:\n  a:\n${indent(lines, 4)}\n`;
/** A workflow with these lines at its top. */
const top = (lines: string) => `${lines}\n${ofJob('')}`;

function indent(lines: string, by: number): string {
  return lines
    .split('\n')
    .map((line) => (line === '' ? '' : ' '.repeat(by) + line))
    .join('\n');
}

const background = '- id: s\n  run: ls\n  background: true\n';

const valid: Record<string, string> = {
  'a run': steps('- run: ls'),
  'an empty run': steps('- run:'),
  'all keys of a script': steps(
    '- id: a\n  name: b\n  if: always()\n  run: ls\n  shell: zsh -e {0}\n  working-directory: ${{ env.X }}\n  env: { A: 1 }\n  timeout-minutes: 1.5\n  continue-on-error: ${{ matrix.x }}\n  background: false',
  ),
  'an action with inputs': steps('- uses: a/b@v1\n  with: { x: 1, y: true }'),
  'an action in a folder': steps('- uses: a/b/c/d@main'),
  'an action of the repository': steps('- uses: ./.github/actions/x'),
  'an action by path in the same commit': steps('- uses: $/actions/x'),
  'a container action': steps('- uses: docker://alpine:3'),
  'inputs by one expression': steps('- uses: a/b@v1\n  with: ${{ fromJSON(vars.X) }}'),
  'variables with inserted ones': steps(
    '- run: ls\n  env:\n    ${{ insert }}: ${{ fromJSON(vars.X) }}\n    A: 1',
  ),
  'a variable named by an expression': steps('- run: ls\n  env:\n    ${{ vars.NAME }}: 1'),
  'variables of the workflow by one expression': top('env: ${{ fromJSON(vars.X) }}'),
  'a name that is not good for bash': ofJob('env: { a-b c: 1 }'),
  'background steps': steps(
    `${background}- wait: s\n- wait: [s]\n- wait-all:\n- wait-all: true\n- cancel: s`,
  ),
  'a name for a wait': steps(`${background}- wait: s\n  id: w\n  name: x\n  continue-on-error: true`),
  'parallel steps': steps('- parallel:\n    - run: ls\n    - uses: a/b@v1'),
  'a job that waits for nothing': steps('- wait: []'),
  'an empty if': ofJob('if:'),
  'an if of true': ofJob('if: true'),
  'an if that mixes text and expression': ofJob("if: ${{ github.ref }} == 'x'"),
  'success of named jobs': ofJob("needs: b\nif: success('b')").replace(
    '  a:',
    '  b: { runs-on: x, steps: [run: ls] }\n  a:',
  ),
  'a concurrency group': top('concurrency: x'),
  'an empty concurrency group of a workflow': top("concurrency: ''"),
  'concurrency in full': ofJob(
    'concurrency:\n  group: ${{ matrix.x }}\n  cancel-in-progress: ${{ true }}\n  queue: max',
  ),
  'an environment': ofJob('environment: production'),
  'an environment in full': ofJob(
    'environment:\n  name: x\n  url: ${{ steps.x.outputs.u }}\n  deployment: false',
  ),
  'a container': ofJob('container: node:22'),
  'a container in full': ofJob(
    'container:\n  image: x\n  env: { A: "${{ secrets.A }}" }\n  ports: [80]\n  volumes: [a:/a]\n  options: --cpus 1\n  credentials: { username: a, password: "${{ secrets.B }}" }',
  ),
  'a container by expression': ofJob('container: ${{ fromJSON(vars.X) }}'),
  'no container': ofJob("container: ''"),
  services: ofJob('services:\n  db: postgres\n  cache:\n    image: redis\n    command: a\n    entrypoint: b'),
  'a snapshot': ofJob('snapshot: image'),
  'a snapshot in full': ofJob('snapshot:\n  image-name: a\n  version: 1.*\n  if: github.ref == matrix.x'),
  'a strategy by expression': ofJob('strategy: ${{ fromJSON(vars.X) }}'),
  'a matrix by expression': ofJob('strategy:\n  matrix: ${{ fromJSON(vars.X) }}'),
  'a matrix': ofJob(
    'strategy:\n  fail-fast: false\n  max-parallel: 2\n  matrix:\n    a: [1, {b: [c]}]\n    d: ${{ vars.X }}\n    include: [{a: 1, e: {f: g}}]\n    exclude: ${{ vars.Y }}',
  ),
  'a maximum of none': ofJob('strategy:\n  max-parallel: 0\n  matrix: { a: [1] }'),
  'a timeout of none': ofJob('timeout-minutes: 0\ncancel-timeout-minutes: 7'),
  'a timeout below zero': ofJob('timeout-minutes: -1'),
  'labels by expression': ofJob('').replace('ubuntu-latest', '${{ fromJSON(vars.X) }}'),
  'other systems': ofJob('').replace('ubuntu-latest', '[windows-latest, x]'),
  'a group of runners': ofJob('').replace('ubuntu-latest', '{ group: org/large, labels: x }'),
  permissions: top('permissions: { id-token: write, models: read, code-quality: write }'),
  'no permissions': top('permissions: {}'),
  'all permissions': top('permissions: write-all'),
  'defaults of a job by expression': ofJob('defaults:\n  run: ${{ fromJSON(vars.X) }}'),
  defaults: ofJob('defaults:\n  run:\n    shell: ${{ matrix.x }}\n    working-directory: a'),
  'a description': top('description: what it is for'),
  'an empty name': top('name:\nrun-name:'),
  'anchors and aliases': ofJob('env: &e\n  A: 1').replace(
    '      - run: ls',
    '      - run: ls\n        env: *e',
  ),
  outputs: ofJob('outputs:\n  a b: ${{ steps.x.outputs.y }}'),
  'an output of a step that is not there': steps(
    '- run: echo ${{ steps.x.outputs.y }} ${{ needs.z.result }}',
  ),
  'a call': call('uses: ./.github/workflows/x.yml\nwith: { a: 1, b: "${{ matrix.x }}" }\nsecrets: inherit'),
  'a call of another repository': call(
    'uses: a/b/.github/workflows/x.yml@v1\nsecrets: { A: "${{ secrets.B }}" }',
  ),
  'a call with everything': call(
    'name: x\nuses: ./.github/workflows/x.yml\nif: always()\npermissions: read-all\nconcurrency: x\nstrategy: { matrix: { a: [1] } }',
  ),
};

const invalid: Record<string, string> = {
  'no jobs': 'on: push\n',
  'no events': 'jobs: { a: { runs-on: x, steps: [run: ls] } }\n',
  'an unknown key': top('nmae: x'),
  'a key twice': ofJob('env: { a: 1 }\nENV: { b: 2 }'),
  'a variable twice but for case': ofJob('env: { a: 1, A: 2 }'),
  'merge keys': ofJob('env: &e { A: 1 }\ndefaults: { run: { <<: *e } }'),
  'a job twice but for case': `${ofJob('')}  A:\n    runs-on: x\n    steps: [run: ls]\n`,
  'a step that does nothing': steps('- name: x'),
  'a step that does two things': steps('- run: ls\n  uses: a/b@v1'),
  'inputs of a script': steps('- run: ls\n  with: { a: 1 }'),
  'a shell of an action': steps('- uses: a/b@v1\n  shell: bash'),
  'a shell by expression': steps('- run: ls\n  shell: ${{ matrix.x }}'),
  'an empty shell': steps("- run: ls\n  shell: ''"),
  'an action by expression': steps('- uses: a/b@${{ vars.X }}'),
  'an id with a space': steps('- id: a b\n  run: ls'),
  'an id of a hundred characters': steps(`- id: ${'a'.repeat(100)}\n  run: ls`),
  'a reserved id': steps('- id: __a\n  run: ls'),
  'an id twice': steps('- id: a\n  run: ls\n- id: a\n  run: ls'),
  'a wait that may not happen': steps(`${background}- wait: s\n  if: always()`),
  'a wait for a later step': steps(`- wait: s\n${background}`),
  'a wait for itself': steps('- id: s\n  wait: s'),
  'a wait for no step': steps('- wait: x'),
  'a wait-all of false': steps('- wait-all: false'),
  'a cancel of no step': steps('- cancel: x'),
  'a background by expression': steps('- run: ls\n  background: ${{ true }}'),
  'a background step in a parallel group': steps('- parallel:\n    - run: ls\n      background: true'),
  'a wait in a parallel group': steps(`${background}- parallel:\n    - wait: s`),
  'a parallel group in another': steps('- parallel:\n    - parallel:\n        - run: ls'),
  'a name for a parallel group': steps('- name: x\n  parallel:\n    - run: ls'),
  'a timeout of text': steps("- run: ls\n  timeout-minutes: '5'"),
  'a flag of text': steps("- run: ls\n  continue-on-error: 'true'"),
  'secrets in an if': ofJob('if: secrets.X'),
  'an env in an if of a job': ofJob('if: env.X'),
  'hashFiles in a job': ofJob("name: ${{ hashFiles('x') }}"),
  'always in a step': steps('- run: echo ${{ always() }}'),
  'an unknown function': steps('- run: echo ${{ nope() }}'),
  'an expression that does not end': steps('- run: echo ${{ github.ref'),
  'an expression in a name': top('name: ${{ github.ref }}'),
  'steps by expression': job('steps: ${{ fromJSON(vars.X) }}'),
  'permissions by expression': top('permissions: ${{ fromJSON(vars.X) }}'),
  'outputs by expression': ofJob('outputs: ${{ fromJSON(vars.X) }}'),
  'an unknown permission': top('permissions: { content: read }'),
  'a level that the permission does not have': top('permissions: { id-token: read }'),
  'a queue of its own': top('concurrency: { group: x, queue: lifo }'),
  'a concurrency without a group': top('concurrency: { cancel-in-progress: true }'),
  'an empty concurrency group of a job': ofJob("concurrency: ''"),
  'a flag of concurrency in words': top('concurrency: { group: x, cancel-in-progress: maybe }'),
  'an environment without a name': ofJob('environment: { url: x }'),
  'a container without an image': ofJob('container: { env: { A: 1 } }'),
  'a service with an empty image': ofJob("services: { db: '' }"),
  'an entrypoint of the container': ofJob('container: { image: x, entrypoint: y }'),
  'credentials with another key': ofJob('container: { image: x, credentials: { user: y } }'),
  'a snapshot without a name': ofJob('snapshot: { version: 1 }'),
  'a matrix of one value': ofJob('strategy: { matrix: { a: 1 } }'),
  'an include of texts': ofJob('strategy: { matrix: { include: [a] } }'),
  'a fail-fast of a number': ofJob('strategy: { fail-fast: 1 }'),
  'a group of three parts': ofJob('').replace('ubuntu-latest', '{ group: a/b/c }'),
  'no runner': 'on: push\njobs: { a: { steps: [run: ls] } }\n',
  'a need that is not there': ofJob('needs: b'),
  'needs in a circle': ofJob('needs: a'),
  'a call with steps': call('uses: ./.github/workflows/x.yml\nsteps: [run: ls]'),
  'a call on a runner': call('uses: ./.github/workflows/x.yml\nruns-on: x'),
  'a call with a timeout': call('uses: ./.github/workflows/x.yml\ntimeout-minutes: 1'),
  'inputs of a call by expression': call('uses: ./.github/workflows/x.yml\nwith: ${{ fromJSON(vars.X) }}'),
  'secrets of a call in a word': call('uses: ./.github/workflows/x.yml\nsecrets: all'),
  'secrets in the inputs of a call': call('uses: ./.github/workflows/x.yml\nwith: { a: "${{ secrets.X }}" }'),
  'a call by expression': call('uses: ${{ vars.X }}'),
  'a job with secrets': ofJob('secrets: inherit'),
};

/** Where the package is known to be wrong, or to leave to GitHub's server what that refuses as well. */
const onlyOurs: Record<string, [why: string, text: string]> = {
  'a job without steps': ['GitHub says "No steps defined in `steps`"', job('timeout-minutes: 5')],
  'a job with no steps in its list': ['GitHub says "No steps defined in `steps`"', job('steps: []')],
  'a queue that is also cancelled': [
    'GitHub takes `queue: max` only without `cancel-in-progress: true`',
    top('concurrency: { group: x, cancel-in-progress: true, queue: max }'),
  ],
  'an axis without values': [
    'GitHub refuses an empty matrix vector',
    ofJob('strategy: { matrix: { a: [] } }'),
  ],
  'an empty matrix': ['GitHub refuses a matrix without a vector', ofJob('strategy: { matrix: {} }')],
  'an action without a version': ['GitHub expects owner/name@ref', steps('- uses: a/b')],
  'an action outside of the repository': ['GitHub expects owner/name@ref', steps('- uses: ../a')],
  'a call of a path elsewhere': ['GitHub expects .github/workflows', call('uses: ./x.yml')],
  'a call of a local path at a ref': [
    'GitHub takes no ref there',
    call('uses: ./.github/workflows/x.yml@v1'),
  ],
  'two ids that differ in case': [
    'the `steps` context does not tell them apart',
    steps('- id: a\n  run: ls\n- id: A\n  run: ls'),
  ],
};

/** Where the package refuses what its own schema, and GitHub, takes. */
const onlyOfficial: Record<string, [why: string, text: string]> = {
  'variables by one expression': [
    'the package looks for a mapping only',
    steps('- run: ls\n  env: ${{ fromJSON(vars.X) }}'),
  ],
  'services by expression': [
    'the package looks for a mapping only',
    ofJob('services: ${{ fromJSON(vars.X) }}'),
  ],
  'a key of concurrency by expression': [
    'the package wants text for a key',
    ofJob('concurrency:\n  ${{ vars.KEY }}: x'),
  ],
};

async function officially(content: string): Promise<boolean> {
  const featureFlags = new FeatureFlags({ all: true });
  const trace = new NoOperationTraceWriter();
  const context = new TemplateContext(new TemplateValidationErrors(), getWorkflowSchema(), trace);
  context.state['featureFlags'] = featureFlags;
  const { value } = parseOfficially({ name: 'ci.yml', content }, context);
  if (value) await convertWorkflowTemplate(context, value, undefined, { featureFlags });
  return value !== undefined && context.errors.getErrors().length === 0;
}

const ours = (text: string) => parseWorkflow(text, 'ci.yml').ok;

describe('both take it', () => {
  test.each(Object.entries(valid))('%s', async (_name, text) => {
    expect({ official: await officially(text), ours: ours(text) }).toEqual({ official: true, ours: true });
  });
});

describe('both refuse it', () => {
  test.each(Object.entries(invalid))('%s', async (_name, text) => {
    expect({ official: await officially(text), ours: ours(text) }).toEqual({ official: false, ours: false });
  });
});

describe('only the official package takes it', () => {
  test.each(Object.entries(onlyOurs))('%s', async (_name, [, text]) => {
    expect({ official: await officially(text), ours: ours(text) }).toEqual({ official: true, ours: false });
  });
});

describe('only the official package refuses it', () => {
  test.each(Object.entries(onlyOfficial))('%s', async (_name, [, text]) => {
    expect({ official: await officially(text), ours: ours(text) }).toEqual({ official: false, ours: true });
  });
});
