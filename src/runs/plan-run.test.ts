import { describe, expect, test } from 'vitest';
import type { Json } from '../workflow/index.ts';
import { lostReason, requestCancel } from './index.ts';
import type { ObservedJob, RunAction, RunState } from './index.ts';
import { Play, runOf as runOfText } from './testing/play.ts';

/** Builds a run from the `jobs:` part of a workflow; a step is added to each job. */
function runOf(jobs: string, payload: Json = {}): RunState {
  const body = jobs
    .split('\n')
    .map((line) =>
      /^ {2}\w+:$/.test(line) ? `${line}\n    runs-on: ubuntu-latest\n    steps: [{ run: "true" }]` : line,
    )
    .join('\n');
  return runOfText(`on: push\njobs:\n${body}\n`, { payload });
}

const kinds = (actions: RunAction[]) => actions.map((action) => `${action.kind} ${action.jobKey}`);

describe('the graph', () => {
  test('a job starts as soon as its own needs are done, whatever else still runs', () => {
    const play = new Play(runOf('  slow:\n  fast:\n  after:\n    needs: [fast]'));
    expect(play.start()).toEqual(['slow', 'fast']);
    play.ends('fast', 'success');
    expect(play.start()).toEqual(['after']);
    play.ends('after', 'success');
    play.look();
    expect(play.state.finished).toBeNull();
    play.ends('slow', 'success');
    play.look();
    expect(play.state.finished?.result).toBe('success');
  });

  test('at most as many jobs run as there is room for', () => {
    const play = new Play(runOf('  a:\n  b:\n  c:'), { maxParallelJobs: 2 });
    expect(play.start()).toEqual(['a', 'b']);
    expect(play.start()).toEqual([]);
    play.ends('a', 'success');
    expect(play.start()).toEqual(['c']);
  });

  test('a start is said again until the worker is seen', () => {
    const play = new Play(runOf('  a:'));
    const first = play.look().actions;
    expect(play.look().actions).toEqual(first);
    play.sees('a', { worker: 'alive', report: null });
    expect(play.look().actions).toEqual([]);
  });

  test('a finished run plans nothing and stays as it is', () => {
    const play = new Play(runOf('  a:'));
    play.start();
    play.ends('a', 'success');
    play.look();
    const end = play.state;
    expect(play.look()).toEqual({ state: end, actions: [], events: [], wakeAtMs: null, named: [] });
  });

  test('dependents see results and outputs', () => {
    const play = new Play(runOf('  a:\n  b:\n    needs: a'));
    play.start();
    play.ends('a', 'success', { image: 'x:1' });
    const [action] = play.look().actions;
    expect(action?.kind === 'start-job' && action.order.contexts.needs).toEqual({
      a: { result: 'success', outputs: { image: 'x:1' } },
    });
  });
});

describe('conditions', () => {
  const endings: [name: string, jobs: string, failing: string[], expected: Record<string, string>][] = [
    ['a failure skips what needs it', '  a:\n  b:\n    needs: a', ['a'], { a: 'failure', b: 'skipped' }],
    [
      'skipping passes down the whole chain',
      '  a:\n    if: false\n  b:\n    needs: a\n  c:\n    needs: b',
      [],
      { a: 'skipped', b: 'skipped', c: 'skipped' },
    ],
    [
      'always() runs after a failure',
      '  a:\n  b:\n    needs: a\n    if: always()',
      ['a'],
      { a: 'failure', b: 'success' },
    ],
    [
      'success and failure of named jobs look at those alone',
      "  a:\n  b:\n  c:\n    needs: [a, b]\n    if: success('B')\n  d:\n    needs: [a, b]\n    if: failure('b')",
      ['a'],
      { a: 'failure', b: 'success', c: 'success', d: 'skipped' },
    ],
    [
      'failure() looks at every ancestor',
      '  a:\n  b:\n    needs: a\n  c:\n    needs: b\n    if: failure()',
      ['a'],
      { a: 'failure', b: 'skipped', c: 'success' },
    ],
    [
      'success() looks past a job that ran anyway',
      '  a:\n  b:\n    needs: a\n    if: always()\n  c:\n    needs: b',
      ['a'],
      { a: 'failure', b: 'success', c: 'skipped' },
    ],
    [
      'a condition may ask for a result',
      "  a:\n  b:\n    needs: a\n    if: always() && needs.a.result == 'failure'",
      ['a'],
      { a: 'failure', b: 'success' },
    ],
    [
      'a condition reads github',
      "  a:\n    if: github.ref == 'refs/heads/main'\n  b:\n    if: github.ref_name == 'dev'",
      [],
      { a: 'success', b: 'skipped' },
    ],
    [
      'a failure that may continue counts as success for dependents',
      '  a:\n    continue-on-error: true\n  b:\n    needs: a',
      ['a'],
      { a: 'failure', b: 'success' },
    ],
  ];
  test.each(endings)('%s', (_name, jobs, failing, expected) => {
    const play = new Play(runOf(jobs));
    for (let round = 0; round < 10 && !play.state.finished; round++) {
      for (const key of play.start()) play.ends(key, failing.includes(key) ? 'failure' : 'success');
    }
    expect(play.phases()).toEqual(expected);
  });

  test('a job that may fail does not fail the run', () => {
    const play = new Play(runOf('  a:\n    continue-on-error: true'));
    play.start();
    play.ends('a', 'failure');
    play.look();
    expect(play.state.finished?.result).toBe('success');
  });

  test('a condition that cannot be evaluated fails its job and says where', () => {
    const play = new Play(runOf('  a:\n  b:\n    needs: a\n    if: fromJSON(needs.a.outputs.x).y'));
    play.start();
    play.ends('a', 'success', { x: '{' });
    play.look();
    const { state } = play.state.jobs['b'] ?? {};
    expect(state?.phase === 'finished' && state.result).toBe('failure');
    expect(state?.phase === 'finished' && state.reason).toMatch(/json/i);
  });
});

