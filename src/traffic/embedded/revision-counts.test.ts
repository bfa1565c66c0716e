import { expect, test } from 'vitest';
import { Ledger } from './ledger.ts';
import { RevisionCounts } from './revision-counts.ts';

test('errors are counted by request and by session', () => {
  const counts = new RevisionCounts();
  for (const session of [1, 1, 2]) counts.start(session);
  counts.finish(1, { kind: 'answered', status: 500, latencyMs: 5, timed: true });
  counts.finish(1, { kind: 'gateway-error', latencyMs: 5 });
  counts.finish(2, { kind: 'abandoned', waitedMs: null });
  const { latency, ...rest } = counts.toTraffic('r1', 100);
  expect(rest).toEqual({
    id: 'r1',
    weightPercent: 100,
    inFlight: 0,
    inFlightAt: {},
    requests: 3,
    errors: 2,
    gatewayErrors: 1,
    sessions: 2,
    sessionsWithError: 1,
    failures: [],
  });
  expect(latency.at(-1)?.count).toBe(2);
});

test('who leaves while they wait counts with that time, and not as an error', () => {
  const counts = new RevisionCounts();
  for (const waitedMs of [3_000, null]) {
    counts.start(1);
    counts.finish(1, { kind: 'abandoned', waitedMs });
  }
  const { latency, ...rest } = counts.toTraffic('r1', 100);
  expect(rest).toMatchObject({ requests: 2, errors: 0, sessionsWithError: 0 });
  expect(latency.at(-1)?.count).toBe(1);
  expect(latency.findLast(({ leMs }) => leMs !== null && leMs < 3_000)?.count).toBe(0);
});

test('sessions beyond the bound are still counted, though not remembered', () => {
  const counts = new RevisionCounts();
  for (let session = 0; session < 60_000; session++) {
    counts.start(session);
    counts.finish(session, { kind: 'abandoned', waitedMs: null });
  }
  expect(counts.toTraffic('r1', 0).sessions).toBe(60_000);
  expect(counts.snapshot().sessions).toHaveLength(10_000);
});

test('what is handed over and what is counted afterwards add up to the whole', () => {
  const [old, successor] = [new Ledger(), new Ledger()];
  old.of('s', 'r1').start(1);
  successor.add(old.handOver());
  old.of('s', 'r1').finish(1, { kind: 'answered', status: 503, latencyMs: 1, timed: true });
  expect(old.of('s', 'r1').toTraffic('r1', 0)).toMatchObject({ requests: 0, errors: 1 });
  successor.add(old.snapshot());
  expect(successor.of('s', 'r1').toTraffic('r1', 0)).toMatchObject({
    inFlight: 0,
    requests: 1,
    errors: 1,
    sessions: 1,
    sessionsWithError: 1,
  });
});

test('a revision that is neither routed nor in flight is forgotten', () => {
  const ledger = new Ledger();
  ledger.of('s', 'gone');
  ledger.of('s', 'busy').start(1);
  ledger.of('s', 'routed');
  ledger.forget('s', new Set(['routed']));
  expect(ledger.revisionsOf('s')).toEqual(['busy', 'routed']);
});

test('requests in flight are known by the copy that has them, over all processes that count so', () => {
  const counts = new RevisionCounts();
  const at = () => counts.toTraffic('r1', 100).inFlightAt;
  counts.start(1);
  counts.move(undefined, '127.0.0.1:1');
  counts.start(2);
  counts.move(undefined, '127.0.0.1:1');
  counts.move('127.0.0.1:1', '127.0.0.1:2');
  expect(at()).toEqual({ '127.0.0.1:1': 1, '127.0.0.1:2': 1 });
  const before = new RevisionCounts();
  before.start(3);
  before.move(undefined, '127.0.0.1:2');
  counts.add(before.snapshot(), true);
  counts.move('127.0.0.1:1', undefined);
  expect(at()).toEqual({ '127.0.0.1:2': 2 });
  const { inFlightAt: _, ...older } = before.snapshot();
  counts.add(older, true);
  expect(at()).toBeNull();
});
