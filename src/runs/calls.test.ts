import { describe, expect, test } from 'vitest';
import { checkCalls, createRun, resolveSecrets } from './index.ts';
import type { JobOrder } from './index.ts';
import { parsed, Play, runOf } from './testing/play.ts';

const build = `on:
  workflow_call:
    inputs: { level: { type: number, default: 3 }, name: { type: string, required: true }, dry: { type: boolean } }
    secrets: { TOKEN: { required: true } }
    outputs:
      image: { value: "\${{ jobs.make.outputs.image }}" }
      said: { value: "\${{ jobs.make.result }}-\${{ inputs.name }}" }
env: { SIDE: inner }
jobs:
  make:
    runs-on: ubuntu-latest
    steps: [{ run: "true" }]
  check:
    needs: make
    runs-on: ubuntu-latest
    steps: [{ run: "true" }]
`;

const caller = `on: push
name: Outer
env: { SIDE: outer }
jobs:
  first: { runs-on: ubuntu-latest, steps: [{ run: "true" }] }
  call:
    name: Caller
    needs: first
    uses: ./.github/workflows/build.yml
    with: { name: "x-\${{ needs.first.outputs.tag }}" }
    secrets: { TOKEN: "\${{ secrets.DEEP }}!" }
  last:
    needs: call
    runs-on: ubuntu-latest
    steps: [{ run: "true" }]
`;

const calling = (text: string, called: Record<string, string> = { build }) =>
  new Play(runOf(text, { called }));

