import { expect, it } from 'vitest';
import { newGate } from './begin.ts';
import { webCopies } from './copies.ts';
import { here } from './machines.ts';
import type { Observed } from './observed.ts';
import { countProbes } from './probes.ts';
import { aRequest } from './testing/builders.ts';

const revision = { ...aRequest(1, 'good').revision, id: 'r1' };
const { intervalMs } = revision.health;
const copies = webCopies(revision, 1);
const ill = { failed: 'HTTP 503' };

/** What a gate has counted after looks at its time, each with what a probe said. */
function counted(...looks: [atMs: number, probe: Observed['instances'][number]['probe']][]) {
  const gate = newGate(0);
  for (const [atMs, probe] of looks) {
    gate.deadline.elapsedMs = atMs;
    const seen = { id: 'r1-web-1', revision: 'r1', process: 'web', phase: 'running', host: '', port: 3000 };
    const more = { machine: here, restarts: 0, exitCode: null, drift: null, logTail: [], probe };
    countProbes(gate, copies, { instances: [{ ...seen, ...more }] } as unknown as Observed);
  }
  return { ready: gate.streaks['r1-web-1'], failed: gate.failures['r1-web-1'] };
}

it('probes count once an interval, however close together looks come', () => {
  expect(counted([0, 'ready'], [1, 'ready'], [intervalMs - 1, 'ready'])).toEqual({ ready: 1, failed: 0 });
  expect(counted([0, 'ready'], [intervalMs, 'ready'])).toEqual({ ready: 2, failed: 0 });
  expect(counted([0, ill], [1, ill], [2, ill])).toEqual({ ready: 0, failed: 1 });
});

it('one that is undecided is neither ready nor failed', () => {
  const undecided = { ...ill, undecided: true } as const;
  expect(counted([0, undecided], [intervalMs, undecided])).toEqual({ ready: 0, failed: 0 });
  expect(counted([0, 'ready'], [intervalMs, undecided])).toEqual({ ready: 0, failed: 0 });
});

it('a probe that says something else counts at once', () => {
  expect(counted([0, ill], [1, 'ready'])).toEqual({ ready: 1, failed: 0 });
  expect(counted([0, 'ready'], [intervalMs, 'ready'], [intervalMs + 1, ill])).toEqual({
    ready: 0,
    failed: 1,
  });
});

it('after the deadline began anew, the next probe counts', () => {
  expect(counted([5_000, 'ready'], [0, 'ready'])).toEqual({ ready: 2, failed: 0 });
});
