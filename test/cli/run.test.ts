import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { printed, RunRig, steady } from './run-rig.ts';

const job = (steps: string, settings = '') =>
  `    runs-on: ubuntu-latest\n${settings}    steps:\n${steps
    .trim()
    .split('\n')
    .map((line) => `      ${line}`)
    .join('\n')}\n`;

test('a run takes the files as they are: changed, new and deleted ones, and shows what git status shows', async () => {
  using rig = new RunRig({
    'ci.yml': `on: push\njobs:\n  look:\n${job(`
- uses: actions/checkout@v4
- run: cat README.md; cat new/file; test ! -e gone && echo gone; test -x tool && echo executable; readlink link
- run: git status --short; git rev-parse HEAD; echo $GITHUB_SHA`)}`,
  });
  rig.write({ gone: 'x', kept: 'as committed', tool: 'x' });
  rig.git('add', '--all');
  rig.commit('Second');
  rig.write({ 'README.md': 'changed\n', 'new/file': 'new\n', ignored: 'no' });
  rmSync(join(rig.repository, 'gone'));
  writeFileSync(join(rig.repository, 'tool'), 'x', { mode: 0o755 });
  rmSync(join(rig.repository, 'tool'));
  writeFileSync(join(rig.repository, 'tool'), 'x', { mode: 0o755 });
  symlinkSync('README.md', join(rig.repository, 'link'));
  const status = rig.git('status', '--short');
  const objects = rig.git('count-objects', '-v');
  const ended = await rig.run();
  const head = rig.git('rev-parse', 'HEAD').trim();
  expect(printed(ended)).toEqual([
    'changed',
    'new',
    'gone',
    'executable',
    'README.md',
    ...status.trimEnd().split('\n'),
    head,
    head,
  ]);
  expect(ended.code).toBe(0);
  expect(rig.git('status', '--short')).toBe(status);
  expect(rig.git('count-objects', '-v')).toBe(objects);
  const committed = await rig.run(['--committed']);
  expect(committed.code).toBe(1);
  expect(printed(committed)).toEqual(['hello', 'cat: new/file: No such file or directory']);
});

test('a run says what every job did, where a step failed, and what was left out', async () => {
  using rig = new RunRig({
    'ci.yml': `name: CI
on: push
jobs:
  build:
${job(`
- run: |
    echo "::group::Inside"
    echo deep
    echo "::endgroup::"
    echo "::warning file=a.js,line=3::Careful"
    echo "# All **good**" >> $GITHUB_STEP_SUMMARY`)}  test:
    needs: build
    strategy:
      fail-fast: false
      matrix:
        n: [1, 2]
${job('- name: Check\n  run: echo n=${{ matrix.n }}; test ${{ matrix.n }} = 1', '')}  windows:
    runs-on: windows-latest
    steps:
      - run: dir
`,
  });
  const ended = await rig.run(['--parallel', '1']);
  expect(ended.err).toBe('');
  expect(ended.code).toBe(1);
  const name = ended.out.match(/build \| (Run .*)/)?.[1] ?? '';
  expect(steady(ended.out).replaceAll(name, 'Run …'))
    .toBe(`windows | - skipped: jobs run on Linux only, and "windows-latest" asks for Windows
build | Run …
build |   ▸ Inside
build |     deep
build |   warning: Careful
build | ✓ Run … 0.0s
build | ✓ success in 0.0s
test (1) | Run Check
test (1) |   n=1
test (1) | ✓ Check 0.0s
test (1) | ✓ success in 0.0s
test (2) | Run Check
test (2) |   n=2
test (2) | Process completed with exit code 1.
test (2) | at .github/workflows/ci.yml:21:9
test (2) | ✗ Check 0.0s
test (2) | ✗ failure in 0.0s

✗ test (2) › Check
  │ n=2
  Process completed with exit code 1.
  --> .github/workflows/ci.yml:21:9

warning a.js:3: Careful

Summary of build
  All **good**

- left out windows: jobs run on Linux only, and "windows-latest" asks for Windows
  to run them here: -P <label>=-self-hosted

✗ 4 jobs: 2 passed, 1 failed, 1 skipped in 0.0s  abc1234
  next: slipway run --failed
  or:   slipway run -j "test (2)" --from 1
`);
});

