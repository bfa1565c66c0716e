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

  constructor(path: string) {
    this.#descriptor = openSync(path, 'a', 0o600);
  }

  write(step: number, stream: LogRecord['stream'], text: string): void {
    const line = `{"at":${Date.now()},"step":${step},"stream":"${stream}","text":${JSON.stringify(text)}}\n`;
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

  close(): void {
    this.flush();
    closeSync(this.#descriptor);
  }
}