describe('a call', () => {
  test('becomes the jobs of the called workflow when it is due, and their outputs become its own', () => {
    const play = calling(caller);
    expect(play.start()).toEqual(['first']);
    play.ends('first', 'success', { tag: '7' });
    expect(play.start()).toEqual(['call/make']);
    expect(play.phases()).toEqual({
      first: 'success',
      call: 'calling',
      'call/make': 'running',
      'call/check': 'pending',
      last: 'pending',
    });
    expect(play.state.jobs['call/check']?.displayName).toBe('Caller / check');
    play.ends('call/make', 'success', { image: 'img' });
    expect(play.start()).toEqual(['call/check']);
    play.ends('call/check', 'success');
    const [start] = play.look().actions;
    expect(start?.kind === 'start-job' && start.order.contexts.needs).toEqual({
      call: { result: 'success', outputs: { image: 'img', said: 'success-x-7' } },
    });
  });

  test('gives its jobs their own inputs, needs and env, and the caller its github', () => {
    const play = calling(caller);
    play.start();
    play.ends('first', 'success', { tag: '7' });
    const order = play.order('call/make');
    expect(order.contexts.inputs).toEqual({ level: 3, name: 'x-7', dry: false });
    expect(order.contexts.needs).toEqual({});
    expect(order.workflow.env['SIDE']?.text).toBe('inner');
    expect(order.workflow.file).toBe('.github/workflows/build.yml');
    expect(order.contexts.github).toMatchObject({
      workflow: 'Outer',
      event_name: 'push',
      job_workflow_sha: 'c0ffee',
    });
    expect(order.contexts.github['workflow_ref']).toMatch(/ci\.yml@refs\/heads\/main$/);
  });

  test('is skipped as a whole, and its dependents with it', () => {
    const play = calling(caller.replace('needs: first\n', 'needs: first\n    if: false\n'));
    play.start();
    play.ends('first', 'success');
    play.look();
    expect(play.phases()).toEqual({ first: 'success', call: 'skipped', last: 'skipped' });
  });

  const results: [string, Record<string, 'success' | 'failure' | 'cancelled'>, string][] = [
    ['all went well', { make: 'success', check: 'success' }, 'success'],
    ['one failed', { make: 'success', check: 'failure' }, 'failure'],
    ['one failed and one was skipped', { make: 'failure' }, 'failure'],
    ['one was cancelled', { make: 'success', check: 'cancelled' }, 'cancelled'],
  ];
  test.each(results)('ends as the worst of its jobs: %s', (_, ends, result) => {
    const play = calling(caller);
    play.start();
    play.ends('first', 'success');
    for (const [job, end] of Object.entries(ends)) {
      play.start();
      play.ends(`call/${job}`, end);
    }
    play.look();
    expect(play.phases()['call']).toBe(result);
  });

  test('has status functions that see its own frame: what failed outside was asked before', () => {
    const play = calling(caller.replace('needs: first\n', 'needs: first\n    if: always()\n'));
    play.start();
    play.ends('first', 'failure');
    expect(play.start()).toEqual(['call/make']);
  });

  test('fails with the reason where an input is missing or of another type', () => {
    const wrong = calling(caller.replace('with: { name: "x', 'with: { level: many, name: "x'));
    wrong.start();
    wrong.ends('first', 'success');
    wrong.look();
    expect(wrong.reason('call')).toMatch(/level/);
    expect(wrong.phases()['last']).toBe('skipped');
  });

  test('may be a matrix, whose jobs have keys and names of their own, and fail-fast reaches inside', () => {
    const text = `on: push
jobs:
  call:
    strategy: { matrix: { os: [a, b] } }
    uses: ./.github/workflows/build.yml
    with: { name: "\${{ matrix.os }}" }
    secrets: inherit
`;
    const play = calling(text);
    expect(play.start()).toEqual(['call.0/make', 'call.1/make']);
    expect(play.state.jobs['call.1/make']?.displayName).toBe('call (b) / make');
    expect(play.state.jobs['call.1/make']?.parent).toBe('call.1');
    play.ends('call.0/make', 'failure');
    const { actions } = play.look();
    expect(actions).toContainEqual(
      expect.objectContaining({
        kind: 'cancel-job',
        jobKey: 'call.1/make',
        reason: 'call (a) failed and fail-fast is on',
      }),
    );
    play.ends('call.1/make', 'cancelled');
    play.look();
    expect(play.phases()).toMatchObject({
      'call.0': 'failure',
      'call.1': 'cancelled',
      'call.1/check': 'cancelled',
    });
    expect(play.state.finished?.result).toBe('failure');
  });

  test('obeys max-parallel as a whole', () => {
    const text = `on: push
jobs:
  call:
    strategy: { max-parallel: 1, matrix: { os: [a, b] } }
    uses: ./.github/workflows/build.yml
    with: { name: n }
    secrets: inherit
`;
    const play = calling(text);
    expect(play.start()).toEqual(['call.0/make']);
    play.ends('call.0/make', 'success');
    expect(play.start()).toEqual(['call.0/check']);
    play.ends('call.0/check', 'success');
    expect(play.start()).toEqual(['call.1/make']);
  });

  test('is reached by a cancel at every level, but for jobs that ask for cancelled runs', () => {
    const play = calling(caller, { build: build.replace('needs: make', 'needs: make\n    if: always()') });
    play.start();
    play.ends('first', 'success');
    play.start();
    play.cancel();
    expect(play.look().actions).toContainEqual(
      expect.objectContaining({ kind: 'cancel-job', jobKey: 'call/make' }),
    );
    play.ends('call/make', 'cancelled');
    expect(play.start()).toEqual(['call/check']);
    play.ends('call/check', 'success');
    play.look();
    expect(play.phases()).toMatchObject({ call: 'cancelled', last: 'cancelled' });
    expect(play.state.finished?.result).toBe('cancelled');
  });

  test('may go ten levels deep and no further', () => {
    const link = (next: string) =>
      `on: { workflow_call: {} }\njobs: { go: { uses: ./.github/workflows/${next}.yml } }\n`;
    const end =
      'on: { workflow_call: {} }\njobs: { end: { runs-on: ubuntu-latest, steps: [{ run: "true" }] } }\n';
    const levels = (count: number) => {
      const called: Record<string, string> = { [`l${count}`]: end };
      for (let level = 2; level < count; level++) called[`l${level}`] = link(`l${level + 1}`);
      return { root: link('l2').replace('workflow_call: {}', 'push: {}'), called };
    };
    const ten = levels(10);
    expect(calling(ten.root, ten.called).start()).toEqual(['go/go/go/go/go/go/go/go/go/end']);
    const eleven = levels(11);
    const play = calling(eleven.root, eleven.called);
    play.look();
    expect(play.state.finished?.result).toBe('failure');
    const { workflow, called } = runOf(eleven.root, { called: eleven.called });
    expect(checkCalls(workflow, called).map(({ code }) => code)).toEqual(['runs/calls-too-deep']);
    const fits = runOf(ten.root, { called: ten.called });
    expect(checkCalls(fits.workflow, fits.called)).toEqual([]);
  });
});

