import { expect, test } from 'vitest';
import { currentWorkerId, rerun, workKey } from './index.ts';
import type { RunState } from './index.ts';
import { Play, runOf } from './testing/play.ts';

const step = 'runs-on: ubuntu-latest, steps: [{ run: "true" }]';
const text = `on: push
jobs:
  build: { ${step} }
  test: { needs: build, strategy: { fail-fast: false, matrix: { n: [1, 2] } }, ${step} }
  last: { needs: test, ${step} }
  other: { ${step} }
  call: { needs: build, uses: ./.github/workflows/inner.yml }
  after: { needs: call, if: always(), ${step} }
`;
const inner = `on: { workflow_call: { outputs: { said: { value: "\${{ jobs.x.outputs.said }}" } } } }
jobs: { x: { ${step} }, y: { ${step} }, z: { needs: y, ${step} } }
`;

/** A run in which `test.1` and `call/y` failed, and everything else went well. */
function failed(): RunState {
  const play = new Play(runOf(text, { called: { inner } }));
  for (let round = 0; round < 5; round++) {
    for (const key of play.start()) {
      play.ends(key, ['test.1', 'call/y'].includes(key) ? 'failure' : 'success', { said: key });
    }
  }
  expect(play.state.finished?.result).toBe('failure');
  return play.state;
}

test('only what failed and what needs it runs again; the rest keeps its results and outputs', () => {
  const play = new Play(rerun(failed(), { only: 'failed' }));
  expect(play.start()).toEqual(['test.1', 'call/y']);
  expect(play.phases()).toEqual({
    build: 'success',
    'test.0': 'success',
    'test.1': 'running',
    last: 'pending',
    other: 'success',
    call: 'calling',
    'call/x': 'success',
    'call/y': 'running',
    'call/z': 'pending',
    after: 'pending',
  });
  play.ends('test.1', 'success');
  play.ends('call/y', 'success');
  expect(play.start()).toEqual(['last', 'call/z']);
  play.ends('call/z', 'success');
  play.ends('last', 'success');
  expect(play.order('after').contexts.needs).toEqual({
    call: { result: 'success', outputs: { said: 'call/x' } },
  });
});

test('the attempt is counted, and each attempt of a job has a worker and a folder of its own', () => {
  const play = new Play(rerun(failed(), { only: 'failed' }));
  const order = play.order('test.1');
  expect(order.contexts.github['run_attempt']).toBe('2');
  expect(order.displayName).toBe('test (2)');
  expect(currentWorkerId(play.state, 'test.1')).toBe('r1/test.1@2/0');
  const keys = Object.values(play.state.jobs).map(workKey);
  expect(keys).toEqual(expect.arrayContaining(['test.0', 'test.1@2', 'call/x', 'call/y@2']));
});

test('a named job runs again with its dependents, whatever its result', () => {
  const play = new Play(rerun(failed(), { only: ['build'] }));
  expect(play.start()).toEqual(['build']);
  expect(play.phases()).toEqual({
    build: 'running',
    test: 'pending',
    last: 'pending',
    other: 'success',
    call: 'pending',
    after: 'pending',
  });
});

test('a named job of a called workflow runs again inside its caller', () => {
  const play = new Play(rerun(failed(), { only: ['call/z'] }));
  expect(play.start()).toEqual(['after']);
  expect(play.phases()).toMatchObject({
    'call/y': 'failure',
    'call/z': 'skipped',
    call: 'failure',
    last: 'skipped',
  });
});

test('all jobs run again', () => {
  const play = new Play(rerun(failed(), { only: 'all' }));
  expect(play.start()).toEqual(['build', 'other']);
  expect(play.state.attempt).toBe(2);
});

test('a run in which nothing is chosen ends as it did', () => {
  const play = new Play(rerun(failed(), { only: [] }));
  play.look();
  expect(play.state.finished?.result).toBe('failure');
});

test('jobs of a call that does not get its turn again end with it', () => {
  const play = new Play(rerun(failed(), { only: 'failed' }));
  play.cancel();
  play.look();
  expect(play.phases()).toMatchObject({ call: 'cancelled', 'call/y': 'cancelled', 'call/z': 'cancelled' });
  expect(
    Object.values(play.state.jobs).every(
      ({ state }) => state.phase === 'finished' || state.phase === 'running',
    ),
  ).toBe(true);
});
