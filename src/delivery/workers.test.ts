import { expect, test } from 'vitest';
import { startObserved } from '../flow/index.ts';
import { newGate } from './begin.ts';
import { emptyEnvironment, type EnvironmentState, type Rollout } from './environment.ts';
import type { InstanceObservation, Observed } from './observed.ts';
import { planEnvironment } from './plan.ts';
import { aRequest } from './testing/builders.ts';

const nowMs = 1_000_000;
const good = aRequest(1, 'good');
const bad = aRequest(2, 'never-ready');
const stable = { ...good.revision, id: 'r1' };

function reverting(stage: 'routing' | 'draining' | 'stopping'): EnvironmentState {
  const rollout: Rollout = {
    ...bad,
    id: bad.rolloutId,
    candidate: { ...bad.revision, id: 'r2' },
    standing: false,
    steps: [],
    tasks: [],
    taskIndex: 0,
    paused: null,
    hurried: false,
    underWay: startObserved(nowMs),
    stableBefore: 'unknown',
    compared: null,
    alone: false,
    phase: {
      at: 'reverting',
      stage,
      timer: startObserved(nowMs),
      from: { weightPercent: 0, routed: 1, taken: 0, check: null },
      gate: newGate(nowMs),
      cause: { outcome: 'failed', reason: 'was not ready', logTail: [] },
    },
  };
  return { ...emptyEnvironment('app/production'), nextRevision: 3, stable, rollout };
}

function copy(id: string): InstanceObservation {
  const [revision = '', process = ''] = id.split('-');
  return {
    id,
    revision,
    process,
    phase: 'running',
    host: '127.0.0.1',
    drift: null,
    port: process === 'web' ? 1_234 : null,
    restarts: 0,
    exitCode: null,
    probe: 'not-probed',
    logTail: [],
  };
}

function effectsOf(state: EnvironmentState, running: string[]): string[] {
  const observed: Observed = {
    instances: running.map(copy),
    routers: {
      here: { epoch: 'e1', losses: 0, unsure: false, fence: 1, routes: null, revisions: [], lots: null },
    },
    command: { state: 'none' },
    prepared: { here: 'done' },
    silent: [],
    taken: null,
    metrics: {},
    probed: null,
    flags: null,
  };
  const { effects } = planEnvironment({ state, signals: [], observed, nowMs });
  return effects.flatMap((effect) => {
    if (effect.do === 'start') return [`start ${effect.instance.id}`];
    return effect.do === 'stop' ? [`stop ${effect.instance}`] : [];
  });
}

test.each(['routing', 'draining', 'stopping'] as const)(
  'a rollout that goes back (%s) before its workers came leaves the worker of the stable revision alone',
  (stage) => {
    const effects = effectsOf(reverting(stage), ['r1-web-1', 'r1-worker-1', 'r2-web-1']);
    expect(effects.filter((effect) => effect.includes('worker'))).toEqual([]);
  },
);

test('the old worker comes back only when the new one is gone', () => {
  const state = reverting('stopping');
  expect(effectsOf(state, ['r1-web-1', 'r2-worker-1'])).toEqual(['stop r2-worker-1']);
  expect(effectsOf(state, ['r1-web-1'])).toEqual(['start r1-worker-1']);
});

test('a worker that crashed while nobody looked has not stayed up', () => {
  const state = reverting('stopping');
  const rollout = state.rollout as Rollout;
  const up = startObserved(nowMs);
  rollout.phase = { at: 'starting-workers', up, deadline: startObserved(nowMs) };
  const lookAfter = (waitMs: number, restarts: number, before: EnvironmentState) =>
    planEnvironment({
      state: before,
      signals: [],
      observed: {
        instances: [copy('r1-web-1'), copy('r2-web-1'), { ...copy('r2-worker-1'), restarts }],
        routers: { here: null },
        command: { state: 'none' },
        prepared: { here: 'done' },
        silent: [],
        taken: null,
        metrics: {},
        probed: null,
        flags: null,
      },
      nowMs: nowMs + waitMs,
    }).state;
  const crashed = lookAfter(5_000, 1, state);
  expect(crashed.rollout?.phase).toMatchObject({ at: 'starting-workers', up: { elapsedMs: 0 } });
  expect(lookAfter(5_900, 1, crashed).rollout?.phase.at).toBe('starting-workers');
  expect(lookAfter(6_100, 1, crashed).rollout?.phase.at).toBe('baking');
});
