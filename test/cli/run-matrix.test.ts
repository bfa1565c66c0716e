import { expect, test } from 'vitest';
import { printed, RunRig } from './run-rig.ts';

const matrix = (group: string) => `${group}jobs:
  m:
    runs-on: ubuntu-latest
    strategy: { matrix: { n: [1, 2, 3] } }
    steps: [{ run: 'echo n \${{ matrix.n }}' }]
`;

test('a narrowed matrix starts nothing else where the workflow first waits for its group', async () => {
  using rig = new RunRig({ 'ci.yml': `on: push\n${matrix('concurrency: g\n')}` });
  expect(printed(await rig.run(['--matrix', 'n:2']))).toEqual(['n 2']);
});

test('a narrowed matrix starts nothing else in a workflow that is called', async () => {
  using rig = new RunRig({
    'ci.yml': 'on: push\njobs: { c: { uses: ./.github/workflows/called.yml } }\n',
    'called.yml': `on: workflow_call\n${matrix('')}`,
  });
  expect(printed(await rig.run(['--matrix', 'n:3']))).toEqual(['n 3']);
});
