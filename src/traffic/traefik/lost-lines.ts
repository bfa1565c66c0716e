/** A line may come later than its connection ends, by no more than this. */
const patienceMs = 2_000;

/**
 * Tells lines that the access log lacks from requests under way: of those each has a connection of its own, for HTTP/2 is
 * left out.
 */
export class LostLines {
  #suspects: { numbers: readonly number[]; sinceMs: number } | null = null;

  /**
   * @param open - Numbers of requests without a line.
   * @param clients - Connections of users at that moment.
   * @returns How many lines are missing for certain.
   */
  look(open: ReadonlySet<number>, clients: number, nowMs: number): number {
    if (open.size <= clients) {
      this.#suspects = null;
      return 0;
    }
    this.#suspects ??= { numbers: [...open], sinceMs: nowMs };
    const still = this.#suspects.numbers.filter((number) => open.has(number)).length;
    if (still <= clients) {
      this.#suspects = null;
      return 0;
    }
    return nowMs - this.#suspects.sinceMs > patienceMs ? still - clients : 0;
  }
}