describe('matrix', () => {
  test('expands when its needs are done, by their outputs', () => {
    const play = new Play(
      runOf(
        '  plan:\n  test:\n    needs: plan\n    strategy:\n      matrix: ${{ fromJSON(needs.plan.outputs.m) }}',
      ),
    );
    play.start();
    play.ends('plan', 'success', { m: '{"node":[20,24]}' });
    expect(play.start()).toEqual(['test.0', 'test.1']);
    expect(Object.values(play.state.jobs).map((job) => job.displayName)).toEqual([
      'plan',
      'test (20)',
      'test (24)',
    ]);
    expect(play.state.jobs['test.1']?.matrix).toEqual({ node: 24 });
  });

  test('max-parallel holds its instances back, not other jobs', () => {
    const play = new Play(
      runOf('  m:\n    strategy:\n      max-parallel: 1\n      matrix: { n: [1, 2] }\n  other:'),
    );
    expect(play.start()).toEqual(['m.0', 'other']);
    play.ends('m.0', 'success');
    expect(play.start()).toEqual(['m.1']);
  });

  test('fail-fast cancels siblings that run and those that wait', () => {
    const play = new Play(runOf('  m:\n    strategy:\n      matrix: { n: [1, 2, 3] }'), {
      maxParallelJobs: 2,
    });
    play.start();
    play.ends('m.0', 'failure');
    expect(kinds(play.look().actions)).toEqual(['cancel-job m.1']);
    play.ends('m.1', 'cancelled');
    play.look();
    expect(play.phases()).toEqual({ 'm.0': 'failure', 'm.1': 'cancelled', 'm.2': 'cancelled' });
    expect(play.state.finished?.result).toBe('failure');
  });

  test('fail-fast: false lets siblings go on', () => {
    const play = new Play(runOf('  m:\n    strategy:\n      fail-fast: false\n      matrix: { n: [1, 2] }'), {
      maxParallelJobs: 1,
    });
    play.start();
    play.ends('m.0', 'failure');
    expect(play.start()).toEqual(['m.1']);
  });

  test('a matrix that makes no sense fails the job with the reason', () => {
    const play = new Play(
      runOf(
        '  plan:\n  test:\n    needs: plan\n    strategy:\n      matrix: ${{ fromJSON(needs.plan.outputs.m) }}',
      ),
    );
    play.start();
    play.ends('plan', 'success', { m: '{"node":[]}' });
    play.look();
    const { state } = play.state.jobs['test'] ?? {};
    expect(state?.phase === 'finished' && state.reason).toMatch(
      /^\.github\/workflows\/ci\.yml:\d+:\d+: the axis "node" has no values/,
    );
    expect(play.state.finished?.result).toBe('failure');
  });

  test('later outputs win, empty ones never', () => {
    const play = new Play(runOf('  m:\n    strategy:\n      matrix: { n: [1, 2] }\n  after:\n    needs: m'));
    play.start();
    play.ends('m.1', 'success', { v: 'second', w: '' });
    play.look();
    play.ends('m.0', 'success', { v: 'first', w: 'x' });
    const [action] = play.look().actions;
    expect(action?.kind === 'start-job' && action.order.contexts.needs['m']).toEqual({
      result: 'success',
      outputs: { v: 'first', w: 'x' },
    });
  });
});

