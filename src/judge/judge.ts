import type { JudgeDefinition } from '../app/index.ts';
import { comparisons, type Charge } from './comparison.ts';
import { logOfSum } from './logarithms.ts';
import { metricEvidence } from './metrics.ts';
import type { Evidence, Needed, Seen, Verdict } from './model.ts';
import { objectives } from './objectives.ts';
import { proveGood } from './proof.ts';
import { number, oddsText } from './words.ts';

/**
 * Decides what the numbers say of the candidate. It may be asked at any moment and as often as one likes: the chance that
 * a candidate as good as the stable revision ever fails by comparison is at most `falseAlarm`.
 *
 * Each kind of evidence is an e-value; their mean, by trusts that the settings alone fix, is one again. Metrics fail by
 * rows of readings past their bounds, beside it.
 *
 * @returns In this order: failed when anything proves harm; errored when a source that should tell did not; passed when
 * it is proven that there is none; inconclusive.
 * @see docs/judge.md for the derivation
 */
export function judge(rules: JudgeDefinition, seen: Seen): Verdict {
  const charges = chargesOf(rules, seen);
  const harm = isEnough(charges, rules);
  const { proven, needed } = proveGood(rules, seen);
  const metrics = metricEvidence(rules, seen.metrics);
  const evidence = [...charges.map((one) => said(one, { charges, harm, proven })), ...metrics];
  const worst = strongest(evidence);
  if (worst) return { is: 'failed', reason: told(worst), evidence };
  const silent = metrics.find(({ says }) => says === 'unknown');
  if (silent) return { is: 'errored', reason: silent.text, evidence };
  const open = metrics.find(({ says }) => says === 'open');
  if (proven && !open) return { is: 'passed', evidence };
  const reason = reasonFor(seen, { needed, open: proven ? (open ?? null) : null });
  return { is: 'inconclusive', reason, evidence, needed };
}

/** Whether the candidate would fail by what was counted, readings apart: the quick half of a verdict, for simulations. */
export function provesHarm(rules: JudgeDefinition, seen: Seen): boolean {
  return isEnough(chargesOf(rules, seen), rules);
}

/** What cannot be computed says nothing, and must not silence the others. */
function chargesOf(rules: JudgeDefinition, seen: Seen): Charge[] {
  return [...comparisons(rules, seen), ...objectives(rules, seen)].filter(({ logE }) => !Number.isNaN(logE));
}

function isEnough(charges: readonly Charge[], { falseAlarm }: JudgeDefinition): boolean {
  return combined(charges) >= -Math.log(falseAlarm);
}

/** The logarithm of the mean e-value. @see Vovk, Wang, arXiv:1912.06116 (means of e-values are e-values) */
function combined(charges: readonly Charge[]): number {
  const all = charges.reduce((sum, { trust }) => sum + trust, 0);
  return logOfSum(charges.map(({ trust, logE }) => [trust / all, logE]));
}

/** Where all together are enough, the clearest of them bears the blame. */
function said(
  { logE, evidence }: Charge,
  all: { charges: readonly Charge[]; harm: boolean; proven: boolean },
): Evidence {
  const clearest = Math.max(...all.charges.map((one) => one.logE));
  const guilty = all.harm && logE === clearest;
  const cleared = all.proven && !all.harm && evidence.about === clearing(all.charges);
  return { ...evidence, says: guilty ? 'harm' : cleared ? 'good' : 'open' };
}

/** What a proof rests on: the sessions of users, or Slipway's own requests where no user was drawn. */
function clearing(charges: readonly Charge[]): 'errors' | 'probes' {
  const wasSeen = (by: Evidence['about']) =>
    charges.some(({ evidence: { about, counts } }) => about === by && (counts?.candidate.of ?? 0) > 0);
  return wasSeen('probes') && !wasSeen('errors') ? 'probes' : 'errors';
}

function strongest(evidence: readonly Evidence[]): Evidence | undefined {
  return evidence
    .filter(({ says }) => says === 'harm')
    .toSorted((one, other) => (other.odds ?? Infinity) - (one.odds ?? Infinity))[0];
}

function told({ text, odds }: Evidence): string {
  return odds === null ? text : `${text}; odds against chance ${oddsText(odds)}`;
}

function reasonFor(
  { candidate, probed }: Seen,
  { needed, open }: { needed: Needed | null; open: Evidence | null },
): string {
  if (open) return open.text;
  if (candidate.requests === 0 && !probed) return 'no request has reached it at this share yet';
  if (!needed) return 'what was seen so far may yet turn out either way';
  const { sessions, minutes } = needed;
  const soon = minutes === null ? '' : `, ${durationText(minutes)} at the present traffic`;
  if (sessions === 1) return `about one more session as good as those so far is needed${soon}`;
  return `about ${number(sessions)} more sessions as good as those so far are needed${soon}`;
}

function durationText(minutes: number): string {
  if (minutes < 1.5) return 'a minute';
  if (minutes < 120) return `${Math.round(minutes)} minutes`;
  return minutes < 72 * 60 ? `${Math.round(minutes / 60)} hours` : `${Math.round(minutes / 1_440)} days`;
}
