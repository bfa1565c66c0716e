/** Tells whoever waits in this process that something was written; other servers' writes are found by looking. */
export class Changes {
  #token = 0;
  readonly #callbacks = new Set<(token: number) => void>();
  readonly #waiting = new Set<() => void>();

  /** Grows with every local commit. */
  get token(): number {
    return this.#token;
  }

  /** To be called after each commit. */
  announce(): void {
    this.#token += 1;
    for (const callback of this.#callbacks) callback(this.#token);
    this.end();
  }

  /** Lets everybody go who waits, as at the end of the store. */
  end(): void {
    for (const finish of this.#waiting) finish();
  }

  /** @returns How to stop listening. */
  onChange(callback: (token: number) => void): () => void {
    this.#callbacks.add(callback);
    return () => void this.#callbacks.delete(callback);
  }

  /** Resolves with the newest token: at once when it is past `afterToken`, at the next commit, or after the time. */
  waitForChange(afterToken: number, timeoutMs: number): Promise<number> {
    if (this.#token > afterToken) return Promise.resolve(this.#token);
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        this.#waiting.delete(finish);
        resolve(this.#token);
      };
      const timer = setTimeout(finish, timeoutMs);
      this.#waiting.add(finish);
    });
  }
}