describe('environments and deploys', () => {
  const jobs = '  ship:\n    environment: ${{ github.ref_name }}-env';

  test('a job waits for the rules of its environment without a worker', () => {
    const play = new Play(runOf(jobs));
    expect(play.start()).toEqual([]);
    expect(play.state.jobs['ship']?.state).toMatchObject({ phase: 'blocked', name: 'main-env' });
    play.observed.environments['main-env'] = { kind: 'wait', reason: 'waits for ana', untilMs: 500 };
    expect(play.look().wakeAtMs).toBe(500);
    play.look();
    play.observed.environments['main-env'] = { kind: 'open' };
    expect(play.start()).toEqual(['ship']);
    expect(play.happened.filter((event) => event === 'job.blocked')).toHaveLength(1);
  });

  test('the variables of its environment reach a job that names it, and no other', () => {
    const state = runOf(`${jobs}\n  other:`);
    const play = new Play({
      ...state,
      vars: { REGION: 'any', LEVEL: '1' },
      environmentVars: { 'main-env': { REGION: 'north' } },
    });
    play.observed.environments['main-env'] = { kind: 'open' };
    const orders = play
      .look()
      .actions.flatMap((action) => (action.kind === 'start-job' ? [action.order] : []));
    expect(orders.map(({ contexts }) => contexts.vars)).toEqual([
      { REGION: 'north', LEVEL: '1' },
      { REGION: 'any', LEVEL: '1' },
    ]);
  });

  test('a refusal fails the job with its reason', () => {
    const play = new Play(runOf(jobs));
    play.observed.environments['main-env'] = { kind: 'refused', reason: 'only release/* may deploy here' };
    play.look();
    expect(play.state.jobs['ship']?.state).toMatchObject({
      phase: 'finished',
      result: 'failure',
      reason: 'only release/* may deploy here',
    });
  });

  const deploy = { environment: 'main-env', stepIndex: 2 };

  function parked(): Play {
    const play = new Play(runOf(jobs));
    play.observed.environments['main-env'] = { kind: 'open' };
    play.start();
    play.sees('ship', { worker: 'alive', report: { phase: 'parked', deploy } });
    expect(play.look().actions).toEqual([]);
    play.sees('ship', { worker: 'gone', report: { phase: 'parked', deploy } });
    return play;
  }

  test('a parked job asks for its rollout until one is seen, then goes on with a worker of its own', () => {
    const play = parked();
    const request = { kind: 'request-rollout', jobKey: 'ship', rolloutKey: 'r1/ship/2', deploy };
    expect(play.look().actions).toEqual([request]);
    expect(play.look().actions).toEqual([request]);
    play.observed.rollouts['r1/ship/2'] = { kind: 'going' };
    expect(play.look().actions).toEqual([]);
    const outcome = { stepIndex: 2, result: 'success' as const, outputs: { url: 'u' }, reason: 'serves' };
    play.observed.rollouts['r1/ship/2'] = { kind: 'ended', outcome };
    const resume = { kind: 'resume-job', jobKey: 'ship', workerId: 'r1/ship/1', outcome, cancelled: false };
    expect(play.look().actions).toEqual([resume]);
    // The wiring now observes r1/ship/1, which has not appeared yet.
    play.sees('ship', { worker: 'none', report: { phase: 'parked', deploy } });
    expect(play.look().actions).toEqual([resume]);
    play.sees('ship', { worker: 'alive', report: { phase: 'running' } });
    expect(play.look().actions).toEqual([]);
    play.ends('ship', 'success');
    play.look();
    expect(play.state.finished?.result).toBe('success');
  });

  test('a cancel aborts the rollout and waits for how it ended', () => {
    const play = parked();
    play.look();
    play.observed.rollouts['r1/ship/2'] = { kind: 'going' };
    play.state = requestCancel(play.state, 'ana', 5);
    expect(kinds(play.look().actions)).toEqual(['abort-rollout ship']);
    const outcome = { stepIndex: 2, result: 'failure' as const, outputs: {}, reason: 'taken back' };
    play.observed.rollouts['r1/ship/2'] = { kind: 'ended', outcome };
    expect(play.look().actions).toMatchObject([{ kind: 'resume-job', cancelled: true }]);
    play.sees('ship', { worker: 'alive', report: { phase: 'parked', deploy } });
    expect(play.look().actions).toEqual([]);
    play.sees('ship', { worker: 'alive', report: { phase: 'running' } });
    expect(kinds(play.look().actions)).toEqual(['cancel-job ship']);
  });
});

