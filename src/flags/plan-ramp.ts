import { unreachable } from '../diagnostics/index.ts';
import { advanceObserved, startObserved } from '../flow/index.ts';
import {
  judgeRamp,
  withReadings,
  withTroubles,
  type RampJudgement,
  type Trouble,
  type VariantReading,
} from './judge-ramp.ts';
import type { Flag } from './model.ts';
import type { EnvironmentTotals, Ramp, RampEnd, RampPhase } from './ramp.ts';
import { sameJson } from './same-json.ts';

/** What a look at the world shows. */
export interface RampSight {
  /** The flag as it stands; null when it is gone. */
  flag: Flag | null;
  /** Null when a router did not answer. */
  totals: EnvironmentTotals | null;
  /** The newest readings of those who have the variant beside those who do not, by metric. */
  metrics: Record<string, VariantReading>;
}

/** What was said to a ramp since the last look. */
export interface RampWords {
  abort: { by: string } | null;
  /** Everybody gets it now, whatever was seen. */
  promote: { by: string } | null;
  troubles: readonly Trouble[];
}

/** To be done to the flag, if it is still as it was seen: as the ramp has made it, or found it. */
export interface FlagOrder {
  to: Flag;
  reason: string;
}

/** What to become, and what to do first. Done twice is done once. */
export interface RampDecision {
  ramp: Ramp;
  order: FlagOrder | null;
  wakeInMs: number | null;
}

/** Looks are no further apart than this while a share is watched. */
const lookEveryMs = 1_000;
/** A look that is later counts as much: nothing was watched meanwhile. */
const longestStepMs = 5_000;

/**
 * Decides what a ramp does next. An order is planned from the phase alone and the phase moves on only when the flag is
 * seen to be so: a crash between the two repeats the order.
 */
export function planRamp(
  before: Ramp,
  given: { seen: RampSight; words: RampWords; nowMs: number },
): RampDecision {
  const { seen, words, nowMs } = given;
  if (before.phase.at === 'ended') return { ramp: before, order: null, wakeInMs: null };
  const counted = withReadings(withTroubles(before, words.troubles), seen.metrics);
  const judged = judgeRamp(counted, seen.totals);
  const ramp = turned({ ...counted, word: judged.word }, judged, words);
  // What was decided is written down before anything is done: a look after a crash may see less.
  if (ramp.phase !== before.phase) return { ramp, order: null, wakeInMs: 0 };
  if (!isOwn(ramp, seen.flag)) return ended(ramp, { end: 'overtaken', reason: whoElse(seen.flag), nowMs });
  return carriedOn(ramp, { seen, judged, nowMs });
}

/** What people and the judge want comes before anything else. */
function turned(ramp: Ramp, judged: RampJudgement, { abort, promote }: RampWords): Ramp {
  const { phase, shares } = ramp;
  if (phase.at === 'returning' || phase.at === 'ended') return ramp;
  if (abort) return { ...ramp, phase: { at: 'returning', end: 'aborted', reason: `aborted by ${abort.by}` } };
  if (judged.is === 'failed')
    return { ...ramp, phase: { at: 'returning', end: 'failed', reason: judged.word } };
  if (!promote) return ramp;
  const last = shares.length - 1;
  return { ...ramp, hurried: true, phase: phase.step < last ? { at: 'setting', step: last } : phase };
}

function carriedOn(
  ramp: Ramp,
  { seen, judged, nowMs }: { seen: RampSight; judged: RampJudgement; nowMs: number },
): RampDecision {
  const { phase, shares, before } = ramp;
  switch (phase.at) {
    case 'setting': {
      const to = shares[phase.step] ?? before;
      if (!sameJson(to, seen.flag)) return ordered(ramp, to, `step ${phase.step + 1} of ${shares.length}`);
      const timer = startObserved(nowMs);
      return {
        ramp: { ...ramp, phase: { at: 'holding', step: phase.step, timer } },
        order: null,
        wakeInMs: lookEveryMs,
      };
    }
    case 'holding':
      return held(ramp, phase, { judged, nowMs });
    case 'returning':
      if (!sameJson(before, seen.flag)) return ordered(ramp, before, phase.reason);
      return ended(ramp, { ...phase, nowMs });
    case 'ended':
      return { ramp, order: null, wakeInMs: null };
    default:
      return unreachable(phase);
  }
}

function held(
  ramp: Ramp,
  phase: RampPhase & { at: 'holding' },
  { judged, nowMs }: { judged: RampJudgement; nowMs: number },
): RampDecision {
  const timer = advanceObserved(phase.timer, nowMs, longestStepMs);
  const isOver =
    timer.elapsedMs >= ramp.holdMs &&
    (judged.is === 'passed' || (judged.is === 'inconclusive' && ramp.rules.undecided === 'go-on'));
  if (!isOver && !ramp.hurried)
    return { ramp: { ...ramp, phase: { ...phase, timer } }, order: null, wakeInMs: lookEveryMs };
  const next = phase.step + 1;
  if (next < ramp.shares.length)
    return { ramp: { ...ramp, phase: { at: 'setting', step: next } }, order: null, wakeInMs: 0 };
  const proof = judged.is === 'passed' ? 'proven to do no harm' : 'no harm was shown; unproven';
  return ended(ramp, { end: 'done', reason: proof, nowMs });
}

function ordered(ramp: Ramp, to: Flag, reason: string): RampDecision {
  return { ramp, order: { to, reason }, wakeInMs: 0 };
}

function ended(
  ramp: Ramp,
  { end, reason, nowMs }: { end: RampEnd; reason: string; nowMs: number },
): RampDecision {
  const phase: RampPhase = { at: 'ended', end, reason, atMs: nowMs };
  // Who met trouble is nobody's business any more.
  return { ramp: { ...ramp, phase, counted: [] }, order: null, wakeInMs: null };
}

/** Whether the flag is as this ramp found it or made it; else it is another's now. */
function isOwn(ramp: Ramp, flag: Flag | null): boolean {
  return flag !== null && possible(ramp).some((one) => sameJson(one, flag));
}

/** All that the flag may be by what this ramp has done. */
function possible({ phase, before, shares, hurried }: Ramp): Flag[] {
  const made = [before, ...shares];
  if (phase.at === 'holding') return made.slice(phase.step + 1, phase.step + 2);
  return phase.at === 'setting' && !hurried ? made.slice(phase.step, phase.step + 2) : made;
}

function whoElse(flag: Flag | null): string {
  return flag === null
    ? 'somebody has removed the flag'
    : 'somebody else has changed the flag, and it is left so';
}
