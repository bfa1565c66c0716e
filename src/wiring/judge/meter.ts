import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatDuration } from '../../app/index.ts';
import type { MetricReading, MetricWish } from '../../delivery/index.ts';
import { gaugeOf, type MetricPlace } from './gauge-of.ts';
import type { Gauge, Measured } from './gauge.ts';

/** One metric that is being read. */
interface Series {
  wish: MetricWish;
  gauge: Gauge;
  newest: MetricReading | null;
  end: AbortController;
}

/**
 * Reads the metrics of one environment in the background, each by itself, one reading at a time, and keeps the newest.
 * After a restart of the server it begins anew: its readings have ids that none before had.
 */
export class Meter {
  readonly #place: MetricPlace;
  readonly #gauge: typeof gaugeOf;
  /** By what is read, and for which rollout. */
  readonly #series = new Map<string, Series>();
  readonly #epoch = randomBytes(8).toString('hex');
  #readings = 0;

  /** @param gauge - For tests. */
  constructor(place: MetricPlace, gauge: typeof gaugeOf = gaugeOf) {
    this.#place = place;
    this.#gauge = gauge;
  }

  /** What is read from now on; what nobody wants any more is dropped with its readings. */
  want(wishes: readonly MetricWish[]): void {
    const wanted = new Map(wishes.map((wish) => [keyOf(wish), wish]));
    for (const [key, { end }] of this.#series) {
      if (wanted.has(key)) continue;
      end.abort();
      this.#series.delete(key);
    }
    for (const [key, wish] of wanted) {
      const known = this.#series.get(key);
      if (known) known.wish = wish;
      else this.#begin(key, wish);
    }
  }

  /** The newest readings by the metric's name. */
  readings(): Record<string, MetricReading> {
    return Object.fromEntries(
      [...this.#series.values()].flatMap(({ wish, newest }) => (newest ? [[wish.metric.name, newest]] : [])),
    );
  }

  #begin(key: string, wish: MetricWish): void {
    const gauge = this.#gauge(wish, this.#place);
    const series = { wish, gauge, newest: null, end: new AbortController() };
    this.#series.set(key, series);
    void this.#follow(series);
  }

  async #follow(series: Series): Promise<void> {
    const { signal } = series.end;
    while (!signal.aborted) {
      const begunMs = performance.now();
      const { candidate, stable } = await readingOf(series, signal);
      if (signal.aborted) return;
      if (candidate) series.newest = this.#reading(candidate, stable);
      const restMs = series.wish.metric.intervalMs - (performance.now() - begunMs);
      await sleep(Math.max(0, restMs), undefined, { signal, ref: false }).catch(() => {});
    }
  }

  #reading(candidate: Measured, stable: Measured | null): MetricReading {
    this.#readings += 1;
    const hasValue = 'value' in candidate;
    return {
      id: `${this.#epoch}-${this.#readings}`,
      candidate: hasValue ? candidate.value : null,
      stable: stable && 'value' in stable ? stable.value : null,
      trouble: hasValue ? null : candidate.trouble,
      ...(hasValue && candidate.machine !== undefined ? { machine: candidate.machine } : {}),
    };
  }
}

function keyOf({ rollout, metric }: MetricWish): string {
  return JSON.stringify([rollout, metric]);
}

async function readingOf({ wish, gauge }: Series, end: AbortSignal) {
  const compared = gauge.tellsApart ? wish.stable : null;
  const [candidate, stable] = await Promise.all([
    readWithin(gauge, wish.candidate, end),
    compared && readWithin(gauge, compared, end),
  ]);
  return { candidate, stable };
}

/** Gives up when time is over, whatever the source does then. Never throws. */
async function readWithin(
  gauge: Gauge,
  revision: MetricWish['candidate'],
  end: AbortSignal,
): Promise<Measured | null> {
  const late = new AbortController();
  const signal = AbortSignal.any([end, late.signal]);
  const timer = setTimeout(() => late.abort(), gauge.timeoutMs);
  const givenUp = new Promise<Measured>((resolve) => {
    const trouble = `its source has not answered within ${formatDuration(gauge.timeoutMs)}`;
    signal.addEventListener('abort', () => resolve({ trouble }));
  });
  const reading = gauge
    .read(revision, signal)
    .catch((error: unknown) => ({ trouble: error instanceof Error ? error.message : String(error) }));
  try {
    return await Promise.race([givenUp, reading]);
  } finally {
    clearTimeout(timer);
  }
}
