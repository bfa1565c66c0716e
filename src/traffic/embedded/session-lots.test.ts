import fc from 'fast-check';
import { expect, test } from 'vitest';
import { latencyEdgesMs } from './histogram.ts';
import type { Outcome } from './revision-counts.ts';
import { SessionLots, slowEdgesMs } from './session-lots.ts';

const lot = 'r7=90,r8=10';
const answered = (status: number, latencyMs = 0.1): Outcome => {
  return { kind: 'answered', status, latencyMs, timed: true };
};
const bad = answered(500);

/** Lots of two revisions with weight. */
function open(shares: Record<string, number> = { r7: 90, r8: 10 }): SessionLots {
  const lots = new SessionLots();
  weigh(lots, shares);
  return lots;
}

function weigh(lots: SessionLots, shares: Record<string, number>): void {
  lots.weigh(Object.entries(shares).map(([id, weightPercent]) => ({ id, weightPercent })));
}

function meets(lots: SessionLots, session: number, revision: string, outcome: Outcome): void {
  const followed = lots.find(session, revision);
  if (followed) lots.finish(followed, outcome);
}

/** `r8: 2 sessions, 1 failed` */
function told(lots: SessionLots): string[] {
  return lots
    .toLots()
    .flatMap(({ drawn }) =>
      Object.entries(drawn).map(
        ([id, { sessions, failed }]) => `${id}: ${sessions} sessions, ${failed} failed`,
      ),
    );
}

/** What comes out of a process as JSON and goes into another. */
function sent<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

test('edges are about four an octave, and edges of the fine histogram', () => {
  expect(slowEdgesMs.every((edgeMs) => latencyEdgesMs.includes(edgeMs))).toBe(true);
  expect([slowEdgesMs.length, ...slowEdgesMs.slice(0, 5), slowEdgesMs.at(-1)]).toEqual([
    64, 1, 1.25, 1.5, 1.75, 2, 57_344,
  ]);
});

test('a session counts when it draws, and once when it fails, however often', () => {
  const lots = open();
  const first = lots.drew(1, lot, 'r8');
  if (first) lots.finish(first, bad);
  meets(lots, 1, 'r8', bad);
  meets(lots, 1, 'r8', { kind: 'gateway-error', latencyMs: 5 });
  lots.drew(2, lot, 'r7');
  meets(lots, 2, 'r7', answered(200));
  expect(told(lots)).toEqual(['r7: 1 sessions, 0 failed', 'r8: 1 sessions, 1 failed']);
  expect(lots.toLots()[0]?.weights).toEqual({ r7: 90, r8: 10 });
});

test('a session is slow over each edge once; what has no time says nothing, and leaving says how long one waited', () => {
  const lots = open();
  lots.drew(1, lot, 'r8');
  const over = () =>
    lots
      .toLots()[0]
      ?.drawn['r8']?.slow.filter(({ count }) => count > 0)
      .map((one) => one.overMs);
  meets(lots, 1, 'r8', { kind: 'answered', status: 101, latencyMs: 90_000, timed: false });
  meets(lots, 1, 'r8', { kind: 'abandoned', waitedMs: null });
  meets(lots, 1, 'r8', answered(200, 0.9));
  expect(over()).toEqual([]);
  meets(lots, 1, 'r8', answered(200, 1.5));
  meets(lots, 1, 'r8', answered(200, 1.3));
  expect(over()).toEqual([1, 1.25, 1.5]);
  meets(lots, 1, 'r8', { kind: 'abandoned', waitedMs: 1.8 });
  expect(over()).toEqual([1, 1.25, 1.5, 1.75]);
  meets(lots, 1, 'r8', { kind: 'gateway-error', latencyMs: 2 });
  expect(over()).toEqual([1, 1.25, 1.5, 1.75, 2]);
  expect(
    lots
      .toLots()[0]
      ?.drawn['r8']?.slow.map(({ count }) => count)
      .every((count) => count <= 1),
  ).toBe(true);
});

