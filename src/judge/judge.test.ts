import { describe, expect, test } from 'vitest';
import { judgeLevels, type MetricDefinition } from '../app/index.ts';
import {
  addReading,
  judge,
  keepsBounds,
  provesHarm,
  type Seen,
  type SessionCounts,
  type Totals,
} from './index.ts';

const rules = judgeLevels.balanced;
const probing = { ...rules, probes: { perMinute: 30, requests: [] } };

function sessions(of: number, failed = 0, slow: number[] = []): SessionCounts {
  return { sessions: of, failed, slow };
}

function totals(requests: number, errors = 0, slow = 0): Totals {
  return { requests, errors, sessions: requests / 5, failedSessions: errors, slow };
}

function seen(wishes: Partial<Seen>): Seen {
  const nothing = totals(0);
  return {
    edgesMs: [],
    drawn: [],
    stretches: null,
    dealt: null,
    probed: null,
    candidate: nothing,
    stable: nothing,
    earlier: [],
    shares: 3,
    metrics: [],
    sessionsPerMinute: null,
    ...wishes,
  };
}

/** One in ten drew the candidate. */
function drawn(candidate: SessionCounts, stable: SessionCounts): Partial<Seen> {
  return {
    drawn: [{ chance: 0.1, candidate, stable }],
    candidate: { ...totals(0), requests: candidate.sessions * 5, sessions: candidate.sessions },
  };
}

