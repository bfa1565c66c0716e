import { afterAll, beforeAll, test } from 'vitest';
import { expectText } from './expect-text.ts';
import { setStage, startServer, workflow, type Files, type Stage } from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = setStage();
  await startServer(stage);
});

afterAll(() => stage.close());

const ci = (text: string): Files => ({ '.github/workflows/ci.yml': text });
const steps = (lines: string) => workflow(`    steps:\n${lines}`);

const wrongWorkflows: [name: string, what: string, files: Files][] = [
  ['workflow-syntax', 'YAML with a tab', ci('on: push\njobs:\n\ttest:\n')],
  [
    'workflow-unknown-key',
    'a key that GitHub does not know',
    ci(workflow('    timeout-minuets: 5\n    steps:\n      - run: npm test')),
  ],
  [
    'workflow-unknown-need',
    'a job that waits for one that is not there',
    ci(
      `${steps('      - run: npm test')}  deploy:\n    needs: [tset]\n    runs-on: ubuntu-latest\n    steps:\n      - run: ./deploy\n`,
    ),
  ],
  [
    'workflow-cycle',
    'jobs that wait for each other',
    ci(
      `${workflow('    needs: build\n    steps:\n      - run: npm test')}  build:\n    needs: test\n    runs-on: ubuntu-latest\n    steps:\n      - run: npm run build\n`,
    ),
  ],
  [
    'workflow-unknown-action',
    'an action that is not built in',
    ci(steps('      - uses: docker/build-push-action@v6')),
  ],
  ['workflow-action-version', 'an action without a version', ci(steps('      - uses: actions/checkout'))],
  [
    'workflow-unknown-input',
    'an input that an action does not have',
    ci(steps('      - uses: actions/upload-artifact@v4\n        with: { pth: dist }')),
  ],
  [
    'workflow-services',
    'services, which a later version brings',
    ci(workflow('    services:\n      db: { image: postgres:16 }\n    steps:\n      - run: npm test')),
  ],
  [
    'workflow-windows',
    'a runner that this machine is not',
    ci('on: push\njobs:\n  test:\n    runs-on: windows-latest\n    steps:\n      - run: npm test\n'),
  ],
  [
    'workflow-unknown-function',
    'a function that expressions do not have',
    ci(workflow("    if: startWith(github.ref, 'refs/heads/')\n    steps:\n      - run: npm test")),
  ],
  [
    'workflow-empty-matrix',
    'a matrix without a combination',
    ci(workflow('    strategy:\n      matrix: { node: [] }\n    steps:\n      - run: npm test')),
  ],
  [
    'workflow-nothing-to-do',
    'a job without steps',
    ci('on: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n'),
  ],
  [
    'workflow-two-mistakes',
    'two mistakes, told at once',
    ci('on: pusch\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - runs: npm test\n'),
  ],
  ['no-workflow', 'no workflow at all', { '.github/workflows/ci.yml': null }],
  [
    'deploy-unknown-environment',
    'a deploy step to an environment that is not there',
    ci(steps('      - uses: slipway/deploy@v1\n        with: { environment: prodution }')),
  ],
  ['deploy-without-environment', 'a deploy step to nowhere', ci(steps('      - uses: slipway/deploy@v1'))],
];

test.each(wrongWorkflows)('%s: %s', async (name, _what, files) => {
  await expectText(name, await stage.run(['ship'], { cwd: stage.repository(name, files) }), 2);
});

test('a matrix value that nothing declares', async () => {
  const end =
    '    strategy:\n      matrix: { node: [20, 22] }\n    steps:\n      - run: npm test ${{ matrix.nod }}';
  const folder = stage.repository('matrix', ci(workflow(end)));
  await expectText('workflow-matrix', await stage.run(['plan'], { cwd: folder }), 0);
});

test('a branch that starts no workflow', async () => {
  const files = ci(workflow('    steps:\n      - run: npm test', '{ push: { branches: [main] } }'));
  const folder = stage.repository('other-branch', files, { branch: 'feature/cart' });
  await expectText('nothing-triggered', await stage.run(['ship'], { cwd: folder }), 2);
});

test('a branch that no environment takes', async () => {
  const folder = stage.repository('branch-plan', {}, { branch: 'feature/cart' });
  await expectText('branch-not-allowed', await stage.run(['plan'], { cwd: folder }), 0);
});

test('a job that deploys where its branch may not go', async () => {
  const files = ci(steps('      - uses: slipway/deploy@v1\n        with: { environment: production }'));
  const folder = stage.repository('branch-deploy', files, { branch: 'feature/cart' });
  await expectText('branch-not-allowed-by-job', await stage.run(['ship'], { cwd: folder }), 1);
});

test('an artifact that no job uploads', async () => {
  const yml = 'name: shop\nrelease: { artifact: bundle, install: false }\n';
  const folder = stage.repository('no-artifact', { 'slipway.yml': yml });
  await expectText('artifact-not-uploaded', await stage.run(['ship'], { cwd: folder }), 1);
});

test('dependencies without a lock file', async () => {
  const files: Files = { 'package.json': '{ "name": "shop", "dependencies": { "left-pad": "1" } }\n' };
  await expectText('no-lock-file', await stage.run(['ship'], { cwd: stage.repository('no-lock', files) }), 1);
});

test('a test that fails', async () => {
  const files = ci(
    steps(
      "      - run: echo checked\n      - name: Unit tests\n        run: |\n          echo 'cart.test.js: expected 2, got 3'\n          exit 4",
    ),
  );
  const folder = stage.repository('red', files);
  await expectText('failed-job', await stage.run(['ship'], { cwd: folder }), 1);
  await expectText('failed-job-without-server', await stage.run(['run'], { cwd: folder }), 1);
});

test('a secret in the code, found by the pipeline', async () => {
  const files: Files = {
    ...ci(
      steps(
        '      - uses: actions/checkout@v4\n      - name: No secrets in the code\n        run: \'! grep -rn "AKIA[0-9A-Z]\\{16\\}" --include=*.js .\'',
      ),
    ),
    'config.js': 'export const key = "AKIAIOSFODNN7EXAMPLE";\n',
  };
  await expectText('planted-secret', await stage.run(['ship'], { cwd: stage.repository('leak', files) }), 1);
});

test('words of "run" that name nothing', async () => {
  const folder = stage.repository('words');
  await expectText(
    'run-unknown-workflow',
    await stage.run(['run', '--workflow', 'cd.yml'], { cwd: folder }),
    2,
  );
  await expectText('run-unknown-job', await stage.run(['run', '--job', 'tests'], { cwd: folder }), 2);
});