test('the event picks the workflows, by branches and paths; naming one or a job lifts the filters', async () => {
  using rig = new RunRig({
    'main.yml': `on:\n  push:\n    branches: [main]\njobs:\n  a:\n${job('- run: echo main')}`,
    'docs.yml': `on:\n  push:\n    paths: ['docs/**']\njobs:\n  b:\n${job('- run: echo docs')}`,
    'pull.yml': `on:\n  pull_request:\n    types: [labeled]\njobs:\n  c:\n${job(
      '- run: echo ${{ github.event.action }} ${{ github.base_ref }} ${{ github.ref }} ${{ github.event.pull_request.title }}',
    )}`,
  });
  expect(printed(await rig.run())).toEqual(['main']);
  rig.write({ 'docs/a.md': 'x' });
  expect(printed(await rig.run()).toSorted()).toEqual(['docs', 'main']);
  writeFileSync(join(rig.root, 'event.json'), '{"pull_request": {"title": "Mine"}}');
  const pull = await rig.run(['pull_request', '-e', join(rig.root, 'event.json')]);
  expect(printed(pull)).toEqual(['labeled main refs/pull/1/merge Mine']);
  rig.git('switch', '--quiet', '--create', 'other');
  const none = await rig.run(['release']);
  expect(none).toMatchObject({
    code: 2,
    err: `error[local/nothing-to-run]: no workflow is started by release on other
  = docs.yml: on push (paths: docs/**)
  = main.yml: on push (branches: main)
  = pull.yml: on pull_request (types: labeled)
  = help: name an event or a workflow: slipway run <event>, slipway run -W <file>
`,
  });
  expect(printed(await rig.run(['-W', 'main.yml']))).toEqual(['main']);
  expect(printed(await rig.run(['-j', 'a']))).toEqual(['main']);
  expect(await rig.run(['pul_request'])).toMatchObject({ code: 2 });
  expect(await rig.run(['-j', 'aa'])).toMatchObject({
    code: 2,
    err: `error[local/no-such-job]: no workflow has a job "aa"
  = jobs: "b", "a", "c"
  = help: did you mean "a"?
`,
  });
});

test('list and dry run show jobs and steps, and run nothing', async () => {
  using rig = new RunRig({
    'ci.yml': `name: CI\non: [push, pull_request]\njobs:\n  test:\n    needs: build\n${job('- run: touch ran')}  build:\n    name: Build it\n${job('- uses: actions/checkout@v4')}`,
  });
  expect((await rig.run(['-l'])).out).toBe(`STAGE  JOB    NAME      WORKFLOW  FILE    EVENTS
0      build  Build it  CI        ci.yml  push, pull_request
1      test   test      CI        ci.yml  push, pull_request
`);
  expect((await rig.run(['-n'])).out).toBe(`CI .github/workflows/ci.yml · push on main
  build
    · Run actions/checkout@v4
  test after build
    · Run touch ran

nothing was run; the files are as committed
`);
  expect(existsSync(rig.home)).toBe(false);
});

test('secrets, variables, environment and inputs arrive, and secrets are never printed', async () => {
  using rig = new RunRig({
    'ci.yml': `on:
  workflow_dispatch:
    inputs:
      level: { type: number, required: true }
      loud: { type: boolean }
env:
  MINE: workflow
jobs:
  a:
${job(`
- run: echo "\${{ secrets.ONE }} \${{ secrets.TWO }} \${{ secrets.THREE }}" | tr a-z A-Z
- run: echo \${{ secrets.ONE }} \${{ vars.V }} $E '\${{ env.E }}' $MINE \${{ inputs.level }} \${{ inputs.loud }} $GITHUB_ACTOR`)}`,
  });
  writeFileSync(join(rig.root, 'secrets'), 'export TWO=\'b c\' # note\nTHREE="d\\ne"\n');
  const words = [
    '-s',
    'ONE',
    '--secret-file',
    join(rig.root, 'secrets'),
    '--var',
    'V=v',
    '--env',
    'E=${{ 1 }}',
    '--env',
    'MINE=x',
  ];
  const ended = await rig.run([...words, '--input', 'level=2'], { ONE: 'topsecret' });
  expect(printed(ended)).toEqual(['TOPSECRET B C D', 'E', '*** v ${{ 1 }} ${{ 1 }} workflow 2 false ana']);
  const missing = await rig.run(['workflow_dispatch', ...words], { ONE: 'x' });
  expect(missing.code).toBe(2);
  expect(missing.err).toContain('"level"');
  const nobody = await rig.run(['-s', 'ONE', '--input', 'level=2']);
  expect(nobody).toMatchObject({
    code: 2,
    err: expect.stringContaining('the secret ONE has no value, and nobody can be asked for it') as string,
  });
});