describe('beside the stable revision', () => {
  test('more failed sessions than chance brings take a candidate back, in words', () => {
    const verdict = judge(rules, seen(drawn(sessions(310, 12), sessions(2_790, 3))));
    expect(verdict).toMatchObject({
      is: 'failed',
      reason:
        '12 of 310 sessions failed on the new revision, 3 of 2,790 on the old; odds against chance more than 1,000,000 : 1',
    });
  });

  test('as many as the stable revision has do not', () => {
    expect(judge(rules, seen(drawn(sessions(310, 31), sessions(2_790, 279)))).is).not.toBe('failed');
  });

  test('slow sessions count by the edge that says most', () => {
    const counts = drawn(sessions(310, 0, [200, 60, 2]), sessions(2_790, 0, [1_700, 90, 20]));
    expect(judge(rules, seen({ ...counts, edgesMs: [50, 250, 1_000] }))).toMatchObject({
      is: 'failed',
      reason: expect.stringMatching(
        /^60 of 310 sessions had to wait longer than 250 ms after the warm-up on the new revision, 90 of 2,790 on the old/,
      ) as string,
    });
  });

  test('without a warm-up, slowness is told as of all sessions', () => {
    const counts = drawn(sessions(310, 0, [60]), sessions(2_790, 0, [90]));
    expect(judge({ ...rules, warmUpMs: 0 }, seen({ ...counts, edgesMs: [250] }))).toMatchObject({
      reason: expect.stringMatching(
        /^60 of 310 sessions had to wait longer than 250 ms on the new/,
      ) as string,
    });
  });

  test('one that breaks only under half of the traffic is seen as well', () => {
    const early = { chance: 0.1, candidate: sessions(900, 0), stable: sessions(8_100, 40) };
    const late = { chance: 0.5, candidate: sessions(500, 30), stable: sessions(500, 2) };
    expect(judge(rules, seen({ drawn: [early, late], candidate: totals(7_000) })).is).toBe('failed');
  });

  test('sessions that are dealt out in turn are compared as two samples', () => {
    const dealt = {
      logE: 12,
      candidate: { sessions: 300, failed: 15 },
      stable: { sessions: 2_700, failed: 9 },
    };
    expect(judge(rules, seen({ dealt, candidate: totals(1_500) }))).toMatchObject({ is: 'failed' });
  });

  test("Slipway's own requests count where users send none, and are called so", () => {
    const probed = { chance: 0.5, candidate: sessions(31, 18), stable: sessions(30, 0) };
    expect(judge(probing, seen({ probed }))).toMatchObject({
      is: 'failed',
      reason: expect.stringMatching(
        /^18 of 31 of Slipway's own requests failed on the new revision, 0 of 30 on the old/,
      ) as string,
    });
  });

  test("that Slipway's own requests are slow is told where that says most", () => {
    const probed = { chance: 0.5, candidate: sessions(60, 0, [40]), stable: sessions(60, 0, [1]) };
    expect(judge(probing, seen({ probed, edgesMs: [250] }))).toMatchObject({
      is: 'failed',
      reason: expect.stringMatching(
        /^40 of 60 of Slipway's own requests had to wait longer than 250 ms after the warm-up on the new revision, 1 of 60 on the old/,
      ) as string,
    });
  });

  test("Slipway's own requests clear where no user came, and not the sessions of nobody", () => {
    const probed = { chance: 0.5, candidate: sessions(700, 0, [1]), stable: sessions(700, 0, [3]) };
    const verdict = judge(probing, seen({ probed, edgesMs: [250] }));
    expect(verdict.is).toBe('passed');
    expect(verdict.evidence.filter(({ says }) => says === 'good')).toMatchObject([
      { about: 'probes', text: expect.stringMatching(/^0 of 700 of Slipway's own requests failed/) },
    ]);
  });

  test("requests of Slipway's own are weighed from the first look on, so that nobody gains by their silence", () => {
    expect(judge(probing, seen({})).evidence.at(-1)).toMatchObject({
      about: 'probes',
      text: "none of Slipway's own requests was counted yet",
      odds: 1,
    });
  });

  test('a router without lots does not silence one that tells them', () => {
    const dealt = { logE: 0, candidate: { sessions: 9, failed: 0 }, stable: { sessions: 9, failed: 0 } };
    const counts = drawn(sessions(310, 0, [60]), sessions(2_790, 0, [90]));
    expect(judge(rules, seen({ ...counts, dealt, edgesMs: [250] })).is).toBe('failed');
    expect(judge(rules, seen({ ...drawn(sessions(310, 12), sessions(2_790, 3)), dealt })).is).toBe('failed');
  });

  test.each([
    [0.01, 2],
    [0.1, 4],
    [0.5, 10],
  ])('with a share of %d the first %d sessions are enough where all fail', (chance, enough) => {
    const all = (count: number) => [{ chance, candidate: sessions(count, count), stable: sessions(100) }];
    expect(provesHarm(rules, seen({ drawn: all(enough - 1) }))).toBe(false);
    expect(provesHarm(rules, seen({ drawn: all(enough) }))).toBe(true);
  });

  test("twelve of Slipway's own are", () => {
    const all = (count: number) => ({ chance: 0.5, candidate: sessions(count, count), stable: sessions(12) });
    expect(provesHarm(probing, seen({ probed: all(11) }))).toBe(false);
    expect(provesHarm(probing, seen({ probed: all(12) }))).toBe(true);
  });
});

describe('what was asked of it', () => {
  const asked = { ...rules, errorRate: 0.01, p95Ms: 200, minRequests: 50 };

  test('too many failures take it back though nothing is known of the old one', () => {
    expect(judge(asked, seen({ candidate: totals(500, 30), stable: null }))).toMatchObject({
      is: 'failed',
      reason: expect.stringMatching(/^6 % of its 500 requests failed, 1 % may/) as string,
    });
  });

  test('failures of one session count once', () => {
    const one = { requests: 500, errors: 30, sessions: 100, failedSessions: 1, slow: 0 };
    expect(judge(asked, seen({ candidate: one, stable: null })).is).not.toBe('failed');
  });

  test('too many slow requests do, too', () => {
    expect(
      judge(asked, seen({ candidate: totals(2_000, 0, 400), stable: totals(9_000, 0, 90) })),
    ).toMatchObject({
      is: 'failed',
      reason: expect.stringMatching(
        /^20 % of its 2,000 requests took longer than 200 ms, 5 % may; 1 % on the old revision/,
      ) as string,
    });
  });

  test('a broken stable revision does not block its mend', () => {
    expect(judge(asked, seen({ candidate: totals(500, 30), stable: totals(4_000, 900) })).is).not.toBe(
      'failed',
    );
  });

  test('a stable revision that is just past a bound does not silence it', () => {
    const stable = totals(10_000, 101);
    expect(judge(asked, seen({ candidate: totals(500, 300), stable })).is).toBe('failed');
    expect(judge(asked, seen({ candidate: totals(500, 8), stable })).is).not.toBe('failed');
  });

  test('what strikes both takes nobody back, however few requests the stable revision had', () => {
    const struck = (requests: number) =>
      seen({ candidate: totals(50, 50), stable: totals(requests, requests) });
    expect(judge(asked, struck(49)).is).not.toBe('failed');
    expect(judge(asked, struck(5_000)).is).not.toBe('failed');
  });

  test('errors of a session that had failed before count as one', () => {
    const one = { requests: 500, errors: 60, sessions: 100, failedSessions: 0, slow: 0 };
    expect(judge(asked, seen({ candidate: one, stable: null })).is).not.toBe('failed');
  });

  test('a bound that cannot be computed does not silence the others', () => {
    const counts = drawn(sessions(310, 12), sessions(2_790, 3));
    expect(judge({ ...rules, errorRate: 1 }, seen(counts)).is).toBe('failed');
  });

  test('what serves keeps a bound only when it is below it', () => {
    const kept = (errors: number) => keepsBounds(asked, totals(1_000, errors)).is;
    expect([kept(9), kept(10), kept(12), kept(60)]).toEqual(['kept', 'unknown', 'unknown', 'broken']);
    expect(keepsBounds(asked, totals(49)).is).toBe('unknown');
  });

  test('fewer requests than were asked for say nothing', () => {
    expect(judge(asked, seen({ candidate: totals(49, 49), stable: null })).is).toBe('inconclusive');
  });

  test('enough good requests are proof', () => {
    const fast = { ...asked, p95Ms: null };
    expect(judge(fast, seen({ candidate: totals(500), stable: totals(4_000) }))).toMatchObject({
      is: 'passed',
    });
  });
});

describe('while nothing is proven', () => {
  test('no data is neither passed nor failed', () => {
    expect(judge(rules, seen({}))).toMatchObject({
      is: 'inconclusive',
      reason: 'no request has reached it at this share yet',
    });
  });

  test('it says about how many more sessions and minutes are needed', () => {
    const counts = drawn(sessions(100), sessions(900));
    expect(judge(rules, seen({ ...counts, sessionsPerMinute: 20 }))).toMatchObject({
      is: 'inconclusive',
      reason: 'about 238 more sessions as good as those so far are needed, 12 minutes at the present traffic',
      needed: { sessions: 238 },
    });
  });

  test('one more session is one', () => {
    expect(judge(rules, seen(drawn(sessions(337), sessions(3_300))))).toMatchObject({
      reason: 'about one more session as good as those so far is needed',
    });
  });

  test('failures under an earlier share are not forgotten once all traffic is its own', () => {
    const early = drawn(sessions(300, 9), sessions(2_700, 27));
    expect(judge(rules, seen({ ...early, candidate: totals(2_500) })).is).toBe('inconclusive');
  });

  test('clean sessions are proof by themselves once they are enough', () => {
    expect(judge(rules, seen(drawn(sessions(369), sessions(3_300)))).is).toBe('passed');
  });

  test('on a site where many sessions fail, failing no more than the old one is proof', () => {
    expect(judge(rules, seen(drawn(sessions(1_000, 50), sessions(9_000, 450)))).is).toBe('passed');
  });
});

describe('metrics', () => {
  const memory: MetricDefinition = {
    name: 'memory',
    source: { kind: 'resource', of: 'memory' },
    below: null,
    above: null,
    times: 2,
    intervalMs: 10_000,
    failures: 3,
  };
  const asked = { ...rules, metrics: [memory] };
  const mib = 2 ** 20;
  const read = (candidates: (number | null)[], stable: number | null = 200 * mib) =>
    candidates.reduce<ReturnType<typeof addReading> | null>(
      (record, candidate) =>
        addReading(memory, record, {
          candidate,
          stable,
          trouble: candidate === null ? 'it was silent' : null,
        }),
      null,
    );
  const look = (record: ReturnType<typeof read>) =>
    judge(asked, seen({ ...drawn(sessions(400), sessions(3_600)), metrics: record ? [record] : [] }));

  test('readings in a row past a bound take the candidate back', () => {
    expect(look(read([500 * mib, 550 * mib, 612 * mib]))).toMatchObject({
      is: 'failed',
      reason:
        "memory was 612 MiB on the new revision, 200 MiB on the old; at most 2 times the old revision's is allowed (3 readings in a row)",
    });
  });

  test('the machine that a value comes from is named, where it is one of several', () => {
    const reading = { candidate: 612 * mib, stable: 200 * mib, trouble: null, machine: 'deploy@10.0.0.6' };
    const row = [1, 2, 3].reduce<ReturnType<typeof read>>((one) => addReading(memory, one, reading), null);
    expect(look(row)).toMatchObject({
      reason: expect.stringContaining('memory was 612 MiB on the new revision (deploy@10.0.0.6), 200 MiB'),
    });
  });

  test('one that is fine again begins the row anew', () => {
    expect(look(read([500 * mib, 550 * mib, 300 * mib, 500 * mib])).is).toBe('inconclusive');
  });

  test('a source that does not answer is neither passed nor failed', () => {
    expect(look(read([null]))).toMatchObject({ is: 'errored', reason: 'memory: it was silent' });
    expect(look(read([300 * mib, 300 * mib, null]))).toMatchObject({ is: 'errored' });
    expect(look(read([500 * mib], null))).toMatchObject({ is: 'errored' });
  });

  test('one that was not read yet keeps a proven candidate waiting', () => {
    expect(look(null)).toMatchObject({ is: 'inconclusive', reason: 'memory was not read yet' });
    expect(look(read([300 * mib, 310 * mib, 305 * mib])).is).toBe('passed');
  });

  test('nothing is a multiple of nothing, and what is not finite is no value', () => {
    expect(look(read([500 * mib, 500 * mib, 500 * mib], 0))).toMatchObject({
      is: 'errored',
      reason: "memory: the old revision's value is 0, of which nothing else is a multiple",
    });
    expect(look(read([0, 0, 0], 0)).is).toBe('passed');
    expect(look(read([Infinity]))).toMatchObject({ reason: 'memory: it gave no finite number' });
    expect(look(read([1], NaN))).toMatchObject({ reason: 'memory: it gave no finite number' });
  });

  test('a bound of its own is asked beside an old revision without a value', () => {
    const bounded = { ...memory, below: 400 * mib };
    expect(addReading(bounded, null, { candidate: 500 * mib, stable: 0, trouble: null }).past).toBe(1);
  });
});