test('a session that did not draw, or meets another revision than it drew, counts nothing', () => {
  const lots = open();
  meets(lots, 9, 'r7', bad);
  lots.drew(1, lot, 'r8');
  meets(lots, 1, 'r7', bad);
  expect(told(lots)).toEqual(['r7: 0 sessions, 0 failed', 'r8: 1 sessions, 0 failed']);
});

test('new weights begin a new lot, and sessions stay in theirs until they draw again', () => {
  const lots = open();
  lots.drew(1, lot, 'r8');
  weigh(lots, { r7: 50, r8: 50 });
  meets(lots, 1, 'r8', bad);
  lots.drew(2, 'r7=50,r8=50', 'r8');
  lots.drew(1, 'r7=50,r8=50', 'r7');
  meets(lots, 1, 'r7', bad);
  expect(told(lots)).toEqual([
    'r7: 0 sessions, 0 failed',
    'r8: 1 sessions, 1 failed',
    'r7: 1 sessions, 1 failed',
    'r8: 1 sessions, 0 failed',
  ]);
});

test('what the drawing request meets belongs to its own draw, though the session drew again meanwhile', () => {
  const lots = open();
  const first = lots.drew(1, lot, 'r7');
  lots.drew(1, lot, 'r8');
  if (first) lots.finish(first, bad);
  expect(told(lots)).toEqual(['r7: 1 sessions, 1 failed', 'r8: 1 sessions, 0 failed']);
});

test('once a revision of the lot has no weight nobody is followed, for good, and the counts stay', () => {
  const lots = open();
  const underWay = lots.drew(1, lot, 'r8');
  lots.drew(2, lot, 'r7');
  weigh(lots, { r7: 0, r8: 100 });
  if (underWay) lots.finish(underWay, bad);
  meets(lots, 1, 'r8', bad);
  expect(lots.drew(3, lot, 'r8')).toBeUndefined();
  weigh(lots, { r7: 90, r8: 10 });
  meets(lots, 1, 'r8', bad);
  meets(lots, 2, 'r7', bad);
  expect(told(lots)).toEqual(['r7: 1 sessions, 0 failed', 'r8: 1 sessions, 0 failed']);
  lots.drew(4, lot, 'r8');
  meets(lots, 4, 'r8', bad);
  expect(told(lots)).toEqual(['r7: 1 sessions, 0 failed', 'r8: 2 sessions, 1 failed']);
});

test('a lot goes with a revision that nobody knows any more, and what is no lot begins none', () => {
  const lots = open();
  lots.drew(1, lot, 'r8');
  lots.keep(new Set(['r7', 'r8']));
  expect(lots.toLots()).toHaveLength(1);
  lots.keep(new Set(['r7']));
  expect(lots.toLots()).toEqual([]);
  for (const text of ['', 'r7=100', 'r7=90,r9=10', '-']) expect(lots.drew(1, text, 'r7')).toBeUndefined();
  expect(lots.toLots()).toEqual([]);
});

test('the oldest of too many sessions and lots are forgotten, what sessions counted is not', () => {
  const lots = open();
  lots.drew(0, lot, 'r8');
  for (let session = 1; session <= 50_000; session++) lots.drew(session, lot, 'r7');
  meets(lots, 0, 'r8', bad);
  meets(lots, 1, 'r7', bad);
  expect(told(lots)).toEqual(['r7: 50000 sessions, 1 failed', 'r8: 1 sessions, 0 failed']);
  for (let share = 1; share <= 24; share++) lots.drew(7, `r7=${share},r8=${100 - share}`, 'r7');
  expect(lots.toLots().map(({ weights }) => weights['r7'])).toEqual(
    Array.from({ length: 24 }, (_, index) => index + 1),
  );
});

