import {
  addReading,
  judge,
  oddsText,
  type DrawnSessions,
  type Reading,
  type Seen,
  type Totals,
  type Verdict,
} from '../judge/index.ts';
import type { EnvironmentTotals, Ramp, StepTroubles } from './ramp.ts';

/** A user who met trouble: an error, or whatever the app calls so. */
export interface Trouble {
  /** Stands for the user, and tells nothing about them. */
  user: string;
  /** Share that the variant had when it happened. */
  percent: number;
  had: 'variant' | 'rest';
}

/** What the numbers say, in a sentence. */
export interface RampJudgement {
  is: Verdict['is'];
  word: string;
}

/** More is no news: so many users are enough for any odds. */
const mostCounted = 5_000;

/**
 * Adds users who met trouble, each once in the life of a ramp. Who is in the share is a lot that was drawn before: the
 * hash of flag and user. Whatever goes wrong for reasons of its own goes wrong for a user of the share with the chance of
 * the share.
 */
export function withTroubles(ramp: Ramp, troubles: readonly Trouble[]): Ramp {
  const counted = new Set(ramp.counted);
  const steps = new Map(ramp.troubles.map((step) => [step.percent, step]));
  for (const { user, percent, had } of troubles) {
    // Where everybody has it, or nobody, there is no lot.
    if (percent <= 0 || percent >= 100 || counted.has(user) || counted.size >= mostCounted) continue;
    counted.add(user);
    const known = steps.get(percent) ?? { percent, variant: 0, rest: 0 };
    steps.set(percent, { ...known, [had]: known[had] + 1 });
  }
  return { ...ramp, counted: [...counted], troubles: [...steps.values()] };
}

/** One reading of a metric; its id tells it from the one before. */
export interface VariantReading extends Reading {
  id: string;
}

/** Counts readings that are new. */
export function withReadings(ramp: Ramp, newest: Record<string, VariantReading>): Ramp {
  return ramp.rules.metrics.reduce((now: Ramp, definition) => {
    const reading = newest[definition.name];
    if (!reading || now.readings[definition.name] === reading.id) return now;
    const known = now.metrics.find(({ name }) => name === definition.name) ?? null;
    const others = now.metrics.filter((one) => one !== known);
    return {
      ...now,
      metrics: [...others, addReading(definition, known, reading)],
      readings: { ...now.readings, [definition.name]: reading.id },
    };
  }, ramp);
}

/** Asks the judge of rollouts about a variant. */
export function judgeRamp(ramp: Ramp, totals: EnvironmentTotals | null): RampJudgement {
  const { rules, troubles, baseline, shares } = ramp;
  const asked = { ...rules, p95Ms: null, probes: null };
  const during = rules.errorRate === null ? null : since(baseline, totals);
  const seen: Seen = {
    edgesMs: [],
    drawn: troubles.map(drawnBy),
    stretches: null,
    dealt: null,
    probed: null,
    candidate: during ?? nothing,
    stable: during && baseline ? baseline : null,
    earlier: [],
    shares: shares.length,
    metrics: ramp.metrics,
    sessionsPerMinute: null,
  };
  const verdict = judge(asked, seen);
  return { is: verdict.is, word: wordFor(verdict, ramp) };
}

const nothing: Totals = { requests: 0, errors: 0, sessions: 0, failedSessions: 0, slow: 0 };

/** Only those who met trouble are known; the comparison needs no others. */
function drawnBy({ percent, variant, rest }: StepTroubles): DrawnSessions {
  const failed = (count: number) => ({ sessions: count, failed: count, slow: [] });
  return { chance: percent / 100, candidate: failed(variant), stable: failed(rest) };
}

/** What the environment answered since the ramp began; null when nobody can tell, as after a restart of a router. */
function since(baseline: EnvironmentTotals | null, now: EnvironmentTotals | null): Totals | null {
  if (!baseline || !now || baseline.epoch !== now.epoch) return null;
  return {
    requests: now.requests - baseline.requests,
    errors: now.errors - baseline.errors,
    sessions: now.sessions - baseline.sessions,
    failedSessions: now.failedSessions - baseline.failedSessions,
    slow: 0,
  };
}

function wordFor(verdict: Verdict, { troubles, variant, flag }: Ramp): string {
  const guilty = verdict.evidence.find(({ says }) => says === 'harm');
  if (guilty?.about === 'error-rate') {
    const odds = guilty.odds === null ? '' : `; odds against chance ${oddsText(guilty.odds)}`;
    return `since the ramp began ${guilty.text.replaceAll('its ', "the environment's ").replace('on the old revision', 'before')}${odds}`;
  }
  const metric = verdict.evidence.find(
    ({ about, says }) => about === 'metric' && (says === 'harm' || says === 'unknown'),
  );
  if (metric && guilty?.about !== 'errors') return ofVariants(metric.text, variant);
  const had = troubles.reduce((sum, step) => sum + step.variant, 0);
  const all = troubles.reduce((sum, step) => sum + step.variant + step.rest, 0);
  if (all === 0) return 'nobody met trouble';
  const shares = troubles.map(({ percent }) => `${percent} %`).join(', ');
  const text = `of ${all} users who met trouble ${had} had "${variant}" of ${flag}, which was shown to ${shares}`;
  const odds = guilty?.odds ?? null;
  return odds === null ? text : `${text}; odds against chance ${oddsText(odds)}`;
}

function ofVariants(text: string, variant: string): string {
  return text
    .replaceAll('on the new revision', `with "${variant}"`)
    .replaceAll('on the old', 'without')
    .replaceAll("the old revision's", 'as without')
    .replaceAll('of the old revision', 'without it');
}