test('a matrix can be narrowed, other systems can be taken here, and called workflows are read from disk', async () => {
  using rig = new RunRig({
    'ci.yml': `on: push
jobs:
  m:
    strategy:
      matrix:
        os: [ubuntu-latest, windows-latest]
        n: [1, 2]
    runs-on: \${{ matrix.os }}
    steps:
      - run: echo \${{ matrix.os }} \${{ matrix.n }}
  c:
    uses: ./.github/workflows/called.yml
    with: { who: you }
`,
    'called.yml': `on:\n  workflow_call:\n    inputs:\n      who: { type: string }\njobs:\n  inner:\n${job('- run: echo hi ${{ inputs.who }}')}`,
  });
  const narrow = await rig.run(['--matrix', 'n:2', '-P', 'windows-latest=-self-hosted']);
  expect(printed(narrow).toSorted()).toEqual(['hi you', 'ubuntu-latest 2', 'windows-latest 2']);
  const alone = await rig.run(['-W', 'called.yml', '--input', 'who=me']);
  expect(printed(alone)).toEqual(['hi me']);
  expect(await rig.run(['--matrix', 'n:3'])).toMatchObject({
    code: 2,
    err: expect.stringContaining('no combination of the matrix of m has n:3') as string,
  });
});

test('what this machine cannot do stops the run before anything starts, unless other jobs are named', async () => {
  using rig = new RunRig({
    'ci.yml': `on: push\njobs:\n  bad:\n${job('- run: echo no', '    container: node:24\n')}  good:\n${job('- run: echo yes')}`,
  });
  const refused = await rig.run();
  expect(refused).toMatchObject({ code: 2, out: '' });
  expect(refused.err).toContain('.github/workflows/ci.yml:');
  expect(printed(await rig.run(['-j', 'good']))).toEqual(['yes']);
});

test('failed jobs run again with the results of the others; a job goes on from a step', async () => {
  using rig = new RunRig({
    'ci.yml': `on: push
jobs:
  a:
    outputs: { x: '\${{ steps.s.outputs.x }}' }
${job('- id: s\n  run: echo x=from-a >> $GITHUB_OUTPUT; echo a ran')}  b:
    needs: a
${job(`
- uses: actions/checkout@v4
- run: echo kept > file; echo LATER=later >> $GITHUB_ENV
- id: check
  name: Check
  run: echo \${{ needs.a.outputs.x }} $LATER $(cat file); cat fixed
- run: echo the end`)}`,
  });
  expect(await rig.run(['--failed'])).toMatchObject({
    code: 2,
    err: 'error[local/nothing-kept]: nothing of this repository has been run here yet\n  = help: run it first: slipway run\n',
  });
  expect(printed(await rig.run())).toEqual([
    'a ran',
    'from-a later kept',
    'cat: fixed: No such file or directory',
  ]);
  rig.write({ fixed: 'fixed\n' });
  const failed = await rig.run(['--failed']);
  expect(printed(failed)).toEqual(['from-a later kept', 'fixed', 'the end']);
  expect(failed.code).toBe(0);
  expect(await rig.run(['--failed'])).toMatchObject({
    code: 2,
    err: expect.stringContaining('local/nothing-failed') as string,
  });
  const only = await rig.run(['-j', 'b', '--step', 'check']);
  expect(printed(only)).toEqual(['from-a later kept', 'fixed']);
  expect(only.code).toBe(0);
  expect(printed(await rig.run(['-j', 'b', '--from', '3']))).toEqual([
    'from-a later kept',
    'fixed',
    'the end',
  ]);
  expect((await rig.run(['-j', 'b', '--from', 'nothing'])).err).toContain('3. Check (id: check)');
  rig.write({ '.github/workflows/ci.yml': `on: push\njobs:\n  a:\n${job('- run: echo new')}` });
  expect(await rig.run(['--failed'])).toMatchObject({
    code: 2,
    err: 'error[local/workflow-changed]: .github/workflows/ci.yml changed since the last run\n  = help: run it anew: slipway run, with -j <job> for one job\n',
  });
});

