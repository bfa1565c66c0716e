/** What has not been looked at for so long is another server's by now. */
const forgottenAfterMs = 300_000;

interface Kept<T> {
  thing: T;
  timer: NodeJS.Timeout;
}

/** Keeps what goes on in the background for as long as somebody looks at it. */
export class LookedAt<T> {
  readonly #end: (thing: T) => void;
  readonly #kept = new Map<string, Kept<T>>();

  constructor(end: (thing: T) => void) {
    this.#end = end;
  }

  has(key: string): boolean {
    return this.#kept.has(key);
  }

  /** Begins it with the first look. */
  look(key: string, begin: () => T): T {
    const { thing, timer } = this.#kept.get(key) ?? this.#keep(key, begin());
    timer.refresh();
    return thing;
  }

  /** Ends it, if it is there. */
  forget(key: string): void {
    const kept = this.#kept.get(key);
    if (!kept) return;
    clearTimeout(kept.timer);
    this.#kept.delete(key);
    this.#end(kept.thing);
  }

  close(): void {
    for (const key of this.#kept.keys()) this.forget(key);
  }

  #keep(key: string, thing: T): Kept<T> {
    const kept = { thing, timer: setTimeout(() => this.forget(key), forgottenAfterMs).unref() };
    this.#kept.set(key, kept);
    return kept;
  }
}
