import { describe, expect, test } from 'vitest';
import type { MetricDefinition, MetricSource } from '../../app/index.ts';
import type { RouterState } from '../../delivery/index.ts';
import type { CopyUse, LineCount, Machine } from '../machines/model.ts';
import { gaugeOf } from './gauge-of.ts';

/** Machines in memory; what they say is changed between readings. */
class Place {
  nowMs = 0;
  uses: Record<string, CopyUse[]> = {};
  counts: Record<string, LineCount[]> = {};
  requests: Record<string, number> = {};
  losses = 0;
  asked: unknown[] = [];

  gauge(source: MetricSource) {
    const machines = { of: (name: string) => this.#machine(name) };
    const gauge = gaugeOf(
      { metric: { source } as MetricDefinition, release: '' },
      {
        scope: 'shop/production',
        machines,
        nowMs: () => this.nowMs,
        path: '',
        filesOf: () => Promise.resolve('/'),
      },
    );
    const copies = ['r8-web-1', 'r8-web-2', 'r8-web-1@deploy@b'];
    return (signal = new AbortController().signal) => gauge.read({ id: 'r8', copies }, signal);
  }

  #machine(name: string): Machine {
    const router: Partial<RouterState> = {
      epoch: name,
      losses: this.losses,
      revisions: [{ id: 'r8', requests: this.requests[name] ?? 0 }] as RouterState['revisions'],
    };
    return {
      name,
      use: (_: string, ids: string[]) =>
        Promise.resolve((this.uses[name] ?? []).filter(({ id }) => ids.includes(id))),
      countLines: (_: string, asked: unknown) => {
        this.asked.push(asked);
        return Promise.resolve(this.counts[name] ?? []);
      },
      router: { observe: () => Promise.resolve(router) },
    } as unknown as Machine;
  }
}

const use = (id: string, cpuMs: number, memoryBytes: number | null = 100, start = 'a'): CopyUse => ({
  id,
  start,
  cpuMs,
  memoryBytes,
});

describe('memory', () => {
  const source = { kind: 'resource', of: 'memory' } as const;

  test('is that of the largest copy, on whichever machine, which is named', async () => {
    const place = new Place();
    place.uses = {
      here: [use('r8-web-1', 1, 100), use('r8-web-2', 1, 120)],
      'deploy@b': [use('r8-web-1', 1, 300)],
    };
    expect(await place.gauge(source)()).toEqual({ value: 300, machine: 'deploy@b' });
    // As large on both: no machine is to blame.
    place.uses['deploy@b'] = [use('r8-web-1', 1, 120)];
    expect(await place.gauge(source)()).toEqual({ value: 120 });
  });

  test('of no copy, or of none that is counted, is not 0', async () => {
    const place = new Place();
    const read = place.gauge(source);
    expect(await read()).toEqual({ trouble: 'no copy of r8 runs: see why with slipway logs' });
    place.uses = { here: [use('r8-web-1', 1, null)] };
    expect(await read()).toEqual({
      trouble: 'the engine does not count the memory of r8: its kernel has no memory cgroup',
    });
  });
});

describe('processor time for each request', () => {
  const source = { kind: 'resource', of: 'cpu' } as const;
  const begun = async () => {
    const place = new Place();
    place.uses = { here: [use('r8-web-1', 1_000)], 'deploy@b': [use('r8-web-1', 500)] };
    place.requests = { here: 100, 'deploy@b': 100 };
    const read = place.gauge(source);
    expect(await read()).toBeNull();
    return { place, read };
  };

  test('is what all copies used since the last reading, by the requests of all their routers', async () => {
    const { place, read } = await begun();
    place.uses = { here: [use('r8-web-1', 1_300)], 'deploy@b': [use('r8-web-1', 600)] };
    place.requests = { here: 180, 'deploy@b': 120 };
    expect(await read()).toEqual({ value: 4 });
    expect(await read()).toEqual({
      trouble: 'no requests came to r8 since the last reading: send it some, by "probes"',
    });
  });

  test('is not told when a copy has started anew, nor when a router has lost counts', async () => {
    const { place, read } = await begun();
    place.uses['deploy@b'] = [use('r8-web-1', 10, 100, 'b')];
    place.requests = { here: 200, 'deploy@b': 200 };
    expect(await read()).toEqual({
      trouble: 'copies of r8 have started or ended since the last reading: the next one tells',
    });
    place.losses = 1;
    place.requests = { here: 300, 'deploy@b': 300 };
    expect(await read()).toEqual({
      trouble: 'a router has lost counts of requests since the last reading: the next one tells',
    });
  });
});

describe('lines of logs', () => {
  const source = { kind: 'log', pattern: 'ERROR' } as const;

  test('are counted a minute and copy, from where the last reading has ended', async () => {
    const place = new Place();
    const read = place.gauge(source);
    place.counts = { here: [{ id: 'r8-web-1', matches: 0, upTo: '10' }] };
    expect(await read()).toBeNull();
    place.nowMs = 30_000;
    place.counts = {
      here: [
        { id: 'r8-web-1', matches: 4, upTo: '20' },
        // Found only now: what it said as it started does not count.
        { id: 'r8-web-2', matches: 0, upTo: '90' },
      ],
    };
    expect(await read()).toEqual({ value: 8, machine: 'here' });
    place.nowMs = 90_000;
    place.counts = {
      here: [
        { id: 'r8-web-1', matches: 2, upTo: '30' },
        { id: 'r8-web-2', matches: 4, upTo: '95' },
      ],
    };
    expect(await read()).toEqual({ value: 3, machine: 'here' });
    expect(place.asked.filter((one) => JSON.stringify(one).includes('r8-web-2')).at(-1)).toEqual({
      pattern: 'ERROR',
      copies: [
        { id: 'r8-web-1', after: '20' },
        { id: 'r8-web-2', after: '90' },
      ],
    });
  });

  test('of a reading that was given up are counted again', async () => {
    const place = new Place();
    const read = place.gauge(source);
    place.counts = { here: [{ id: 'r8-web-1', matches: 0, upTo: '10' }] };
    await read();
    place.counts = { here: [{ id: 'r8-web-1', matches: 4, upTo: '20' }] };
    expect(await read(AbortSignal.abort())).toBeNull();
    await read();
    expect(place.asked.at(-2)).toEqual({
      pattern: 'ERROR',
      copies: [
        { id: 'r8-web-1', after: '10' },
        { id: 'r8-web-2', after: null },
      ],
    });
  });

  test('of no copy are not 0', async () =>
    expect(await new Place().gauge(source)()).toEqual({
      trouble: 'no copy of r8 runs: see why with slipway logs',
    }));
});
