import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { startObserved } from '../flow/index.ts';
import type { Rollout } from './environment.ts';
import { here } from './machines.ts';
import type { Observed } from './observed.ts';
import type { LotCounts, RouterState } from './ports.ts';
import { aCanary, aJudge, aRequest } from './testing/builders.ts';
import { verdictOn } from './verdicts.ts';
import { watchTraffic } from './watch-traffic.ts';

/** What came between two looks, of both. */
interface Window {
  candidate: LotCounts;
  stable: LotCounts;
}

/** What may happen to the router between two looks, without a word of what users met. */
type Mishap = 'restarts' | 'restarts and has lost' | 'loses lines' | 'is silent' | 'nothing';

const mishaps: Mishap[] = ['restarts', 'restarts and has lost', 'loses lines', 'is silent', 'nothing'];

/** Between two looks. */
const lookMs = 300;

/** A canary that holds at 10 %, and the one router that counts for it. */
class Watched {
  rollout: Rollout;
  private epoch = 1;
  private losses = 0;
  private counted: Window = { candidate: none(), stable: none() };
  private nowMs = 1_000;
  private readonly tellsLots: boolean;

  /** @param tellsLots - False of a router that deals sessions out in turn. */
  constructor({ tellsLots = true, stallMs = 0 } = {}) {
    this.tellsLots = tellsLots;
    this.rollout = holding(stallMs);
    this.look();
    // The times that tell slow sessions are chosen; what was slow before says nothing.
    this.look();
  }

  /** Time passes, then somebody looks. */
  look(afterMs = lookMs): void {
    this.pass(afterMs);
    watchTraffic('r1', this.rollout, this.observed(), this.nowMs);
  }

  count({ candidate, stable }: Window): void {
    const { counted } = this;
    this.counted = { candidate: sum(counted.candidate, candidate), stable: sum(counted.stable, stable) };
  }

  meets(mishap: Mishap): void {
    if (mishap === 'is silent') {
      this.pass(lookMs);
      watchTraffic('r1', this.rollout, { ...this.observed(), routers: { [here]: null } }, this.nowMs);
    }
    if (mishap === 'loses lines') this.losses += 1;
    if (!mishap.startsWith('restarts')) return;
    this.epoch += 1;
    this.losses = mishap === 'restarts' ? 0 : 1;
    this.counted = { candidate: none(), stable: none() };
  }

  get sums(): number[] {
    const { compared } = this.rollout;
    const { candidate, stable, drawn } = compared ?? { candidate: {}, stable: {}, drawn: [] };
    const all = [candidate, stable ?? {}, ...drawn.flatMap((one) => [one.candidate, one.stable])];
    return all.flatMap((counts) => Object.values(counts).flat() as number[]);
  }

  private pass(ms: number): void {
    this.nowMs += ms;
    const { compared } = this.rollout;
    if (compared) compared.since = { elapsedMs: compared.since.elapsedMs + ms, lastSeenMs: this.nowMs };
  }

  private observed(): Observed {
    const { candidate, stable } = this.counted;
    const router: RouterState = {
      epoch: `e${this.epoch}`,
      losses: this.losses,
      fence: 1,
      routes: null,
      unsure: false,
      revisions: [traffic('r1', 90, stable), traffic('r2', 10, candidate)],
      lots: this.tellsLots ? [{ weights: { r1: 90, r2: 10 }, drawn: { r1: stable, r2: candidate } }] : null,
    };
    return {
      instances: [],
      routers: { [here]: router },
      command: { state: 'none' },
      prepared: {},
      silent: [],
      taken: null,
      metrics: {},
      probed: null,
      flags: null,
    };
  }
}

