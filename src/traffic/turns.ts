/** Work that happens one after the other, in the order in which it was asked for; what fails holds up nothing behind it. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** @returns What the work returns, or its failure. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }

  /** Returns when all that was asked for until now is over. Never throws. */
  async over(): Promise<void> {
    await this.#last;
  }
}
