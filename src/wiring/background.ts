/** How a piece of background work stands. */
export type Work<T> = { state: 'going' } | { state: 'done'; value: T } | { state: 'failed'; error: unknown };

/**
 * Work that takes longer than a tick may hold its lease: started once for a key, looked at by later ticks. It is
 * remembered in this process alone, so after a crash it is started again and must be harmless to repeat.
 */
export class Background {
  private readonly works = new Map<string, Work<unknown>>();

  /** Starts the work unless it was started, and tells how it stands. A result stays until `forget`. */
  ensure<T>(key: string, start: () => Promise<T>): Work<T> {
    const known = this.works.get(key);
    if (known) return known as Work<T>;
    this.works.set(key, { state: 'going' });
    start().then(
      (value) => this.works.set(key, { state: 'done', value }),
      (error: unknown) => this.works.set(key, { state: 'failed', error }),
    );
    return { state: 'going' };
  }

  /** How the work stands; undefined for one that was not started. */
  look(key: string): Work<unknown> | undefined {
    return this.works.get(key);
  }

  forget(key: string): void {
    this.works.delete(key);
  }
}
