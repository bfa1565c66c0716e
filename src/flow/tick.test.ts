import { describe, expect, it } from 'vitest';
import { retryDelayMs, tickOnce, type TickPorts } from './tick.ts';
import type { Claim, Flow, FlowHandler, FlowStore, Transition } from './types.ts';

const flow: Flow = { id: 'f', kind: 'run', phase: 'new', data: 1, wakeAtMs: 0, fence: 7, done: false };
const claim: Claim = { flow, signals: [{ id: 3, flowId: 'f', name: 's', payload: null }], failures: 2 };
const transition: Transition = { phase: 'next', data: 2, wakeAtMs: null, events: [], consumed: [3] };

/** A store that hands out one claim, and writes down what it is asked to do. */
function trial(changes: { store?: Partial<FlowStore>; tick?: FlowHandler['tick']; kind?: string } = {}) {
  const calls: unknown[] = [];
  const errors: unknown[] = [];
  const store: Partial<FlowStore> = {
    claim: () => Promise.resolve(claim),
    commit: (held, made, nowMs) => (
      calls.push(['commit', held.flow.fence, made, nowMs]),
      Promise.resolve('committed')
    ),
    release: (held, wakeAtMs) => (calls.push(['release', held.flow.fence, wakeAtMs]), Promise.resolve()),
    ...changes.store,
  };
  const tick = changes.tick ?? (() => Promise.resolve(transition));
  const ports: TickPorts = {
    store: store as FlowStore,
    handlers: [{ kind: changes.kind ?? 'run', tick }],
    owner: 'a',
    clock: { wallMs: () => 1000, monotonicMs: () => 1 },
    leaseMs: 50,
    onError: (error, failed) => errors.push([String(error), failed?.id ?? null]),
  };
  return { ports, calls, errors };
}

describe('a tick', () => {
  it('is idle when nothing is due', async () => {
    const { ports, calls } = trial({ store: { claim: () => Promise.resolve(null) } });
    expect(await tickOnce(ports)).toBe('idle');
    expect(calls).toEqual([]);
  });

  it('gives its handler the time, the fence and the signals, and commits what it says', async () => {
    const seen: unknown[] = [];
    const { ports, calls } = trial({
      tick: (given, context) => (seen.push(given, context), Promise.resolve(transition)),
    });
    expect(await tickOnce(ports)).toBe('ticked');
    expect(seen).toEqual([flow, { nowMs: 1000, fence: 7, signals: claim.signals }]);
    expect(calls).toEqual([['commit', 7, transition, 1000]]);
  });

  it('is stale when another owner was faster, and gives nothing back', async () => {
    const { ports, calls } = trial({ store: { commit: () => Promise.resolve('stale') } });
    expect(await tickOnce(ports)).toBe('stale');
    expect(calls).toEqual([]);
  });

  it('gives the claim back with a growing rest when the handler throws, and reports', async () => {
    const { ports, calls, errors } = trial({ tick: () => Promise.reject(new Error('boom')) });
    expect(await tickOnce(ports)).toBe('failed');
    expect(calls).toEqual([['release', 7, 1000 + 2000]]);
    expect(errors).toEqual([['Error: boom', 'f']]);
  });

  it('does the same when the commit throws', async () => {
    const { ports, calls } = trial({ store: { commit: () => Promise.reject(new Error('disk full')) } });
    expect(await tickOnce(ports)).toBe('failed');
    expect(calls).toEqual([['release', 7, 3000]]);
  });

  it('reports both when giving back fails too, and when claiming fails', async () => {
    const release = () => Promise.reject(new Error('gone'));
    const lost = trial({ store: { release }, tick: () => Promise.reject(new Error('boom')) });
    expect(await tickOnce(lost.ports)).toBe('failed');
    expect(lost.errors).toEqual([
      ['Error: boom', 'f'],
      ['Error: gone', 'f'],
    ]);
    const unclaimed = trial({ store: { claim: () => Promise.reject(new Error('gone')) } });
    expect(await tickOnce(unclaimed.ports)).toBe('failed');
    expect(unclaimed.errors).toEqual([['Error: gone', null]]);
  });

  it('says so when it cannot drive a kind', async () => {
    const { ports, errors } = trial({ kind: 'backup' });
    expect(await tickOnce(ports)).toBe('failed');
    expect(errors).toEqual([['CodedError: flow "f" is a "run", which this server cannot drive', 'f']]);
  });

  it('doubles the rest from half a second to a minute', () => {
    expect([1, 2, 3, 8, 1000].map(retryDelayMs)).toEqual([500, 1000, 2000, 60_000, 60_000]);
  });
});
