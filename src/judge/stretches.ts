import { addCounts } from './counts.ts';
import { logOfMean } from './logarithms.ts';
import type { DrawnSessions, SessionCounts, Stretches } from './model.ts';

/** Shares of what one has that are put on each stretch. */
const stakes = [0.15, 0.4, 0.9];
/** So many slow sessions of one stretch may still be by themselves. */
const few = 2;

/** @param lengthMs - See `JudgeDefinition.stallMs`; null for 0: each session counts by itself. */
export function startStretches(lengthMs: number): Stretches | null {
  return lengthMs > 0 ? { lengthMs, at: 0, open: nobodyYet(), wealth: [], slow: [] } : null;
}

/**
 * Adds what came, in place. It does not matter in which order stretches come.
 *
 * @param nowMs - When it had come, on a clock that only runs while somebody looks.
 */
export function addToStretches(stretches: Stretches, more: readonly DrawnSessions[], nowMs: number): void {
  const at = Math.ceil(nowMs / stretches.lengthMs);
  if (at !== stretches.at) {
    settle(stretches);
    stretches.at = at;
    stretches.open = nobodyYet();
  }
  const { open } = stretches;
  for (const lot of more) {
    countSlow(stretches, lot);
    open.candidate = addCounts(open.candidate, lot.candidate);
    open.stable = addCounts(open.stable, lot.stable);
  }
}

/**
 * Whether sessions of the candidate are slow in one stretch after the other.
 *
 * Each stretch that has sessions of both is bet on: that a larger share of the candidate's is slow. While neither is
 * slower the difference is nothing on average, so that no stake grows on average; the mean of all is an e-value.
 *
 * @returns Its natural logarithm.
 * @see Waudby-Smith, Ramdas, "Estimating means of bounded random variables by betting", arXiv:2010.09686
 */
export function betOnStretches({ wealth }: Stretches): number {
  return logOfMean(wealth.flat());
}

/** The same sessions, but no more than a few slow ones of the candidate in each stretch: all others were there with them. */
export function fewEachStretch({ slow }: Stretches, drawn: readonly DrawnSessions[]): DrawnSessions[] {
  return drawn.map((lot) => {
    const counted = slow.find(({ chance }) => chance === lot.chance)?.slow ?? [];
    return { ...lot, candidate: { ...lot.candidate, slow: counted } };
  });
}

function countSlow({ open, slow }: Stretches, { chance, candidate }: DrawnSessions): void {
  for (let edge = 0; edge < candidate.slow.length; edge++) {
    const before = open.candidate.slow[edge] ?? 0;
    const more = Math.min(few, before + (candidate.slow[edge] ?? 0)) - Math.min(few, before);
    if (more === 0) continue;
    let known = slow.find((one) => one.chance === chance);
    if (!known) slow.push((known = { chance, slow: candidate.slow.map(() => 0) }));
    known.slow[edge] = (known.slow[edge] ?? 0) + more;
  }
}

function settle({ open: { candidate, stable }, wealth }: Stretches): void {
  if (candidate.sessions === 0 || stable.sessions === 0) return;
  const edges = Math.max(candidate.slow.length, stable.slow.length);
  for (let edge = 0; edge < edges; edge++) {
    const slower = slowShare(candidate, edge) - slowShare(stable, edge);
    const before = (wealth[edge] ??= stakes.map(() => 0));
    stakes.forEach((stake, index) => (before[index] = (before[index] ?? 0) + Math.log1p(stake * slower)));
  }
}

/** A session may be slow a stretch later than it began. */
function slowShare({ sessions, slow }: SessionCounts, edge: number): number {
  return Math.min(1, (slow[edge] ?? 0) / sessions);
}

function nobodyYet(): Stretches['open'] {
  const nobody = () => ({ sessions: 0, failed: 0, slow: [] });
  return { candidate: nobody(), stable: nobody() };
}
