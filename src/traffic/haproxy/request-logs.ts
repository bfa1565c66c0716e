import { CodedError } from '../../diagnostics/index.ts';
import { ask } from './commands.ts';
import type { LogLine } from './log-line.ts';
import { LogStream, type Reading } from './log-stream.ts';
import type { HaproxyPaths } from './paths.ts';

/** Less than whoever asks the agent waits for its answer. */
const settleTimeoutMs = 7_000;

/** How far the logs have been read, by process. */
export type Readings = Record<number, Reading>;

/** The request logs of all processes of one HAProxy: the one that takes new connections, and old ones. */
export class RequestLogs {
  readonly #paths: HaproxyPaths;
  readonly #onLine: (line: LogLine) => void;
  readonly #onBroken: () => void;
  #current: LogStream | null = null;
  /** Of processes that finish what they have, after a reload. */
  readonly #old = new Set<LogStream>();

  /** @param onBroken - The log of the process that takes new connections ended by itself. */
  constructor(paths: HaproxyPaths, onLine: (line: LogLine) => void, onBroken: () => void) {
    this.#paths = paths;
    this.#onLine = onLine;
    this.#onBroken = onBroken;
  }

  /** Opens the log of whoever answers at the command socket. @throws CodedError `traffic/program-silent` */
  open(after: Readings | null): Promise<LogStream> {
    return LogStream.open(this.#paths.commands, {
      after,
      onLine: this.#onLine,
      onEnd: (stream) => this.#ended(stream),
    });
  }

  /** From now on this one is of the process that takes new connections. */
  follow(stream: LogStream): void {
    if (this.#current) this.#old.add(this.#current);
    this.#current = stream;
  }

  /**
   * Returns when every line written until now has been told.
   *
   * @returns Whether lines are missing.
   * @throws CodedError `traffic/program-silent`
   */
  async settle(): Promise<boolean> {
    const deadline = performance.now() + settleTimeoutMs;
    let stream = this.#current;
    // Within a reload the mark may reach another process than the one that is read by then.
    while (stream && !(await stream.settle(this.#paths.mark))) {
      if (performance.now() > deadline)
        throw new CodedError('traffic/program-silent', 'the request log of HAProxy does not come', {
          help: "read the router's log",
        });
      stream = this.#current;
    }
    return stream !== null && this.#all().filter((one) => one.hasGap()).length > 0;
  }

  readings(): Readings {
    return Object.fromEntries(this.#all().map(({ pid, reading }) => [pid, reading]));
  }

  /** Lets old processes go that have no connection left and nothing more to say. */
  async tidy(): Promise<void> {
    for (const stream of this.#old) {
      const info = await ask(this.#paths.master, `@!${stream.pid} show info`).catch(() => '');
      if (/^CurrConns: 0$/m.test(info) && stream.hasSaidAll()) stream.close();
    }
  }

  close(): void {
    const all = this.#all();
    this.#current = null;
    this.#old.clear();
    for (const stream of all) stream.close();
  }

  #all(): LogStream[] {
    return [...(this.#current ? [this.#current] : []), ...this.#old];
  }

  #ended(stream: LogStream): void {
    if (this.#old.delete(stream) || stream !== this.#current) return;
    this.#current = null;
    this.#onBroken();
  }
}