function holding(stallMs: number): Rollout {
  const judge = aJudge({ warmUpMs: 0, stallMs });
  const { revision, settings } = aRequest(2, 'good', { settings: { judge } });
  return {
    id: 'ro-2',
    kind: 'deploy',
    candidate: { ...revision, id: 'r2' },
    standing: false,
    steps: [10, 50, 100].map((weightPercent) => ({
      ready: 1,
      weightPercent,
      taken: 0,
      hold: { kind: 'approval' },
    })),
    alone: false,
    settings: { ...settings, strategy: aCanary([10, 50, 100], { kind: 'approval' }) },
    requestedBy: 'ana',
    replyTo: null,
    tasks: [],
    taskIndex: 0,
    paused: null,
    hurried: false,
    underWay: startObserved(0),
    stableBefore: 'unknown',
    compared: null,
    phase: {
      at: 'stepping',
      index: 0,
      stage: 'holding',
      check: 0,
      gate: { streaks: {}, failures: {}, deadline: startObserved(0), lastFailure: null },
      timer: startObserved(0),
      approvedBy: null,
    },
  };
}

function none(): LotCounts {
  return { sessions: 0, failed: 0, slow: [100, 250, 1_000, 4_000].map((overMs) => ({ overMs, count: 0 })) };
}

function sum(one: LotCounts, other: LotCounts): LotCounts {
  return {
    sessions: one.sessions + other.sessions,
    failed: one.failed + other.failed,
    slow: one.slow.map(({ overMs, count }, index) => ({
      overMs,
      count: count + (other.slow[index]?.count ?? 0),
    })),
  };
}

function traffic(id: string, weightPercent: number, { sessions, failed }: LotCounts) {
  return {
    id,
    weightPercent,
    inFlight: 0,
    inFlightAt: null,
    failures: null,
    requests: sessions * 3,
    errors: failed,
    gatewayErrors: 0,
    sessions,
    sessionsWithError: failed,
    latency: [],
  };
}

/** As sums of the same numbers in another order may differ in the last digit. */
function rounded(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'number' ? Number(part.toPrecision(9)) : part,
  );
}

const counts = (most: number): fc.Arbitrary<LotCounts> =>
  fc
    .record({ sessions: fc.nat(most), bad: fc.nat(100), slow: fc.nat(100) })
    .map(({ sessions, bad, slow }) => ({
      sessions,
      failed: Math.floor((sessions * bad) / 500),
      slow: none().slow.map(({ overMs }, index) => ({
        overMs,
        count: Math.floor((sessions * slow) / (100 * (index + 1))),
      })),
    }));
const window: fc.Arbitrary<Window> = fc.record({ candidate: counts(40), stable: counts(360) });
const windows = fc.array(window, { maxLength: 12 });

/** @param stallMs - As long as the time between looks: what each look brings is a stretch. */
function watched(all: readonly Window[], stallMs = 0): Watched {
  const one = new Watched({ stallMs });
  for (const each of all) {
    one.count(each);
    one.look();
  }
  // The last stretch is over.
  one.look();
  return one;
}

