/** Buckets a doubling: the width of a bucket is at most 1/16 of its value, so its middle errs by at most 3.1 %. */
const perOctave = 16;
/** Values are counted in 1/64 ms, which makes the first octave end at 0.25 ms. */
const unitsPerMs = 64;
/** Up to 2^22 units = 65.5 s; what is longer goes into the last, open bucket. */
const buckets = 17 * perOctave + 2 * perOctave;

/** Upper edges in ms, exclusive, the same in every router: counts of two looks can be subtracted edge by edge. */
export const latencyEdgesMs: readonly number[] = Array.from({ length: buckets }, (_, index) => {
  if (index < 2 * perOctave) return (index + 1) / unitsPerMs;
  const exponent = Math.floor(index / perOctave) - 1;
  return ((perOctave + (index % perOctave) + 1) * 2 ** exponent) / unitsPerMs;
});

/** Log-bucket histogram of latencies; an observation costs a few nanoseconds and no memory. */
export class LatencyHistogram {
  readonly #counts = new Float64Array(buckets + 1);

  observe(latencyMs: number): void {
    const index = bucketOf(latencyMs);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
  }

  /** Plain counts per bucket, the open one last. */
  toCounts(): number[] {
    return Array.from(this.#counts);
  }

  /** Adds the counts of another histogram; a list of another length is ignored, for it has other edges. */
  add(counts: readonly number[]): void {
    if (counts.length !== this.#counts.length) return;
    for (const [index, count] of counts.entries()) this.#counts[index] = (this.#counts[index] ?? 0) + count;
  }

  reset(): void {
    this.#counts.fill(0);
  }

  /** Cumulative counts at each edge, as the `Router` port reports them. */
  toCumulative(): { leMs: number | null; count: number }[] {
    let count = 0;
    return this.toCounts().map((here, index) => {
      count += here;
      return { leMs: latencyEdgesMs[index] ?? null, count };
    });
  }
}

function bucketOf(latencyMs: number): number {
  const units = Math.max(0, Math.floor(latencyMs * unitsPerMs));
  if (units < perOctave) return units;
  if (units >= 2 ** 22) return buckets;
  const exponent = 31 - Math.clz32(units);
  return (exponent - 4) * perOctave + (units >>> (exponent - 4));
}
