import { closeSync, openSync, writeSync } from 'node:fs';
import type { LogRecord } from './spec.ts';

const batchBytes = 64 * 1024;
const batchDelayMs = 20;

/** Appends records to a log file in batches: nothing is awaited per line, and one write carries many. */
export class LogWriter {
  readonly #descriptor: number;
  #pending: string[] = [];
  #pendingLength = 0;
  #timer: NodeJS.Timeout | null = null;
  readonly #onRecords: ((records: LogRecord[]) => void) | undefined;
  #untold: LogRecord[] = [];

  /** @param onRecords - Is given every record too, those of one moment together. */
  constructor(path: string, onRecords?: (records: LogRecord[]) => void) {
    this.#descriptor = openSync(path, 'a', 0o600);
    this.#onRecords = onRecords;
  }

  write(step: number, stream: LogRecord['stream'], text: string): void {
    const at = Date.now();
    if (this.#onRecords && this.#untold.push({ at, step, stream, text }) === 1)
      setImmediate(() => this.#tell());
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
    for (let at = 0; at < bytes.length;) at += writeSync(this.#descriptor, bytes, at);
  }

  #tell(): void {
    const records = this.#untold;
    this.#untold = [];
    if (records.length > 0) this.#onRecords?.(records);
  }

  close(): void {
    this.#tell();
    this.flush();
    closeSync(this.#descriptor);
  }
}
