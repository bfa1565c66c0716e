import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { CodedError } from '../../diagnostics/index.ts';
import { Lines } from '../agent/line-fields.ts';
import { ringName } from './config.ts';
import { parseLogLine, type LogLine } from './log-line.ts';

const markTimeoutMs = 1_500;
const connectTimeoutMs = 10_000;
/**
 * How long lines are left to gather once all there are were read. Being woken for a few at a time is what costs most,
 * here and in HAProxy; its ring holds what many seconds bring.
 */
const gatherMs = 100;
/** HAProxy sends twice as much at once while it has more. */
const caughtUpBytes = 8_192;

/** How far the log of a process has been read. */
export interface Reading {
  first: number;
  last: number;
  lines: number;
}

/**
 * Reads the request log of one HAProxy process as it is written. Nothing is lost while the process lives: the log is a
 * ring in its memory, and each line has a number. While the stream is open the process does not end, even after a
 * reload, so its last lines are read, too.
 */
export class LogStream {
  readonly pid: number;
  /** Where the reading was taken up, and how far it is now. */
  readonly reading: Reading;
  readonly #socket: Socket;
  readonly #marks = new Map<string, () => void>();
  readonly #onLine: (line: LogLine) => void;
  /** Lines up to this one were told by an earlier stream. */
  readonly #readBefore: number;
  readonly #lines = new Lines();
  #gaps = 0;
  #heard = false;
  #listensOut = false;

  private constructor(
    socket: Socket,
    parts: {
      pid: number;
      reading: Reading;
      rest: Buffer;
      onLine: (line: LogLine) => void;
      onEnd: () => void;
    },
  ) {
    this.pid = parts.pid;
    this.reading = parts.reading;
    this.#readBefore = parts.reading.last;
    this.#socket = socket;
    this.#onLine = parts.onLine;
    this.#take(parts.rest);
    socket.on('data', (chunk: Buffer) => {
      this.#take(chunk);
      this.#heard = true;
      if (chunk.length < caughtUpBytes && this.#marks.size === 0 && !this.#listensOut) this.#gather();
    });
    socket.on('close', parts.onEnd);
  }

  /**
   * Opens the log of the process that answers at a socket.
   *
   * @param after - What was read of each process before, by pid: reading goes on behind it. Without it, from now on.
   * @throws CodedError `traffic/program-silent`
   */
  static async open(
    commands: string,
    parts: {
      after: Readonly<Record<number, Reading>> | null;
      onLine: (line: LogLine) => void;
      onEnd: (stream: LogStream) => void;
    },
  ): Promise<LogStream> {
    const socket = connect(commands);
    const fromNow = parts.after === null ? ' -n' : '';
    const { pid, rest } = await greeting(socket, `show info;show events ${ringName} -w${fromNow}\n`);
    const reading = parts.after?.[pid] ?? { first: -1, last: -1, lines: 0 };
    const stream: LogStream = new LogStream(socket, {
      pid,
      rest,
      reading: { ...reading },
      onLine: parts.onLine,
      onEnd: () => parts.onEnd(stream),
    });
    return stream;
  }

  /**
   * Returns when every line written until now has been told.
   *
   * @returns False when the mark did not come: HAProxy is silent, or another process of it took the mark.
   */
  async settle(markSocket: string): Promise<boolean> {
    const path = `/${randomUUID()}`;
    const seen = new Promise<void>((resolve) => this.#marks.set(path, resolve));
    this.#socket.resume();
    let timer: NodeJS.Timeout | undefined;
    try {
      await Promise.race([
        visit(markSocket, path).then(() => seen),
        new Promise<never>((_, reject) => {
          timer = setTimeout(() => reject(new Error('the mark was not seen')), markTimeoutMs);
        }),
      ]);
      return true;
    } catch {
      return false;
    } finally {
      clearTimeout(timer);
      this.#marks.delete(path);
    }
  }

  /** Whether lines are missing. Those that overtake each other are given until the second look. */
  hasGap(): boolean {
    const { first, last, lines } = this.reading;
    this.#gaps = first >= 0 && last - first + 1 > lines ? this.#gaps + 1 : 0;
    return this.#gaps > 1;
  }

  /**
   * Of a process that has no connection left: whether it has said all. From the first time on that this is asked, lines are
   * taken as they come, and nothing coming between two times means that nothing is left.
   */
  hasSaidAll(): boolean {
    const silent = this.#listensOut && !this.#heard;
    this.#listensOut = true;
    this.#heard = false;
    this.#socket.resume();
    return silent;
  }

  /** Lets the process go. */
  close(): void {
    this.#socket.destroy();
  }

  #gather(): void {
    this.#socket.pause();
    setTimeout(() => this.#socket.resume(), gatherMs).unref();
  }

  #take(chunk: Buffer): void {
    this.#lines.take(chunk, (bytes, start, end) => {
      const line = parseLogLine(bytes, start, end);
      if (line === undefined) return;
      if ('mark' in line) this.#marks.get(line.mark)?.();
      else this.#count(line);
    });
  }

  #count(line: LogLine): void {
    const { reading } = this;
    if (line.counter <= this.#readBefore) return;
    // The very first line that was read may have overtaken others.
    reading.first = reading.first < 0 ? line.counter : Math.min(reading.first, line.counter);
    reading.last = Math.max(reading.last, line.counter);
    reading.lines++;
    this.#onLine(line);
  }
}

/** Waits for the answer to `show info`, which ends with an empty line. */
function greeting(socket: Socket, question: string): Promise<{ pid: number; rest: Buffer }> {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    const fail = (cause: unknown) =>
      reject(
        new CodedError('traffic/program-silent', 'HAProxy does not give its request log', {
          help: "read the router's log",
          cause,
        }),
      );
    const timer = setTimeout(() => socket.destroy(new Error('no answer')), connectTimeoutMs);
    socket.on('error', fail);
    socket.once('close', fail);
    socket.on('connect', () => socket.write(question));
    const onData = (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      const end = bytes.indexOf('\n\n');
      if (end < 0) return;
      clearTimeout(timer);
      socket.off('data', onData);
      socket.off('close', fail);
      const pid = Number(/^Pid: (\d+)$/m.exec(bytes.toString('latin1', 0, end))?.[1]);
      resolve({ pid, rest: bytes.subarray(end + 2) });
    };
    socket.on('data', onData);
  });
}

function visit(socketPath: string, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, path, agent: false, headers: { host: 'mark' } }, (response) => {
      response.resume();
      response.on('end', resolve);
      response.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}