test('Ctrl-C ends steps by the ladder and still runs always() steps; nothing is left', async () => {
  using rig = new RunRig({});
  rig.write({
    '.github/workflows/ci.yml': `on: push\njobs:\n  a:\n${job(`
- run: echo started; bash -c 'exec -a ${rig.marker} sleep 60'
- if: always()
  run: echo cleaned up`)}  b:\n    needs: a\n${job('- run: echo never')}`,
  });
  const { child, ended, prints } = rig.start([]);
  await prints('started');
  child.kill('SIGINT');
  const end = await ended;
  expect(end.code).toBe(130);
  expect(printed(end)).toEqual(['started', 'cleaned up']);
  expect(rig.leftovers()).toEqual([]);
});

test('a second Ctrl-C kills everything at once', async () => {
  using rig = new RunRig({});
  rig.write({
    '.github/workflows/ci.yml': `on: push\njobs:\n  a:\n${job(`- run: |\n    trap '' INT TERM\n    echo started\n    env -i bash -c 'trap "" INT TERM; while :; do sleep 1; done' ${rig.marker}`)}`,
  });
  const { child, ended, prints } = rig.start([]);
  await prints('started');
  await delay(100);
  child.kill('SIGINT');
  await delay(300);
  child.kill('SIGINT');
  expect((await ended).code).toBe(130);
  expect(rig.leftovers()).toEqual([]);
});

test('without a repository, or without a commit, the way out is named', async () => {
  using rig = new RunRig({});
  rmSync(join(rig.repository, '.git'), { recursive: true });
  expect(await rig.run()).toMatchObject({ code: 2, err: expect.stringContaining('git init') as string });
  mkdirSync(rig.repository, { recursive: true });
  rig.git('init', '--quiet');
  expect(await rig.run()).toMatchObject({ code: 2, err: expect.stringContaining('git commit') as string });
});

test('programs get one JSON object a line', async () => {
  using rig = new RunRig({ 'ci.yml': `on: push\njobs:\n  a:\n${job('- run: echo hi')}` });
  const ended = await rig.run(['--json']);
  const objects = ended.out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(objects.filter(({ kind, stream }) => kind === 'line' && stream === 'out')).toMatchObject([
    { job: 'a', text: 'hi', step: 0 },
  ]);
  expect(objects.at(-1)).toMatchObject({
    kind: 'run',
    state: 'success',
    runs: [{ jobs: [{ state: 'success' }] }],
  });
  const kept = readFileSync(join(rig.home, 'local', readFolder(rig), 'last.json'), 'utf8');
  expect(JSON.parse(kept)).toMatchObject({ number: 1 });
});

test('watching runs what a saved file affects, and nothing for ignored files', async () => {
  using rig = new RunRig({
    'all.yml': `on: push\njobs:\n  a:\n${job('- run: echo all')}`,
    'docs.yml': `on:\n  push:\n    paths: ['docs/**']\njobs:\n  b:\n${job('- run: echo docs')}`,
  });
  rig.write({ 'docs/a.md': 'x' });
  const { child, ended } = rig.start(['--watch']);
  let out = '';
  child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()));
  const rounds = async (count: number) => {
    while (out.split('waits for a saved file').length <= count) await delay(20);
    return out.split('waits for a saved file')[count - 1] ?? '';
  };
  const first = await rounds(1);
  expect(first).toContain('all');
  expect(first).toContain('docs');
  rig.write({ 'docs/a.md': 'y', ignored: 'x' });
  expect(await rounds(2)).toContain('|   docs');
  rig.write({ ignored: 'y' });
  await delay(300);
  rig.write({ '.github/workflows/all.yml': `on: push\njobs:\n  a:\n${job('- run: echo changed')}` });
  const changed = await rounds(3);
  expect(changed).toContain('|   changed');
  expect(changed).not.toContain('|   docs');
  child.kill('SIGINT');
  expect((await ended).code).toBe(130);
});

function readFolder(rig: RunRig): string {
  const [name = ''] = rig.git('rev-parse', '--show-toplevel').trim().split('/').slice(-1);
  const { createHash } = process.getBuiltinModule('node:crypto');
  const hash = createHash('sha256')
    .update(rig.git('rev-parse', '--show-toplevel').trim())
    .digest('hex')
    .slice(0, 8);
  return `${name}-${hash}`;
}
