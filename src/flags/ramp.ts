import type { JudgeDefinition } from '../app/index.ts';
import type { ObservedTimer } from '../flow/index.ts';
import type { MetricRecord, Totals } from '../judge/index.ts';
import { CodedError } from '../diagnostics/index.ts';
import { rampVariant, requireFlag, setVariant } from './change.ts';
import type { Flag, FlagDocument } from './model.ts';
import { sharesOf } from './words.ts';

/** Somebody wants a variant to reach more and more users, for as long as it does no harm. */
export interface RampWish {
  /** Chosen by the one who asks, so that asking twice is asking once. */
  id: string;
  flag: string;
  variant: string;
  /** Shares of users, one after the other, above 0 to 100. */
  steps: number[];
  /** How long each share is watched before the next. */
  holdMs: number;
  by: string;
}

/** A ramp with all that it needs until its end: what others change meanwhile changes nothing of it. */
export interface Ramp extends RampWish {
  /** What users get who are not in the share. */
  rest: string;
  /** The flag as it was, and is again after a way back. */
  before: Flag;
  /** Version of the flags in which it was so. */
  beforeVersion: number;
  /** The flag at each step. */
  shares: Flag[];
  rules: JudgeDefinition;
  /** Digest of the release that served when it began: commands that measure run in its files. Empty when none did. */
  release: string;
  troubles: StepTroubles[];
  metrics: MetricRecord[];
  /** The last reading that was counted, by metric. */
  readings: Record<string, string>;
  /** Users whose first trouble was counted: each has drawn once. */
  counted: string[];
  /** What the environment had answered when the ramp began; null when nobody could tell. */
  baseline: EnvironmentTotals | null;
  startedAtMs: number;
  /** Somebody wants everybody to have it, whatever is seen: no more holds. */
  hurried: boolean;
  phase: RampPhase;
  /** What the judge said at the last look, for people. */
  word: string;
}

/** What the environment answered, whichever variant: routers know no flags. */
export interface EnvironmentTotals extends Totals {
  /** Changes when counts start again from zero. */
  epoch: string;
}

/** Users who met trouble while the share was this large, by the variant that they had. */
export interface StepTroubles {
  percent: number;
  variant: number;
  rest: number;
}

/*
 *                   ┌───────────── the hold is over, and no harm was shown ──────────────┐
 *                   ▼                                                                    │
 *   (asked) ──► setting ──── the flag is so ────► holding ──── after the last step ──► ended: done
 *                │   │                             │   │
 *                │   └── harm, or abort ───────────┼───┴──► returning ── the flag is as before ──► ended: failed
 *                │                                 │            │                                   or aborted
 *                └── somebody else changed the flag ────────────┴─────────────────────► ended: overtaken
 */
/** Where a ramp stands. What it wants of the flag follows from it alone, so that a repeated look wants the same. */
export type RampPhase =
  | { at: 'setting'; step: number }
  | { at: 'holding'; step: number; timer: ObservedTimer }
  | { at: 'returning'; end: 'failed' | 'aborted'; reason: string }
  | { at: 'ended'; end: RampEnd; reason: string; atMs: number };

/** `overtaken`: somebody else changed the flag, which is left as they want it. */
export type RampEnd = 'done' | 'failed' | 'aborted' | 'overtaken';

/**
 * A ramp that begins now. The last share is everybody, those without a key, too.
 *
 * @throws CodedError `flags/…` as `rampVariant` does.
 */
export function beginRamp(
  wish: RampWish,
  begin: {
    document: FlagDocument;
    version: number;
    rules: JudgeDefinition;
    release: string;
    baseline: EnvironmentTotals | null;
    nowMs: number;
  },
): Ramp {
  const { document, version, rules, release, baseline, nowMs } = begin;
  const { flag, variant, steps } = wish;
  const rise = steps.every((percent, index) => percent > (steps[index - 1] ?? 0));
  if (!rise || steps.length === 0) {
    throw new CodedError(
      'flags/bad-steps',
      `the steps ${steps.map((one) => `${one} %`).join(', ')} do not rise`,
      {
        help: 'name shares from small to large: --steps 1%,10%,50%,100%',
      },
    );
  }
  const shares = steps.map((percent) => {
    const ramped = rampVariant(document, { flag, variant, percent });
    return requireFlag(percent === 100 ? setVariant(document, { flag, variant }) : ramped, flag);
  });
  const named = rampVariant(document, { flag, variant, percent: 50 });
  const [first, second] = sharesOf(requireFlag(named, flag).targeting ?? {}) ?? [];
  return {
    ...wish,
    variant: first?.variant ?? variant,
    rest: second?.variant ?? '',
    before: requireFlag(document, flag),
    beforeVersion: version,
    shares,
    rules,
    release,
    troubles: [],
    metrics: [],
    readings: {},
    counted: [],
    baseline,
    startedAtMs: nowMs,
    hurried: false,
    phase: { at: 'setting', step: 0 },
    word: 'nothing was seen yet',
  };
}

/** Whether a ramp still does something. */
export function isGoing(
  ramp: Ramp | null,
): ramp is Ramp & { phase: { at: Exclude<RampPhase['at'], 'ended'> } } {
  return ramp !== null && ramp.phase.at !== 'ended';
}
