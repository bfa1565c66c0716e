/** Something with a share; anything with weight 0 is never chosen. */
export interface Weighted {
  weightPercent: number;
}

/**
 * Smooth weighted round robin: exact shares over any hundred choices, spread evenly, without randomness.
 *
 * @see nginx, "Upstream: smooth weighted round-robin balancing" (commit 52327e0627f4)
 */
export class WeightedChoice<T extends Weighted> {
  readonly #items: { item: T; current: number }[];
  readonly #total: number;

  constructor(items: readonly T[]) {
    this.#items = items.filter((item) => item.weightPercent > 0).map((item) => ({ item, current: 0 }));
    this.#total = this.#items.reduce((sum, { item }) => sum + item.weightPercent, 0);
  }

  /** How many items have weight. */
  get size(): number {
    return this.#items.length;
  }

  /** The next item, or undefined when none has weight. */
  next(): T | undefined {
    if (this.#items.length === 1) return this.#items[0]?.item;
    let best: { item: T; current: number } | undefined;
    for (const entry of this.#items) {
      entry.current += entry.item.weightPercent;
      if (!best || entry.current > best.current) best = entry;
    }
    if (best) best.current -= this.#total;
    return best?.item;
  }
}
