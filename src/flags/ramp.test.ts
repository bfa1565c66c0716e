import fc from 'fast-check';
import { expect, test } from 'vitest';
import { judgeLevels, type MetricDefinition } from '../app/index.ts';
import type { Flag, FlagDocument } from './model.ts';
import { planRamp, type RampDecision, type RampWords } from './plan-ramp.ts';
import { beginRamp, isGoing, type Ramp, type RampPhase } from './ramp.ts';
import { sameJson } from './same-json.ts';
import { setVariant } from './change.ts';

const cart: Flag = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' };
const documentOf = (flag: Flag): FlagDocument => ({ flags: { cart: flag } });
const wish = { id: 'ramp-1', flag: 'cart', variant: 'on', steps: [10, 50, 100], holdMs: 3_000, by: 'ana' };
const begun = (change: Partial<Ramp> = {}): Ramp => ({
  ...beginRamp(wish, {
    document: documentOf(cart),
    version: 7,
    rules: judgeLevels.balanced,
    release: 'sha256:1',
    baseline: null,
    nowMs: 0,
  }),
  ...change,
});
const silence: RampWords = { abort: null, promote: null, troubles: [] };
const trouble = (from: number, count: number, had: 'variant' | 'rest', percent = 10) =>
  Array.from({ length: count }, (_, index) => ({ user: `user-${from + index}`, percent, had }));
const endOf = ({ phase }: Ramp) => (phase.at === 'ended' ? `${phase.end}: ${phase.reason}` : phase.at);

/** Plays looks a second apart, in a world where every order is done. */
function play(ramp: Ramp, looks: number, wordsAt: (look: number) => Partial<RampWords> = () => ({})) {
  let now = ramp;
  let flag: Flag | null = cart;
  const shown: (Flag | null)[] = [flag];
  for (let look = 1; look <= looks && isGoing(now); look++) {
    const words = { ...silence, ...wordsAt(look) };
    const decision = planRamp(now, { seen: { flag, totals: null, metrics: {} }, words, nowMs: look * 1_000 });
    now = decision.ramp;
    if (decision.order) flag = decision.order.to;
    if (!sameJson(flag, shown.at(-1))) shown.push(flag);
  }
  return { ramp: now, flag, shown };
}

test('without trouble the share grows step by step, and at the end everybody has it', () => {
  const { ramp, flag, shown } = play(begun(), 60);
  expect(endOf(ramp)).toBe('done: no harm was shown; unproven');
  expect(shown.map((one) => JSON.stringify(one?.targeting?.['fractional'] ?? one?.defaultVariant))).toEqual([
    '"off"',
    '[["on",10],["off",90]]',
    '[["on",50],["off",50]]',
    '"on"',
  ]);
  expect(flag).toEqual(setVariant(documentOf(cart), { flag: 'cart', variant: 'on' }).flags['cart']);
});

test('each share is watched for its whole hold, and a pause of the server counts for five seconds at most', () => {
  const at = (timer: number): RampPhase => ({
    at: 'holding',
    step: 0,
    timer: { elapsedMs: timer, lastSeenMs: 0 },
  });
  const look = (ramp: Ramp, nowMs: number) =>
    planRamp(ramp, {
      seen: { flag: ramp.shares[0] ?? null, totals: null, metrics: {} },
      words: silence,
      nowMs,
    }).ramp.phase;
  expect(look(begun({ phase: at(1_000) }), 1_900)).toMatchObject({
    at: 'holding',
    timer: { elapsedMs: 2_900 },
  });
  expect(look(begun({ phase: at(1_000) }), 2_000)).toEqual({ at: 'setting', step: 1 });
  expect(look(begun({ phase: at(0), holdMs: 60_000 }), 3_600_000)).toMatchObject({
    timer: { elapsedMs: 5_000 },
  });
});

test('a variant that does harm goes back to what the flag was, with the odds in words', () => {
  const { ramp, flag } = play(begun(), 60, (look) =>
    look === 4 ? { troubles: [...trouble(0, 8, 'variant'), ...trouble(100, 4, 'rest')] } : {},
  );
  expect(endOf(ramp)).toMatch(
    /^failed: of 12 users who met trouble 8 had "on" of cart, which was shown to 10 %; odds against chance [\d,]+ : 1$/,
  );
  expect(flag).toEqual(cart);
});

