import type { JudgeDefinition } from '../app/index.ts';
import {
  addToStretches,
  startStretches,
  type DrawnSessions,
  type Seen,
  type SessionCounts,
  type ShareTotals,
  type Totals,
} from '../judge/index.ts';
import type { Counts } from './trace.ts';

/** What the judge gets to see of a rollout, kept up to date in place. */
export interface Tally {
  seen: Seen & { drawn: DrawnSessions[]; earlier: ShareTotals[] };
  /** A share of traffic begins. @param weight - The candidate's, 0-1. */
  begin(weight: number): void;
  /** @param atMs - Since the candidate's first traffic. */
  add(counts: { candidate: Counts; stable: Counts }, atMs: number): void;
}

/**
 * Counts as the engine does: sessions that drew a lot by its chance for the whole rollout, totals since the present share
 * of traffic began; with all traffic on the candidate, nobody draws, and the stable revision's are those before.
 *
 * @param shares - How many shares of traffic the rollout has.
 * @param p95 - Index among the edges of the bound that the rules have; -1 without.
 */
export function startTally(
  { warmUpMs, stallMs }: Pick<JudgeDefinition, 'warmUpMs' | 'stallMs'>,
  edgesMs: readonly number[],
  { shares, p95 }: { shares: number; p95: number },
): Tally {
  const stretches = startStretches(stallMs);
  const seen: Tally['seen'] = {
    edgesMs,
    drawn: [],
    stretches,
    dealt: null,
    probed: null,
    candidate: noTotals(),
    stable: noTotals(),
    earlier: [],
    shares,
    metrics: [],
    sessionsPerMinute: null,
  };
  let lot: DrawnSessions | null = null;
  let begun = false;
  const nothing = (): SessionCounts => ({ sessions: 0, failed: 0, slow: edgesMs.map(() => 0) });
  return {
    seen,
    begin(weight) {
      lot = weight < 1 ? { chance: weight, candidate: nothing(), stable: nothing() } : null;
      if (lot) seen.drawn.push(lot);
      if (begun) seen.earlier.push({ candidate: seen.candidate, stable: seen.stable });
      begun = true;
      seen.candidate = noTotals();
      if (lot) seen.stable = noTotals();
    },
    add({ candidate, stable }, atMs) {
      addTotals(seen.candidate, candidate, p95);
      if (!lot) return;
      if (seen.stable) addTotals(seen.stable, stable, p95);
      const warm = atMs > warmUpMs;
      addSessions(lot.candidate, candidate, warm);
      addSessions(lot.stable, stable, warm);
      if (stretches && warm) {
        const came = { ...lot, candidate: sessionsOf(candidate), stable: sessionsOf(stable) };
        addToStretches(stretches, [came], atMs);
      }
    },
  };
}

function noTotals(): Totals {
  return { requests: 0, errors: 0, sessions: 0, failedSessions: 0, slow: 0 };
}

function addTotals(totals: Totals, counts: Counts, p95: number): void {
  totals.requests += counts.requests;
  totals.errors += counts.errors;
  totals.sessions += counts.sessions;
  totals.failedSessions += counts.failedSessions;
  if (p95 >= 0) totals.slow += counts.slowRequests[p95] ?? 0;
}

function sessionsOf({ sessions, failedSessions, slowSessions }: Counts): SessionCounts {
  return { sessions, failed: failedSessions, slow: slowSessions };
}

function addSessions(sum: SessionCounts, counts: Counts, warm: boolean): void {
  sum.sessions += counts.sessions;
  sum.failed += counts.failedSessions;
  if (!warm) return;
  for (let edge = 0; edge < sum.slow.length; edge++)
    sum.slow[edge] = (sum.slow[edge] ?? 0) + (counts.slowSessions[edge] ?? 0);
}
