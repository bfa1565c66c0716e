/** What is known of a process's requests, as it is kept between agents. */
export interface NumbersSnapshot {
  highest: number;
  open: number[];
}

/**
 * Traefik numbers its requests as they begin and writes a line when one has ended: those without a line are under way,
 * or their line was lost.
 */
export class RequestNumbers {
  #highest: number;
  readonly #open: Set<number>;

  constructor({ highest, open }: NumbersSnapshot = { highest: 0, open: [] }) {
    this.#highest = highest;
    this.#open = new Set(open);
  }

  /** A request has ended. Told twice, it changes nothing. */
  end(number: number): void {
    for (let between = this.#highest + 1; between < number; between++) this.#open.add(between);
    this.#highest = Math.max(this.#highest, number);
    this.#open.delete(number);
  }

  /** How many of the first requests, up to this number, are under way. */
  openUpTo(number: number): number {
    let count = 0;
    for (const one of this.#open) if (one <= number) count++;
    return count;
  }

  get open(): ReadonlySet<number> {
    return this.#open;
  }

  get highest(): number {
    return this.#highest;
  }

  snapshot(): NumbersSnapshot {
    return { highest: this.#highest, open: [...this.#open] };
  }
}