test('trouble that strikes both alike takes nothing back, however much of it there is', () => {
  const both = [...trouble(0, 100, 'variant'), ...trouble(1_000, 900, 'rest')];
  const { ramp } = play(begun(), 60, (look) => (look === 4 ? { troubles: both } : {}));
  expect(endOf(ramp)).toMatch(/^done/);
});

test('a user counts once, whatever they meet, and where there is no lot nobody counts', () => {
  const again = trouble(0, 50, 'variant').map((one) => ({ ...one, user: 'ana' }));
  const { ramp } = play(begun(), 5, () => ({ troubles: [...again, ...trouble(9, 5, 'variant', 100)] }));
  expect(ramp.troubles).toEqual([{ percent: 10, variant: 1, rest: 0 }]);
});

test('an abort goes back from every step, and a promotion gives it to everybody at once', () => {
  for (const moment of [1, 2, 4, 7, 9]) {
    const aborted = play(begun(), 60, (look) => (look === moment ? { abort: { by: 'ben' } } : {}));
    expect([endOf(aborted.ramp), aborted.flag]).toEqual(['aborted: aborted by ben', cart]);
  }
  const hurried = play(begun(), 6, (look) => (look === 3 ? { promote: { by: 'ben' } } : {}));
  expect(endOf(hurried.ramp)).toMatch(/^done/);
  expect(hurried.shown).toHaveLength(3);
});

test('a flag that somebody else changes is left as they want it', () => {
  const other: Flag = { ...cart, state: 'DISABLED' };
  const phases: RampPhase[] = [
    { at: 'setting', step: 1 },
    { at: 'holding', step: 1, timer: { elapsedMs: 0, lastSeenMs: 0 } },
    { at: 'returning', end: 'failed', reason: 'it was bad' },
  ];
  for (const phase of phases)
    for (const flag of [other, null]) {
      const decision = planRamp(begun({ phase }), {
        seen: { flag, totals: null, metrics: {} },
        words: silence,
        nowMs: 1,
      });
      expect([decision.order, endOf(decision.ramp)]).toEqual([
        null,
        expect.stringMatching(/^overtaken: somebody/),
      ]);
    }
});