describe('secrets', () => {
  const secretsOf = (order: JobOrder) =>
    resolveSecrets(order.secretPath, { DEEP: 'd', OTHER: 'o', GITHUB_TOKEN: 't' });

  test('a mapping passes what it names and the token, evaluated where the caller stands', () => {
    const play = calling(caller);
    play.start();
    play.ends('first', 'success');
    expect(secretsOf(play.order('call/make'))).toEqual({ TOKEN: 'd!', GITHUB_TOKEN: 't' });
    expect(JSON.stringify(play.state)).not.toContain('d!');
  });

  test('inherit passes everything, and nothing else passes nothing', () => {
    const inherited = calling(caller.replace(/secrets: \{ TOKEN.*\}/, 'secrets: inherit'));
    inherited.start();
    inherited.ends('first', 'success');
    expect(secretsOf(inherited.order('call/make'))).toEqual({ DEEP: 'd', OTHER: 'o', GITHUB_TOKEN: 't' });
    const none = calling(caller.replace(/ {4}secrets: \{ TOKEN.*\}\n/, ''));
    none.start();
    none.ends('first', 'success');
    expect(secretsOf(none.order('call/make'))).toEqual({ GITHUB_TOKEN: 't' });
  });

  test('a level in between passes only what it was given', () => {
    const middle = `on: { workflow_call: { secrets: { TOKEN: {} } } }
jobs:
  deep:
    uses: ./.github/workflows/build.yml
    with: { name: n }
    secrets: { TOKEN: "\${{ secrets.TOKEN }}\${{ secrets.DEEP }}" }
`;
    const play = calling(caller.replace('build.yml', 'middle.yml').replace(/ {4}with: .*\n/, ''), {
      build,
      middle,
    });
    play.start();
    play.ends('first', 'success');
    expect(secretsOf(play.order('call/deep/make'))).toEqual({ TOKEN: 'd!', GITHUB_TOKEN: 't' });
  });
});

describe('permissions', () => {
  test('a called job never has more than its caller', () => {
    const text = caller.replace('uses:', 'permissions: { contents: read, id-token: write }\n    uses:');
    const inner = build.replace(
      '  make:\n',
      '  make:\n    permissions: { contents: write, id-token: write, issues: write }\n',
    );
    const play = calling(text, { build: inner });
    play.start();
    play.ends('first', 'success');
    expect(play.order('call/make').permissions).toEqual({
      contents: 'read',
      'id-token': 'write',
      issues: 'none',
    });
  });
});

describe('checking calls before a run', () => {
  const check = (text: string, called: Record<string, string>) => {
    const state = runOf(text, { called });
    return checkCalls(state.workflow, state.called).map(({ code, message }) => `${code}: ${message}`);
  };

  test('all is well', () => expect(check(caller, { build })).toEqual([]));

  test('a file that is not there', () => {
    expect(check(caller, {})).toEqual([
      'runs/unknown-workflow: there is no workflow ./.github/workflows/build.yml to call',
    ]);
  });

  test('a file that does not let itself be called', () => {
    expect(check(caller, { build: build.replace(/on:[^]*?env/, 'on: push\nenv') })[0]).toMatch(
      /^runs\/not-callable/,
    );
  });

  test('a circle', () => {
    const round = 'on: { workflow_call: {} }\njobs: { again: { uses: ./.github/workflows/round.yml } }\n';
    const text = 'on: push\njobs: { go: { uses: ./.github/workflows/round.yml } }\n';
    expect(check(text, { round })).toEqual(['runs/call-loop: these workflows call each other in a circle']);
  });

  test('inputs and secrets that do not fit', () => {
    const text = caller.replace('with: { name:', 'with: { nmae:').replace('TOKEN:', 'TOKNE:');
    expect(check(text, { build })).toEqual([
      'runs/bad-input: .github/workflows/build.yml declares no input "nmae"',
      'runs/bad-input: .github/workflows/build.yml requires the input "name", which this call does not give',
      'runs/bad-secret: .github/workflows/build.yml declares no secret "TOKNE"',
      'runs/bad-secret: .github/workflows/build.yml requires the secret "TOKEN", which this call does not give',
    ]);
  });
});

test('a run is named by its run-name, its commit, or its workflow', () => {
  const named = (text: string) => runOf(text).name;
  const job = 'jobs: { a: { runs-on: ubuntu-latest, steps: [{ run: "true" }] } }\n';
  expect(named(`on: push\nrun-name: by \${{ github.actor }}\n${job}`)).toBe('by ana');
  expect(named(`on: push\n${job}`)).toBe('m');
  expect(createRun({ ...runParts, workflow: parsed(`on: workflow_dispatch\nname: W\n${job}`) }).name).toBe(
    'W',
  );
});

const runParts = {
  id: 'r',
  number: 1,
  app: 'a',
  event: {
    name: 'workflow_dispatch',
    ref: 'refs/heads/main',
    commit: 'c',
    actor: 'ana',
    message: 'm',
    payload: {},
  },
  nowMs: 0,
};
