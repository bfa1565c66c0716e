import type { Failure, LoadSettings, Report } from './report.ts';

/** Buckets of time grow by so many to each doubling: 4 % wide. */
const bucketsPerDoubling = 16;
const keptFailures = 100;

/** Counts what users see. */
export class Tally {
  readonly settings: LoadSettings;
  turn = { name: 'before the first', canary: false };
  readonly report: Report = {
    requests: 0,
    failed: 0,
    failures: [],
    answers: {},
    ownFailures: {},
    fresh: 0,
    kept: 0,
    chats: { open: 0, messagesSent: 0, messagesReceived: 0, closes: {} },
    downloads: { open: 0, done: 0, bytes: 0 },
    testersOnCanary: 0,
    latencyMs: { p50: 0, p99: 0, max: 0 },
  };
  readonly #times = new Map<number, number>();

  constructor(settings: LoadSettings) {
    this.settings = settings;
  }

  failed(failure: Omit<Failure, 'endedMs' | 'turn'>): void {
    this.report.failed += 1;
    if (this.report.failures.length >= keptFailures) return;
    this.report.failures.push({ ...failure, endedMs: Date.now(), turn: this.turn.name });
  }

  took(ms: number): void {
    const bucket = Math.round(Math.log2(Math.max(ms, 0.01)) * bucketsPerDoubling);
    this.#times.set(bucket, (this.#times.get(bucket) ?? 0) + 1);
    this.report.latencyMs.max = Math.max(this.report.latencyMs.max, Math.round(ms));
  }

  snapshot(): Report {
    Object.assign(this.report.latencyMs, { p50: this.#quantile(0.5), p99: this.#quantile(0.99) });
    return this.report;
  }

  #quantile(share: number): number {
    const buckets = [...this.#times].toSorted(([a], [b]) => a - b);
    const all = buckets.reduce((sum, [, count]) => sum + count, 0);
    let seen = 0;
    for (const [bucket, count] of buckets) {
      seen += count;
      if (seen >= all * share) return Number((2 ** (bucket / bucketsPerDoubling)).toPrecision(3));
    }
    return 0;
  }
}

/** One more of a name. */
export function addOne(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

/** An error with its code, which says more than its message. */
export function wordsOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return [code, message].filter((part) => part !== undefined).join(' ');
}
