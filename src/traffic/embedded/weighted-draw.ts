/** Something with a share; anything with weight 0 is never drawn. */
interface Weighted {
  weightPercent: number;
}

/**
 * Draws by lot: each draw is independent of all before, which is what the judge's evidence rests on. Shares are kept
 * on average only.
 */
export class WeightedDraw<T extends Weighted> {
  readonly #items: readonly T[];
  readonly #total: number;
  readonly #random: () => number;

  /** @param random - Evenly distributed, from 0 up to but not including 1. */
  constructor(items: readonly T[], random: () => number) {
    this.#items = items.filter((item) => item.weightPercent > 0);
    this.#total = this.#items.reduce((sum, item) => sum + item.weightPercent, 0);
    this.#random = random;
  }

  /** How many items have weight. */
  get size(): number {
    return this.#items.length;
  }

  /** An item, or undefined when none has weight. Where there is but one, nothing is drawn. */
  next(): T | undefined {
    if (this.#items.length < 2) return this.#items[0];
    let left = this.#random() * this.#total;
    // What rounding leaves over belongs to the last.
    return this.#items.find((item) => (left -= item.weightPercent) < 0) ?? this.#items.at(-1);
  }
}
