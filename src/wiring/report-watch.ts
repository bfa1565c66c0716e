import { watch, type FSWatcher } from 'node:fs';
import { setTimeout as later } from 'node:timers';

/** Several changes of one report come together. */
const gatherMs = 15;

/**
 * Tells when a job's worker has rewritten its report, so that its run is looked at then and not on a beat. Only a hint:
 * where the system cannot watch a folder, the run is looked at once a second all the same.
 */
export class ReportWatch {
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #tell: (runId: string) => void;

  constructor(tell: (runId: string) => void) {
    this.#tell = tell;
  }

  /** Watches a job's folder from now on; again is no more than once. */
  add(runId: string, directory: string): void {
    if (this.#watchers.has(directory)) return;
    let told = false;
    try {
      const watcher = watch(directory, { persistent: false }, (_event, name) => {
        if (told || name?.startsWith('report.json') !== true) return;
        told = true;
        later(() => {
          told = false;
          if (this.#watchers.has(directory)) this.#tell(runId);
        }, gatherMs);
      });
      watcher.on('error', () => this.remove(directory));
      this.#watchers.set(directory, watcher);
    } catch {
      // No more watches on this machine, or no folder yet: the next look tries again.
    }
  }

  remove(directory: string): void {
    this.#watchers.get(directory)?.close();
    this.#watchers.delete(directory);
  }

  close(): void {
    for (const directory of this.#watchers.keys()) this.remove(directory);
  }
}
