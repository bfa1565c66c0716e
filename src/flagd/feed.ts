import type { FlagSnapshot } from '../flags/index.ts';

/** The flags as they stand, and whoever waits for the next ones. */
export class Feed {
  #now: FlagSnapshot;
  readonly #woken = new Set<() => void>();

  constructor(now: FlagSnapshot) {
    this.#now = now;
  }

  /** One whole version: an answer takes it once. */
  get now(): FlagSnapshot {
    return this.#now;
  }

  publish(next: FlagSnapshot): void {
    this.#now = next;
    for (const wake of this.#woken) wake();
  }

  /**
   * The version that stands, then each newer one; those that were overtaken before they were taken are left out. Null
   * when nothing came for `idleMs`. Ends when the signal does.
   */
  async *versions(signal: AbortSignal, idleMs: number): AsyncGenerator<FlagSnapshot | null> {
    let sent: FlagSnapshot | null = null;
    while (!signal.aborted) {
      const next = this.#now;
      if (next !== sent) {
        sent = next;
        yield next;
      } else if (!(await this.#change(signal, idleMs)) && !signal.aborted) yield null;
    }
  }

  #change(signal: AbortSignal, idleMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (changed: boolean) => {
        clearTimeout(timer);
        this.#woken.delete(wake);
        signal.removeEventListener('abort', abort);
        resolve(changed);
      };
      // Answers of the version before that are on their way leave first: a client keeps what it hears last.
      const wake = () => void setImmediate(end, true);
      const abort = () => end(false);
      const timer = setTimeout(end, idleMs, false);
      this.#woken.add(wake);
      signal.addEventListener('abort', abort);
    });
  }
}
