import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { jobWith, Rig } from './rig.ts';

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
afterEach(() => rig[Symbol.dispose]());

const checkout = '- uses: actions/checkout@v4\n';

/** A composite action's file with these steps. */
function composite(steps: string, head: string = ''): string {
  const indented = steps
    .trim()
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
  return `name: An action\ndescription: For a test\n${head}\nruns:\n  using: composite\n  steps:\n${indented}\n`;
}

/** Commits the files, runs a job with a checkout and these steps. */
async function run(files: Record<string, string>, steps: string, settings: string = '', changes = {}) {
  rig.commitFiles(files, 'actions');
  const job = rig.job(jobWith(checkout + steps, settings), changes);
  const report = await job.work();
  const output = await job.output();
  const said = (await job.log()).flatMap(({ stream, text }) => (stream === 'system' ? [text] : []));
  return { job, report, output, said };
}

describe('a composite action', () => {
  test('takes inputs with their defaults, runs its steps, and gives outputs', async () => {
    const action = composite(
      `
- id: greet
  shell: bash
  run: |
    echo "\${{ inputs.greeting }}, \${{ inputs.WHO }} of \${{ inputs.repo }}"
    echo "text=\${{ inputs.greeting }} \${{ inputs.who }}" >> "$GITHUB_OUTPUT"`,
      `
inputs:
  who: { description: x, required: true }
  greeting: { description: x, default: Hello }
  repo: { description: x, default: '\${{ github.job }}' }
outputs:
  said: { description: x, value: '\${{ steps.greet.outputs.text }}' }
  fixed: { description: x, value: one }`,
    );
    const { report, output } = await run(
      { 'greet/action.yml': action },
      `
- id: g
  uses: ./greet
  with: { Who: Ana }
- run: echo "\${{ steps.g.outputs.said }} \${{ steps.g.outputs.fixed }} [\${{ contains(toJSON(steps), 'greet') }}]"`,
    );
    expect(output).toEqual(['Hello, Ana of build', 'Hello Ana one [false]']);
    expect(report.result).toBe('success');
    expect(report.steps.map(({ name }) => name)).toEqual([
      'Run actions/checkout@v4',
      'Run ./greet',
      expect.stringMatching(/^Run echo "Hello Ana one/),
    ]);
  });

  test('sees its own steps, path and inputs, and neither secrets nor the ids of the job', async () => {
    const { output } = await run(
      {
        'a/action.yaml': composite(`
- id: own
  shell: bash
  run: |
    echo "[\${{ contains(toJSON(steps), 'outer') }}] [\${{ toJSON(inputs) }}] \${{ github.action }} $GITHUB_ACTION"
    test "$GITHUB_ACTION_PATH" = "$GITHUB_WORKSPACE/a" && test "\${{ github.action_path }}" = "$GITHUB_ACTION_PATH"
    test -z "$GITHUB_ACTION_REPOSITORY" && echo "at \${{ github.action_status }}"
- shell: bash
  run: echo "\${{ steps.own.outcome }} \${{ steps.own.conclusion }}"`),
      },
      `
- id: outer
  run: echo "x=1" >> "$GITHUB_OUTPUT"
- id: inner
  uses: ./a`,
    );
    expect(output).toEqual(['[false] [{}] inner inner', 'at success', 'success success']);
  });

  test("lets a step's variables win over its caller's, these over GITHUB_ENV, and that over the job's", async () => {
    const { output } = await run(
      {
        'a/action.yml': composite(`
- shell: bash
  run: |
    echo "$A $B $C $D"
    echo "A=file" >> "$GITHUB_ENV"
    echo "D=file" >> "$GITHUB_ENV"
    echo "/added" >> "$GITHUB_PATH"
- shell: bash
  env: { B: inner, E: '\${{ env.A }}-\${{ env.C }}' }
  run: echo "$A $B $C $D $E \${{ env.B }}" "\${PATH%%:*}"`),
      },
      `
- uses: ./a
  env: { A: caller, B: caller }
- run: echo "$A $B $C $D" "\${PATH%%:*}"`,
      'env: { A: job, B: job, C: job, D: job }',
    );
    expect(output).toEqual([
      'caller caller job job',
      'caller inner job file caller-job inner /added',
      'file job job file /added',
    ]);
  });

  test('does not take over the defaults of the job', async () => {
    const { output } = await run(
      { 'a/action.yml': composite(`- { shell: bash, run: 'basename "$PWD"' }`), 'sub/x': '' },
      `
- run: basename "$PWD"
- uses: ./a`,
      'defaults: { run: { working-directory: sub } }',
    );
    expect(output).toEqual(['sub', 'shop']);
  });

  test('starts well in a job that has failed, and its status functions ask about itself alone', async () => {
    const { report, output } = await run(
      {
        'a/action.yml': composite(`
- { shell: bash, run: 'echo "starts \${{ job.status }}"' }
- { shell: bash, run: 'echo forgiven; exit 1', continue-on-error: true, id: soft }
- { shell: bash, run: 'echo "\${{ steps.soft.outcome }} \${{ steps.soft.conclusion }}"' }
- { shell: bash, run: 'exit 2' }
- { shell: bash, run: 'echo never' }
- { shell: bash, run: 'echo on failure', if: failure() }
- { shell: bash, run: 'echo \${{ github.action_status }}', if: always() }`),
      },
      `
- run: exit 1
- uses: ./a
  if: always()`,
    );
    expect(output).toEqual(['starts failure', 'forgiven', 'failure success', 'on failure', 'failure']);
    expect(report.steps[2]).toMatchObject({ outcome: 'failure', conclusion: 'failure' });
  });

  test('that fails names the inner step and its place in action.yml, and still gives its outputs', async () => {
    const { report, output } = await run(
      {
        'a/action.yml': composite(
          `
- id: one
  shell: bash
  run: echo "v=7" >> "$GITHUB_OUTPUT"
- name: Break
  shell: bash
  run: |
    echo nearly
    exit 3`,
          "outputs: { v: { value: '${{ steps.one.outputs.v }}' } }",
        ),
      },
      `
- id: a
  uses: ./a
  continue-on-error: true
- run: echo "\${{ steps.a.outcome }} \${{ steps.a.conclusion }} \${{ steps.a.outputs.v }}"`,
    );
    expect(output).toEqual(['nearly', 'failure success 7']);
    expect(report.result).toBe('success');
    expect(report.steps[1]?.error).toMatchObject({
      message: 'Break: Process completed with exit code 3.',
      lastLines: ['nearly'],
      at: { file: 'a/action.yml' },
    });
  });

  test('uses others of the repository and built-in ones; paths start at the workspace', async () => {
    const { report, output } = await run(
      {
        'outer/action.yml': composite(
          `
- id: inner
  uses: ./inner
  with: { n: '\${{ inputs.n }}1' }
- shell: bash
  run: test "$GITHUB_ACTION_PATH" = "$GITHUB_WORKSPACE/outer"; echo "got \${{ steps.inner.outputs.n }}"
- uses: actions/upload-artifact@v4
  with: { name: kept, path: README.md, retention-days: '' }`,
          "inputs: { n: {} }\noutputs: { n: { value: '${{ steps.inner.outputs.n }}' } }",
        ),
        'inner/action.yml': composite(
          `
- shell: bash
  run: test "$GITHUB_ACTION_PATH" = "$GITHUB_WORKSPACE/inner"; echo "inner \${{ inputs.n }}"`,
          "inputs: { n: {} }\noutputs: { n: { value: '${{ inputs.n }}2' } }",
        ),
      },
      `
- id: o
  uses: ./outer
  with: { n: 0 }
- run: echo "\${{ steps.o.outputs.n }}"`,
    );
    expect(output).toEqual(['inner 01', 'got 012', '012']);
    expect(report.artifacts).toEqual(['kept']);
  });

  test('that uses itself ends at the tenth depth', async () => {
    const { report, output } = await run(
      { 'a/action.yml': composite(`- { shell: bash, run: echo deeper }\n- uses: ./a`) },
      '- uses: ./a',
    );
    expect(output).toHaveLength(10);
    expect(report.steps[1]?.error?.message).toContain(
      'a/action.yml is the 11th action within another, and 10 are allowed\n= help: look for an action that uses itself',
    );
  });

  test('is warned about inputs that are missing, unknown or deprecated, and runs', async () => {
    const { report } = await run(
      {
        'a/action.yml': composite(
          `- { shell: bash, run: 'true' }`,
          'inputs:\n  must: { required: true }\n  old: { deprecationMessage: use new }',
        ),
      },
      '- uses: ./a\n  with: { old: 1, odd: 2 }',
    );
    expect(report.result).toBe('success');
    expect(report.annotations.map(({ level, message }) => [level, message])).toEqual([
      ['warning', "Input 'must' is required by a/action.yml, and not given."],
      ['warning', "Input 'old' has been deprecated with message: use new"],
      ['warning', "Unexpected input(s) 'odd', valid inputs are ['must', 'old']"],
    ]);
  });

  test('takes `with` and `env` as one expression', async () => {
    const { output } = await run(
      {
        'a/action.yml': composite(
          `- { shell: bash, run: 'echo "\${{ inputs.a }} \${{ inputs.b }} $V"' }`,
          'inputs: { a: {}, b: {} }',
        ),
      },
      `
- uses: ./a
  with: \${{ fromJSON('{"a":"one","b":2}') }}
  env: \${{ fromJSON('{"V":true}') }}`,
    );
    expect(output).toEqual(['one 2 true']);
  });

  test('is cut short by the timeout of the step that uses it', async () => {
    const { report, output } = await run(
      {
        'a/action.yml': composite(`
- { shell: bash, run: 'echo begun; sleep 600' }
- { shell: bash, run: 'echo never', if: always() }`),
      },
      '- uses: ./a\n  timeout-minutes: 0.05\n- run: echo after\n  if: always()',
    );
    expect(output).toEqual(['begun', 'after']);
    expect(report.steps[1]?.outcome).toBe('failure');
    expect(report.steps[1]?.error?.message).toBe("The action 'Run ./a' has timed out after 0.05 minutes.");
  });

  test('that is cancelled ends its running step and runs those that ask for it', async () => {
    rig.commitFiles(
      {
        'a/action.yml': composite(`
- { shell: bash, run: 'echo begun; sleep 600', id: long }
- { shell: bash, run: 'echo never' }
- { shell: bash, run: 'echo "\${{ steps.long.outcome }} \${{ github.action_status }}"', if: always() }
- { shell: bash, run: 'echo also', if: cancelled() }`),
      },
      'a',
    );
    const job = rig.job(jobWith(`${checkout}- uses: ./a\n- run: echo never`));
    const { child, ended } = job.start();
    await job.printed('begun');
    child.kill('SIGTERM');
    await ended;
    expect(await job.output()).toEqual(['begun', 'cancelled cancelled', 'also']);
    const report = await job.report();
    expect(report.result).toBe('cancelled');
    expect(report.steps.map(({ outcome }) => outcome)).toEqual(['success', 'cancelled', 'skipped']);
  });

  test('cannot hold a deploy step', async () => {
    const { report } = await run(
      { 'a/action.yml': composite('- uses: slipway/deploy@v1\n  with: { environment: live }') },
      '- uses: ./a',
    );
    expect(report.steps[1]?.error?.message).toBe(
      'Run slipway/deploy@v1: slipway/deploy cannot be a step of an action\n= help: make it a step of the job itself, which waits there for the rollout',
    );
  });

  test('stays in the workspace of a job that was parked', async () => {
    const state = `
import { appendFileSync } from 'node:fs';
if (process.env.STATE_kept) console.log('post sees ' + process.env.STATE_kept);
else appendFileSync(process.env.GITHUB_STATE, 'kept=it\\n');`;
    rig.commitFiles({ 'js/action.yml': javascript('main: m.mjs\n  post: m.mjs'), 'js/m.mjs': state }, 'js');
    plantNode();
    const { resumeJob } = await import('../../src/runner/index.ts');
    const job = rig.job(
      jobWith(`${checkout}- uses: ./js\n- uses: slipway/deploy@v1\n  with: { environment: live }`),
    );
    expect(await job.work()).toMatchObject({ phase: 'parked' });
    resumeJob(job.directory, {
      stepIndex: 2,
      result: 'success',
      outputs: {},
      reason: 'Shipped.',
      cancelled: false,
    });
    expect(await job.work()).toMatchObject({ phase: 'finished', result: 'success' });
    expect(await job.output()).toEqual(['post sees it']);
  });
});

/** A JavaScript action's file. */
function javascript(runs: string, head: string = ''): string {
  return `name: An action\ndescription: For a test\n${head}\nruns:\n  using: node24\n  ${runs}\n`;
}

/** Lets the running Node stand for an installed Node 24, so that nothing is downloaded. */
function plantNode(): void {
  const bin = join(rig.root, 'tools', 'node', `24.99.0-${process.platform}-${process.arch}`, 'bin');
  mkdirSync(bin, { recursive: true });
  symlinkSync(process.execPath, join(bin, 'node'));
  writeFileSync(join(bin, 'npm'), '');
}

describe('a JavaScript action', () => {
  beforeEach(plantNode);

  test('runs in the workspace with its inputs, GITHUB_* and command files, and obeys its lines', async () => {
    const { report, output } = await run(
      {
        'js/action.yml': javascript(
          'main: dist/index.mjs',
          "inputs:\n  'who to greet': { default: 'all of ${{ github.job }}' }\n  a-b: {}\noutputs: { done: {} }",
        ),
        'js/dist/index.mjs': `
import { appendFileSync } from 'node:fs';
const { env } = process;
console.log(env['INPUT_WHO_TO_GREET'], '|', env['INPUT_A-B'], '|', env['MINE'], '|', env['LEVEL']);
console.log(process.cwd() === env.GITHUB_WORKSPACE, env.GITHUB_ACTION, env.GITHUB_REF_NAME, env.SECRET_OF_THE_SERVER);
appendFileSync(env.GITHUB_OUTPUT, 'done=yes\\n');
appendFileSync(env.GITHUB_ENV, 'LATER=1\\n');
console.log('::warning::careful');
console.error('to stderr');`,
      },
      `
- id: js
  uses: ./js
  with: { a-b: x y }
  env: { MINE: own }
- run: echo "\${{ steps.js.outputs.done }} $LATER"`,
    );
    expect(output).toEqual([
      'all of build | x y | own | workflow',
      'true js main undefined',
      'to stderr',
      'yes 1',
    ]);
    expect(report.annotations).toMatchObject([{ level: 'warning', message: 'careful', step: 1 }]);
  });

  test('fails by its exit code, and by a script that does not exist', async () => {
    const { report } = await run(
      {
        'js/action.yml': javascript('main: m.js'),
        'js/m.js': 'process.exitCode = 4;',
        'gone/action.yml': javascript('main: lib/x.js'),
      },
      '- uses: ./js\n- uses: ./gone\n  if: always()',
    );
    expect(report.steps[1]?.error?.message).toBe('Process completed with exit code 4.');
    expect(report.steps[2]?.error?.message).toContain(
      'gone/lib/x.js does not exist\n= help: build the action',
    );
  });

  test('cleans up at the end, the last first, with its state; its pre is not run', async () => {
    const script = `
import { appendFileSync } from 'node:fs';
const { env } = process;
if (env.STATE_name) console.log('post', env.STATE_name, env.INPUT_NAME, env.SEEN, env.OWN, env.GITHUB_ACTION);
else {
  console.log('main', env.INPUT_NAME);
  appendFileSync(env.GITHUB_STATE, 'name=' + env.INPUT_NAME + '\\n');
}
if (env.INPUT_NAME === 'two' && !env.STATE_name) process.exit(1);`;
    const { report, output } = await run(
      {
        'js/action.yml': javascript('pre: nothing.js\n  main: m.mjs\n  post: m.mjs', 'inputs: { name: {} }'),
        'js/m.mjs': script,
        'only/action.yml': javascript(
          'main: m.mjs\n  post: m.mjs\n  post-if: success()',
          'inputs: { name: {} }',
        ),
        'only/m.mjs': script,
        'c/action.yml': composite(`
- { uses: ./js, with: { name: in1 }, env: { OWN: mine } }
- { uses: ./js, with: { name: in2 } }`),
      },
      `
- uses: ./only
  with: { name: zero }
- uses: ./js
  with: { name: one }
- uses: ./c
- run: echo "SEEN=late" >> "$GITHUB_ENV"
- id: failing
  uses: ./js
  with: { name: two }`,
    );
    expect(output).toEqual([
      'main zero',
      'main one',
      'main in1',
      'main in2',
      'main two',
      'post two two late undefined failing',
      'post in2 in2 late undefined __self_3',
      'post in1 in1 late mine __self_3',
      'post one one late undefined __self_2',
    ]);
    expect(report.result).toBe('failure');
    const posts = report.steps.filter(({ kind }) => kind === 'post');
    expect(posts.map(({ name, outcome }) => [name, outcome])).toEqual([
      ['Post Run ./js', 'success'],
      ['Post Run ./js', 'success'],
      ['Post Run ./js', 'success'],
      ['Post Run ./js', 'success'],
      ['Post Run ./only', 'skipped'],
    ]);
    expect(report.annotations.map(({ message }) => message)).toContain(
      "`pre` execution is not supported for local action from './js'",
    );
  });

  test('that is cancelled gets a signal, and cleans up afterwards', async () => {
    rig.commitFiles(
      {
        'js/action.yml': javascript('main: m.mjs\n  post: post.mjs'),
        'js/m.mjs': `
process.on('SIGINT', () => { console.log('interrupted'); process.exit(1); });
console.log('begun');
setTimeout(() => {}, 600_000);`,
        'js/post.mjs': "console.log('post');",
      },
      'js',
    );
    const job = rig.job(jobWith(`${checkout}- uses: ./js`));
    const { child, ended } = job.start();
    await job.printed('begun');
    await delay(50);
    child.kill('SIGTERM');
    await ended;
    expect(await job.output()).toEqual(['begun', 'interrupted', 'post']);
    expect((await job.report()).result).toBe('cancelled');
  });
});

test('a JavaScript action that waits for its Node to be installed can be cancelled', async () => {
  const bin = join(rig.root, 'slow');
  mkdirSync(bin);
  const asked = join(rig.root, 'asked');
  writeFileSync(join(bin, 'npm'), `#!/bin/sh\ntouch ${asked}\nexec sleep 600\n`, { mode: 0o755 });
  rig.commitFiles(
    { 'js/action.yml': javascript('main: m.js').replace('node24', 'node20'), 'js/m.js': '' },
    'js',
  );
  const machineEnv = { PATH: `${bin}:${process.env['PATH'] ?? ''}` };
  const job = rig.job(jobWith(`${checkout}- uses: ./js`), { machineEnv });
  const { child, ended } = job.start();
  while (!existsSync(asked)) await delay(20);
  child.kill('SIGTERM');
  await ended;
  expect((await job.report()).steps.map(({ outcome }) => outcome)).toEqual(['success', 'cancelled']);
});

describe('an action that cannot be run', () => {
  const messages = async (files: Record<string, string>, uses: string, before: string = checkout) => {
    rig.commitFiles({ ...files, x: '' }, 'x');
    const job = rig.job(jobWith(`${before}- uses: ${uses}`));
    const report = await job.work();
    expect(report.result).toBe('failure');
    return report.steps.at(-1)?.error?.message;
  };

  test('because nothing is checked out', async () => {
    expect(await messages({ 'a/action.yml': composite('- { shell: sh, run: x }') }, './a', '')).toBe(
      'there is no action.yml or action.yaml in "a"\n= help: run `actions/checkout` before: actions of the repository are read from the workspace',
    );
  });

  test('because its path is wrong', async () => {
    expect(await messages({}, './b')).toBe(
      'there is no action.yml or action.yaml in "b"\n= help: commit it there, or mend the path in `uses: ./b`',
    );
  });

  test('because it needs a container', async () => {
    expect(
      await messages(
        { 'd/action.yml': 'name: D\ndescription: d\nruns: { using: docker, image: Dockerfile }\n' },
        './d',
      ),
    ).toContain('the action "./d" runs in a container, and jobs here run on the machine itself');
  });

  test('because it is in another repository', async () => {
    const message = await messages({ 'r/action.yml': composite('- uses: owner/thing@v1') }, './r');
    expect(message).toContain('Run owner/thing@v1: the action "owner/thing@v1" is not on this machine');
    expect(message).toContain('help: copy the action into the repository');
  });

  test('because a built-in one is asked for what it does not do', async () => {
    const action = composite(
      "- uses: actions/cache@v4\n  with: { path: x, key: k, save-always: '${{ true }}' }",
    );
    expect(await messages({ 'r/action.yml': action }, './r')).toContain(
      'the input "save-always" of actions/cache cannot be "true" here',
    );
  });

  test('because a built-in one lacks what it needs', async () => {
    const action = composite("- uses: actions/cache@v4\n  with: { path: x, key: '${{ inputs.none }}' }");
    expect(await messages({ 'r/action.yml': action }, './r')).toContain(
      'Input required and not supplied: key',
    );
  });

  test('because its file has mistakes, which are shown with their place', async () => {
    const action = composite('- run: echo x');
    const message = await messages({ 'r/action.yml': action }, './r');
    expect(message).toContain('the action "./r" cannot be read:\nerror[workflow/');
    expect(message).toContain('--> r/action.yml:7:7');
  });
});

describe('contexts', () => {
  test('tell of the job, the runner and the command files of the very step', async () => {
    const { report, output } = await run(
      {
        'a/action.yml': composite(`
- { shell: bash, run: 'test "\${{ github.env }}" = "$GITHUB_ENV" && echo "\${{ github.output == github.path }}"' }`),
      },
      `
- uses: ./a
- run: |
    test "\${{ github.env }}" = "$GITHUB_ENV"; test "\${{ github.path }}" = "$GITHUB_PATH"
    test "\${{ github.step_summary }}" = "$GITHUB_STEP_SUMMARY"; test -z "\${{ github.token }}"
    echo "\${{ job.status }} \${{ job.workflow_file_path }} \${{ toJSON(job.services) }}"
    echo "\${{ job.workflow_ref == github.workflow_ref }} \${{ runner.debug }} $RUNNER_DEBUG"`,
      '',
      { secrets: { ACTIONS_STEP_DEBUG: 'true' } },
    );
    expect(report.result).toBe('success');
    expect(output).toEqual(['false', 'success .github/workflows/ci.yml {}', '*** 1 1']);
  });
});