describe('the machine', () => {
  const jobs =
    '  a:\n    strategy: { matrix: { os: [ubuntu-latest, windows-latest, gpu] } }\n  b:\n    needs: a';
  const run = () => {
    const state = runOf(jobs);
    const [job, ...rest] = state.workflow.jobs;
    if (job?.kind !== 'steps') throw new Error('no job');
    const runsOn = [{ text: '${{ matrix.os }}', at: job.at }];
    return { ...state, workflow: { ...state.workflow, jobs: [{ ...job, runsOn }, ...rest] } };
  };

  test('leaves out instances whose labels it does not have, with the reason, or fails them', () => {
    const play = new Play(run(), { unsupported: 'skip' });
    expect(play.start()).toEqual(['a.0']);
    expect(play.phases()).toMatchObject({ 'a.1': 'skipped', 'a.2': 'skipped' });
    expect(play.reason('a.1')).toBe('jobs run on Linux only, and "windows-latest" asks for Windows');
    play.ends('a.0', 'success');
    expect(play.start()).toEqual(['b']);
    const strict = new Play(run(), { unsupported: 'fail' });
    strict.look();
    expect(strict.phases()).toMatchObject({ 'a.1': 'failure', 'a.2': 'failure' });
  });

  test('takes labels that its user maps to it', () => {
    const play = new Play(run(), { hostLabels: ['GPU', 'windows-latest'] });
    expect(play.start()).toEqual(['a.0', 'a.1', 'a.2']);
  });
});

describe('cancel and loss', () => {
  test('a cancel ends what runs, and starts only what asks for it', () => {
    const play = new Play(runOf('  a:\n  b:\n    needs: a\n  c:\n    needs: a\n    if: always()'));
    play.start();
    play.state = requestCancel(play.state, 'ana', 5);
    expect(kinds(play.look().actions)).toEqual(['cancel-job a']);
    play.ends('a', 'cancelled');
    expect(play.start()).toEqual(['c']);
    expect(play.look().actions).toEqual([]);
    play.ends('c', 'success');
    play.look();
    expect(play.phases()).toEqual({ a: 'cancelled', b: 'cancelled', c: 'success' });
    expect(play.state.finished?.result).toBe('cancelled');
  });

  test('a cancel spares a running job whose condition asks for cancelled runs', () => {
    const play = new Play(runOf('  a:\n    if: always()'));
    play.start();
    play.state = requestCancel(play.state, 'ana', 5);
    expect(play.look().actions).toEqual([]);
  });

  test('a worker is not told to end before it has said a word, and one that never came is not started', () => {
    const play = new Play(runOf('  a:\n  b:'));
    play.look();
    play.sees('a', { worker: 'alive', report: null });
    play.state = requestCancel(play.state, 'ana', 5);
    expect(kinds(play.look().actions)).toEqual(['cancel-job b', 'reap-job b']);
    expect(play.phases()).toEqual({ a: 'running', b: 'cancelled' });
    play.sees('a', { worker: 'alive', report: { phase: 'running' } });
    expect(kinds(play.look().actions)).toEqual(['cancel-job a']);
    // It did not wind up in time and was killed.
    play.sees('a', { worker: 'none', report: { phase: 'running' } });
    play.look();
    expect(play.state.jobs['a']?.state).toMatchObject({ result: 'cancelled', lost: false });
    expect(play.state.finished?.result).toBe('cancelled');
  });

  test.each([
    ['died in the middle', { worker: 'gone', report: { phase: 'running' } }],
    ['died before it said a word', { worker: 'gone', report: null }],
    ['is forgotten by a supervisor that started anew', { worker: 'none', report: { phase: 'running' } }],
  ] satisfies [string, ObservedJob][])('a worker that %s loses its job', (_name, seen) => {
    const play = new Play(runOf('  a:\n  b:\n    needs: a'));
    play.start();
    play.sees('a', seen);
    expect(kinds(play.look().actions)).toEqual(['reap-job a']);
    expect(play.state.jobs['a']?.state).toMatchObject({ result: 'failure', lost: true, reason: lostReason });
    expect(play.phases()['b']).toBe('skipped');
    expect(play.state.finished?.result).toBe('failure');
  });
});
