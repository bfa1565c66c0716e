import type { LoadTotals, PhaseTotals } from './load-totals.ts';
import type { Answer, Asked, Client } from './load-client.ts';

/** Failures that are told one by one. */
const toldFailures = 50;
/** Whole milliseconds up to here are counted apart, longer ones together. */
const histogramMs = 10_001;

/** Counts what the clients met. Times are milliseconds of a clock that never jumps. */
export interface Tally {
  add(what: {
    client: Client;
    asked: Asked;
    phase: string;
    startedMs: number;
    endedMs: number;
    answer: Answer;
  }): void;
  totals(nowMs: number): LoadTotals;
}

export function createTally(): Tally {
  const phases: Record<string, PhaseTotals> = {};
  const commits: Record<string, Set<string>> = {};
  const failures: LoadTotals['failures'] = [];
  const histogram = new Uint32Array(histogramMs + 1);
  let [longestGapMs, slowestMs, lastAnswerMs] = [0, 0, 0];

  return {
    add({ client, asked, phase, startedMs, endedMs, answer }) {
      const totals = (phases[phase] ??= { answered: 0, failed: 0, revisions: {}, failedBy: {} });
      const tookMs = endedMs - startedMs;
      slowestMs = Math.max(slowestMs, tookMs);
      const key = `${client.environment} ${answer.revision}`;
      if (answer.reason !== null) {
        totals.failed += 1;
        totals.failedBy[key] = (totals.failedBy[key] ?? 0) + 1;
        const request = `${asked.method} ${asked.path} on ${client.environment}, ${client.connection} connection`;
        if (failures.length < toldFailures)
          failures.push({ atMs: Date.now(), phase, request, by: key, reason: answer.reason });
        return;
      }
      totals.answered += 1;
      totals.revisions[key] = (totals.revisions[key] ?? 0) + 1;
      histogram[Math.min(histogramMs, Math.ceil(tookMs))]! += 1;
      if (lastAnswerMs > 0) longestGapMs = Math.max(longestGapMs, endedMs - lastAnswerMs);
      lastAnswerMs = endedMs;
      const commit = asked.path === '/version' ? commitIn(answer.body) : null;
      if (commit !== null) (commits[client.environment] ??= new Set()).add(commit);
    },
    totals(nowMs) {
      return {
        phases,
        commits: Object.fromEntries(Object.entries(commits).map(([name, seen]) => [name, [...seen]])),
        failures,
        longestGapMs: lastAnswerMs > 0 ? Math.max(longestGapMs, nowMs - lastAnswerMs) : 0,
        slowestMs,
        p50Ms: quantile(histogram, 0.5),
        p99Ms: quantile(histogram, 0.99),
      };
    },
  };
}

/** The whole millisecond within which this share of the answers came. */
export function quantile(histogram: Uint32Array, share: number): number {
  const wanted = share * histogram.reduce((sum, count) => sum + count, 0);
  let seen = 0;
  return histogram.findIndex((count) => (seen += count) >= wanted && seen > 0);
}

function commitIn(body: string): string {
  try {
    return String((JSON.parse(body) as { commit: unknown }).commit);
  } catch {
    return 'unreadable';
  }
}
