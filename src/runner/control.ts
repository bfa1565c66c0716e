/** Why a step is ended early. */
export type AbortReason = 'cancelled' | 'timeout';

interface RunningStep {
  controller: AbortController;
  /** Whether the step goes on although the job is cancelled; its `if`, evaluated anew. */
  persists: () => boolean;
}

/** Passes the cancel of a job on to the step that runs. */
export class Control {
  /** Null until someone cancels; then why. */
  cancelled: 'asked' | 'timeout' | null = null;
  /** Called once, before the running step is judged by the new status. */
  onCancel: () => void = () => {};
  #running: RunningStep | null = null;

  /** Repeating it changes nothing. */
  cancel(why: 'asked' | 'timeout'): void {
    if (this.cancelled) return;
    this.cancelled = why;
    this.onCancel();
    if (this.#running && !this.#running.persists())
      this.#running.controller.abort('cancelled' satisfies AbortReason);
  }

  /** Runs work that a cancel or its own timeout may end. */
  async during<T>(
    options: { timeoutMs: number | null; persists: () => boolean },
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const controller = new AbortController();
    const timer =
      options.timeoutMs === null
        ? null
        : setTimeout(() => controller.abort('timeout' satisfies AbortReason), options.timeoutMs);
    this.#running = { controller, persists: options.persists };
    try {
      return await work(controller.signal);
    } finally {
      this.#running = null;
      if (timer) clearTimeout(timer);
    }
  }
}