test('a successor goes on where a process let go, and adds what that one met later, each once', () => {
  const [old, successor] = [open(), open()];
  const [first, second] = [old.drew(1, lot, 'r8'), old.drew(2, lot, 'r7')];
  old.drew(3, lot, 'r7');
  successor.load(sent(old.handOver()));
  for (const followed of [first, second]) if (followed) old.finish(followed, answered(500, 1.2));
  meets(successor, 1, 'r8', answered(503, 1.7));
  meets(successor, 3, 'r7', bad);
  old.drew(4, lot, 'r8');
  meets(old, 4, 'r8', bad);
  successor.add(sent(old.news()));
  meets(successor, 4, 'r8', bad);
  expect(told(successor)).toEqual(['r7: 2 sessions, 2 failed', 'r8: 2 sessions, 2 failed']);
  expect(
    successor
      .toLots()[0]
      ?.drawn['r8']?.slow.slice(0, 4)
      .map(({ count }) => count),
  ).toEqual([1, 1, 1, 0]);
});

test('a process whose successor failed has lost nothing', () => {
  const lots = open();
  lots.drew(1, lot, 'r8');
  lots.handOver();
  meets(lots, 1, 'r8', bad);
  lots.takeBack();
  expect([told(lots), lots.news()]).toEqual([['r7: 0 sessions, 0 failed', 'r8: 1 sessions, 1 failed'], []]);
});

test('counts by other edges are not taken over', () => {
  const old = open();
  old.drew(1, lot, 'r8');
  const snapshot = sent(old.snapshot());
  for (const { drawn } of snapshot.lots) for (const tally of Object.values(drawn)) tally.slow = [0, 0];
  const successor = open();
  successor.load(snapshot);
  expect(successor.toLots()).toEqual([]);
});

const revision = fc.constantFrom('r7', 'r8');
const session = fc.integer({ min: 1, max: 4 });
const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.record({
    kind: fc.constant('answered' as const),
    status: fc.constantFrom(200, 404, 500),
    latencyMs: fc.double({ min: 0, max: 100_000, noNaN: true }),
    timed: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('gateway-error' as const), latencyMs: fc.nat(70_000) }),
  fc.record({ kind: fc.constant('abandoned' as const), waitedMs: fc.option(fc.nat(70_000)) }),
);
const step = fc.oneof(
  fc.record({ does: fc.constant('draw' as const), session, revision, first: fc.boolean() }),
  fc.record({ does: fc.constant('meet' as const), session, revision, outcome }),
  fc.record({ does: fc.constant('weigh' as const), shares: fc.record({ r7: fc.nat(1), r8: fc.nat(1) }) }),
  fc.constant({ does: 'hand over' as const }),
  fc.constant({ does: 'last counts' as const }),
);

test('counts never fall and never exceed sessions, whatever happens, over any handovers', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let lots = open();
      let before: SessionLots | undefined;
      let last = new Map<string, number>();
      for (const one of steps) {
        if (one.does === 'draw') lots.drew(one.session, one.first ? lot : 'r7=50,r8=50', one.revision);
        if (one.does === 'meet')
          for (const process of [lots, before])
            if (process) meets(process, one.session, one.revision, one.outcome);
        if (one.does === 'weigh')
          for (const process of [lots, before]) if (process) weigh(process, one.shares);
        if (one.does === 'hand over' && !before) {
          const successor = open();
          before = lots;
          successor.load(sent(lots.handOver()));
          lots = successor;
        }
        if (one.does === 'last counts' && before) {
          lots.add(sent(before.news()));
          before = undefined;
        }
        const now = numbersOf(lots);
        expect([...last].filter(([name, count]) => (now.get(name) ?? -1) < count)).toEqual([]);
        last = now;
      }
    }),
  );
});

/** Every number that is told, by name; none of them above its sessions. */
function numbersOf(lots: SessionLots): Map<string, number> {
  const all = lots.toLots().flatMap(({ weights, drawn }) =>
    Object.entries(drawn).flatMap(([id, { sessions, failed, slow }]) => {
      const counts: [string, number][] = [
        ['sessions', sessions],
        ['failed', failed],
        ...slow.map(({ overMs, count }): [string, number] => [`over ${overMs} ms`, count]),
      ];
      expect(counts.filter(([, count]) => count > sessions)).toEqual([]);
      return counts.map(([name, count]): [string, number] => [
        `${JSON.stringify(weights)} ${id} ${name}`,
        count,
      ]);
    }),
  );
  return new Map(all);
}
