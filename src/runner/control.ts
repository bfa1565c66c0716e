/** Why a job is ended early; `broken` when it cannot even tell any more how it goes. */
export type CancelReason = 'asked' | 'timeout' | 'broken';

/** Why a step is ended early. */
export type AbortReason = 'cancelled' | 'timeout';

interface RunningStep {
  controller: AbortController;
  /** Whether the step goes on although the job is cancelled; its `if`, evaluated anew. */
  persists: () => boolean;
}

/** Passes the cancel of a job on to the steps that run. */
export class Control {
  /** Null until someone cancels; then why. */
  cancelled: CancelReason | null = null;
  /** Called once, before the running step is judged by the new status. */
  onCancel: () => void = () => {};
  /** In the order they began: a step that uses an action before the steps of that action. */
  readonly #running = new Set<RunningStep>();
  /** Of steps in the background. */
  readonly #forks = new Set<Control>();
  #release: () => void = () => {};
  #stopped = false;

  /** Repeating it changes nothing. */
  cancel(why: CancelReason): void {
    if (this.cancelled) return;
    this.cancelled = why;
    this.onCancel();
    for (const { controller, persists } of this.#running) {
      if (!persists()) controller.abort('cancelled' satisfies AbortReason);
    }
    for (const fork of this.#forks) fork.stop(why);
  }

  /** Ends what runs and what would still come, whatever its condition says. Repeating it changes nothing. */
  stop(why: CancelReason): void {
    this.#stopped = true;
    if (!this.cancelled) {
      this.cancelled = why;
      this.onCancel();
    }
    for (const { controller } of this.#running) controller.abort('cancelled' satisfies AbortReason);
    for (const fork of this.#forks) fork.stop(why);
  }

  /** The control of one step in the background: stopped by itself, or by the job's cancel, until it is released. */
  fork(): Control {
    const fork = new Control();
    this.#forks.add(fork);
    fork.#release = () => this.#forks.delete(fork);
    return fork;
  }

  /** The step has ended. */
  release(): void {
    this.#release();
  }

  /**
   * Runs work that a cancel or its own timeout may end. The timeout of the work that it is `within` ends it too; a
   * cancel does not by itself, since steps of an action may ask to run even then.
   */
  async during<T>(
    options: { timeoutMs: number | null; persists: () => boolean; within?: AbortSignal },
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const controller = new AbortController();
    const timer =
      options.timeoutMs === null
        ? null
        : setTimeout(() => controller.abort('timeout' satisfies AbortReason), options.timeoutMs);
    const { within } = options;
    const onOuter = () => {
      if (within?.reason === ('timeout' satisfies AbortReason)) controller.abort(within.reason);
    };
    within?.addEventListener('abort', onOuter);
    onOuter();
    if (this.#stopped) controller.abort('cancelled' satisfies AbortReason);
    const running = { controller, persists: options.persists };
    this.#running.add(running);
    try {
      return await work(controller.signal);
    } finally {
      this.#running.delete(running);
      within?.removeEventListener('abort', onOuter);
      if (timer) clearTimeout(timer);
    }
  }
}