describe('what the judge rests on', () => {
  test.each([0, lookMs])(
    'does not depend on the order of the same windows, with stalls of %i ms',
    (stallMs) => {
      const shuffled = windows.chain((all) =>
        fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
      );
      fc.assert(
        fc.property(shuffled, ([all, other]) => {
          const [one, two] = [
            verdictOn(watched(all, stallMs).rollout),
            verdictOn(watched(other, stallMs).rollout),
          ];
          const told = stallMs > 0 ? rounded : JSON.stringify;
          expect(told(two)).toBe(told(one));
        }),
      );
    },
  );

  test('does not depend on how the same counts were cut into looks, nor on the time between them, where each session counts by itself', () => {
    fc.assert(
      fc.property(windows, fc.nat(5), (all, idle) => {
        const often = watched(all);
        const once = new Watched();
        for (const each of all) once.count(each);
        for (let looks = 0; looks <= idle; looks++) once.look();
        expect(verdictOn(once.rollout)?.evidence).toEqual(verdictOn(often.rollout)?.evidence);
      }),
    );
  });

  test('does not depend on how the counts of a stretch were cut into looks', () => {
    fc.assert(
      fc.property(windows, (all) => {
        const often = new Watched({ stallMs: lookMs });
        const seldom = new Watched({ stallMs: lookMs });
        for (const each of all) {
          for (const part of [
            { ...each, stable: none() },
            { ...each, candidate: none() },
          ]) {
            often.count(part);
            often.look(lookMs / 2);
          }
          seldom.count(each);
          seldom.look();
        }
        expect(verdictOn(often.rollout)?.evidence).toEqual(verdictOn(seldom.rollout)?.evidence);
      }),
    );
  });

  test.each([0, lookMs])(
    'is as it was after whatever happens to a router, with stalls of %i ms',
    (stallMs) => {
      fc.assert(
        fc.property(windows, fc.array(fc.constantFrom(...mishaps), { maxLength: 6 }), (all, met) => {
          const one = watched(all, stallMs);
          const before = JSON.stringify(verdictOn(one.rollout));
          for (const mishap of met) {
            one.meets(mishap);
            one.look();
          }
          expect(JSON.stringify(verdictOn(one.rollout))).toBe(before);
        }),
      );
    },
  );

  test('never has more than users have met, whatever is lost on the way', () => {
    const steps = fc.array(fc.tuple(window, fc.constantFrom(...mishaps)), { maxLength: 12 });
    fc.assert(
      fc.property(steps, (all) => {
        const whole = watched(all.map(([each]) => each));
        const disturbed = new Watched();
        for (const [each, mishap] of all) {
          disturbed.meets(mishap);
          disturbed.count(each);
          disturbed.look();
        }
        for (const [index, count] of disturbed.sums.entries())
          expect(count).toBeLessThanOrEqual(whole.sums[index] ?? 0);
      }),
    );
  });

  test('survives a crash after every look: what was committed goes on', () => {
    fc.assert(
      fc.property(windows, (all) => {
        const steady = watched(all, lookMs);
        const shaky = new Watched({ stallMs: lookMs });
        for (const each of all) {
          shaky.count(each);
          const committed = structuredClone(shaky.rollout);
          shaky.look();
          // The look was not committed: the next server looks anew, from what was.
          shaky.rollout = committed;
          shaky.look();
        }
        shaky.look();
        const known = ({ rollout: { compared } }: Watched) => [compared?.drawn, compared?.stretches];
        expect(known(shaky)).toEqual(known(steady));
      }),
    );
  });
});

test('what both have shown under a share of traffic is kept when the next one begins', () => {
  const one = watched([
    { candidate: { ...none(), sessions: 10, failed: 1 }, stable: { ...none(), sessions: 90 } },
  ]);
  const { phase } = one.rollout;
  if (phase.at === 'stepping') one.rollout.phase = { ...phase, index: 1 };
  one.look();
  one.count({ candidate: { ...none(), sessions: 50 }, stable: { ...none(), sessions: 50, failed: 2 } });
  one.look();
  expect(one.rollout.compared).toMatchObject({
    earlier: [{ candidate: { requests: 30, errors: 1 }, stable: { requests: 270, errors: 0 } }],
    candidate: { requests: 150, errors: 0 },
    stable: { requests: 150, errors: 2 },
  });
});

test('two samples wait until both have sessions, so that a quiet site is compared as well', () => {
  const one = new Watched({ tellsLots: false });
  const failing = { ...none(), sessions: 1, failed: 1 };
  for (let minute = 0; minute < 5; minute++) {
    one.count({ candidate: none(), stable: { ...none(), sessions: 9 } });
    one.look();
    one.count({ candidate: failing, stable: none() });
    one.look();
  }
  expect(one.rollout.compared?.drawn).toEqual([]);
  expect(verdictOn(one.rollout)).toMatchObject({
    is: 'failed',
    reason: expect.stringMatching(
      /^5 of 5 sessions failed on the new revision, 0 of 45 on the old/,
    ) as string,
  });
});
