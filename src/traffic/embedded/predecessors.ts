import type { Routes } from '../../delivery/index.ts';
import { callControl } from './control-call.ts';
import type { LedgerSnapshot } from './ledger.ts';
import { log, messageOf } from './log.ts';

const askTimeoutMs = 2_000;

/** Processes before this one that still have open requests. Each sends its last counts and ends. */
export class Predecessors {
  readonly #paths: Set<string>;
  readonly #onLost: () => void;

  /** @param onLost - A predecessor is gone without its last counts. */
  constructor(paths: readonly string[], onLost: () => void) {
    this.#paths = new Set(paths);
    this.#onLost = onLost;
  }

  get paths(): string[] {
    return [...this.#paths];
  }

  /** A predecessor sent its last counts. */
  finished(path: string): void {
    this.#paths.delete(path);
  }

  /** Weights that fall to 0 bind them, too: their connections may carry one more request. */
  async apply(routes: Routes, fence: number): Promise<void> {
    await Promise.all(
      this.paths.map((path) => this.#ask(path, 'PUT', '/successor-routes', { routes, fence })),
    );
  }

  /** What they count since they handed over, by path. */
  async counts(): Promise<{ path: string; ledger: LedgerSnapshot }[]> {
    const answers = await Promise.all(
      this.paths.map(async (path) => ({
        path,
        ledger: await this.#ask<LedgerSnapshot>(path, 'GET', '/counts'),
      })),
    );
    // One that finished while we asked has sent the same counts for good.
    return answers.flatMap(({ path, ledger }) => (ledger && this.#paths.has(path) ? [{ path, ledger }] : []));
  }

  async #ask<T>(path: string, method: 'GET' | 'PUT', url: string, body?: unknown): Promise<T | undefined> {
    try {
      return await callControl<T>({ socketPath: path, method, path: url, body, timeoutMs: askTimeoutMs });
    } catch (error) {
      if (!this.#paths.has(path)) return undefined;
      log('warn', 'predecessor-silent', { path, message: messageOf(error) });
      this.#paths.delete(path);
      this.#onLost();
      return undefined;
    }
  }
}