test('the error rate of the whole environment counts, and what was broken before blames nobody', () => {
  const totals = (requests: number, errors: number) => ({
    epoch: 'one',
    requests,
    errors,
    sessions: requests,
    failedSessions: errors,
    slow: 0,
  });
  const rules = { ...judgeLevels.balanced, errorRate: 0.01 };
  const look = (baseline: ReturnType<typeof totals>, now: ReturnType<typeof totals>) => {
    const ramp = begun({ rules, baseline });
    return planRamp(ramp, { seen: { flag: cart, totals: now, metrics: {} }, words: silence, nowMs: 1 }).ramp;
  };
  const bad = look(totals(10_000, 10), totals(12_000, 210));
  expect(bad.phase).toMatchObject({ at: 'returning', end: 'failed' });
  expect(bad.word).toMatch(/^since the ramp began 10 % of the environment's 2,000 requests failed, 1 % may/);
  expect(look(totals(10_000, 1_000), totals(12_000, 1_200)).phase.at).toBe('setting');
  expect(look(totals(10_000, 10), { ...totals(12_000, 210), epoch: 'two' }).phase.at).toBe('setting');
});

const slow: MetricDefinition = {
  name: 'slow-orders',
  source: { kind: 'command', command: 'bin/slow-orders $variant', timeoutMs: 5_000 },
  below: null,
  above: null,
  times: 1.5,
  intervalMs: 1_000,
  failures: 3,
};

/** Plays looks at metrics; each look has a reading of its own, unless it is told otherwise. */
function measured(values: ({ candidate: number | null; stable: number } | 'the same')[]): Ramp {
  let ramp = begun({ rules: { ...judgeLevels.balanced, metrics: [slow] } });
  let reading = { id: '0', candidate: 1 as number | null, stable: 1, trouble: null as string | null };
  const flagNow = () => (ramp.phase.at === 'holding' ? (ramp.shares[ramp.phase.step] ?? cart) : null);
  for (const [look, value] of values.entries()) {
    const trouble = value !== 'the same' && value.candidate === null ? 'nobody answers' : null;
    if (value !== 'the same') reading = { id: String(look), trouble, ...value };
    const { phase, shares } = ramp;
    const flag = flagNow() ?? (phase.at === 'setting' ? (shares[phase.step] ?? cart) : cart);
    const seen = { flag, totals: null, metrics: { [slow.name]: reading } };
    ramp = planRamp(ramp, { seen, words: silence, nowMs: look * 1_000 }).ramp;
  }
  return ramp;
}

test('a metric past its bound for so many readings in a row goes back, and a reading counts once', () => {
  const bad = { candidate: 30, stable: 10 };
  expect(measured([bad, bad, 'the same']).phase.at).toBe('holding');
  const back = measured([bad, bad, bad]);
  expect(back.phase).toMatchObject({ at: 'returning', end: 'failed' });
  expect(back.word).toBe(
    'slow-orders was 30 with "on", 10 without; at most 1.5 times as without is allowed (3 readings in a row)',
  );
});

test('a metric that does not answer is neither good nor bad: the share stays', () => {
  const silent = { candidate: null, stable: 10 };
  const ramp = measured(Array.from({ length: 20 }, () => silent));
  expect(ramp.phase).toMatchObject({ at: 'holding', step: 0 });
  expect(ramp.word).toBe('slow-orders: nobody answers');
  expect(endOf(measured(Array.from({ length: 40 }, () => ({ candidate: 10, stable: 10 }))))).toMatch(/^done/);
});

const words = fc.record({
  abort: fc.option(fc.constant({ by: 'ben' }), { freq: 30 }),
  promote: fc.option(fc.constant({ by: 'ben' }), { freq: 30 }),
  troubles: fc.oneof(
    { weight: 20, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.constant(trouble(0, 15, 'variant')) },
  ),
});
const move = fc.record({
  words,
  /** What a look leaves undone: the server dies after the order, before the order, or its commit is lost. */
  crash: fc.constantFrom('no', 'no', 'before the order', 'before the commit'),
  stranger: fc.oneof(
    { weight: 40, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  ),
  passesMs: fc.integer({ min: -500, max: 4_000 }),
});

test('whatever crashes: an end is as it says, no share is left out on the way up, and a stranger is never overwritten', () => {
  fc.assert(
    fc.property(fc.array(move, { maxLength: 80 }), (moves) => {
      const strangers: Flag = { ...cart, variants: { ...cart.variants, half: true } };
      let ramp = begun();
      let flag: Flag = cart;
      let nowMs = 0;
      const rank = (one: Flag) => ramp.shares.findIndex((share) => sameJson(share, one));
      const look = (said: RampWords): RampDecision =>
        planRamp(ramp, { seen: { flag, totals: null, metrics: {} }, words: said, nowMs });
      const done = (decision: RampDecision) => {
        const { order } = decision;
        if (!order) return;
        const [was, is] = [rank(flag), rank(order.to)];
        if (is >= 0 && !ramp.hurried && !decision.ramp.hurried) expect(is - was).toBeLessThanOrEqual(1);
        flag = order.to;
      };
      // Words stay until the commit of a look that heard them.
      let unheard = silence;
      for (const { words: said, crash, stranger, passesMs } of moves) {
        nowMs += passesMs;
        if (stranger && isGoing(ramp)) flag = strangers;
        unheard = {
          abort: unheard.abort ?? said.abort,
          promote: unheard.promote ?? said.promote,
          troubles: [...unheard.troubles, ...said.troubles],
        };
        const decision = look(unheard);
        if (crash === 'before the order') continue;
        done(decision);
        if (crash === 'before the commit') continue;
        ramp = decision.ramp;
        unheard = silence;
        if (sameJson(flag, strangers)) expect(decision.order).toBeNull();
      }
      for (let left = 80; left > 0 && isGoing(ramp); left--) {
        nowMs += 1_000;
        const decision = look(unheard);
        unheard = silence;
        done(decision);
        ramp = decision.ramp;
      }
      const { phase } = ramp;
      expect(phase.at).toBe('ended');
      if (phase.at !== 'ended') return;
      if (phase.end === 'done') expect(rank(flag)).toBe(ramp.shares.length - 1);
      if (phase.end === 'failed' || phase.end === 'aborted') expect(flag).toEqual(cart);
      if (phase.end === 'overtaken') expect(flag).toEqual(strangers);
    }),
    { numRuns: 2_000 },
  );
});
