import { closeSync, openSync, writeSync } from 'node:fs';
import type { LogRecord } from './spec.ts';

const batchBytes = 64 * 1024;
const batchDelayMs = 20;

/** Who listens to a log. */
export interface LogListeners {
  /** Is given every record too, those of one moment together. */
  onRecords?: ((records: LogRecord[]) => void) | undefined;
  /** Told once that the file takes no more, such as on a full disk; what comes later is lost. */
  onFailure?: (error: unknown) => void;
}

/** Appends records to a log file in batches: nothing is awaited per line, and one write carries many. Never throws. */
export class LogWriter {
  readonly #descriptor: number;
  #pending: string[] = [];
  #pendingLength = 0;
  #timer: NodeJS.Timeout | null = null;
  readonly #listeners: LogListeners;
  #untold: LogRecord[] = [];
  #failed = false;
  #closed = false;

  constructor(path: string, listeners: LogListeners = {}) {
    this.#descriptor = openSync(path, 'a', 0o600);
    this.#listeners = listeners;
  }

  /** What comes after the log was closed, of a process that nobody waits for any more, is dropped. */
  write(step: number, stream: LogRecord['stream'], text: string): void {
    if (this.#closed) return;
    const at = Date.now();
    if (this.#listeners.onRecords && this.#untold.push({ at, step, stream, text }) === 1)
      setImmediate(() => this.tell());
    if (this.#failed) return;
    const line = `{"at":${at},"step":${step},"stream":"${stream}","text":${JSON.stringify(text)}}\n`;
    this.#pending.push(line);
    this.#pendingLength += line.length;
    if (this.#pendingLength >= batchBytes) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), batchDelayMs);
  }

  flush(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#pending.length === 0) return;
    const bytes = Buffer.from(this.#pending.join(''));
    this.#pending = [];
    this.#pendingLength = 0;
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(this.#descriptor, bytes, at);
    } catch (error) {
      if (this.#failed) return;
      this.#failed = true;
      this.#listeners.onFailure?.(error);
    }
  }

  /** Passes on now what would be told a little later. */
  tell(): void {
    const records = this.#untold;
    this.#untold = [];
    if (records.length > 0) this.#listeners.onRecords?.(records);
  }

  close(): void {
    this.tell();
    this.flush();
    this.#closed = true;
    closeSync(this.#descriptor);
  }
}
