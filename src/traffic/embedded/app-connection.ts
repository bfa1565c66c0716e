import { connect, type Socket } from 'node:net';
import { ResponseParser, type AppHead } from './response-parser.ts';

/** How a request may be held and ended once it is on its way. */
export interface Flow {
  pause(): void;
  resume(): void;
  abort(): void;
}

/** What becomes of a request at an app, whichever client carries it. */
export interface AppEvents {
  /** It is being written; from here on the app may have seen it. */
  onSent(flow: Flow): void;
  onFirstByte(): void;
  onHead(head: AppHead): void;
  /** The bytes are only lent until the call returns, when `lent` is true. */
  onBody(bytes: Buffer, lent: boolean): void;
  /** All that has arrived was told, and the response is not at its end. */
  onMoreLater(): void;
  onEnd(trailers: [string, string][]): void;
  /** Ends the story, at any moment. */
  onFailure(failure: Failure): void;
}

/** Why a request has no whole response. */
export type Failure = 'connect' | 'closed' | 'timeout' | 'protocol' | 'invalid' | 'aborted';

/** What is sent: a head without a body. */
export interface BodilessRequest {
  method: string;
  head: string;
  responseTimeoutMs: number;
  bodyIdleTimeoutMs: number;
}

/** Everything is parsed before the next read, so that all connections share one buffer. */
const sharedBuffer = Buffer.allocUnsafeSlow(64 * 1024);
const connectTimeoutMs = 3_000;
/** How long an idle connection is kept, when the app does not say; Node closes its side after 5 s. */
const idleMs = 3_000;
/** How much earlier than the app we give an idle connection up. */
const idleMarginMs = 2_000;

/** One connection to an app, for requests without a body, one at a time. */
export class AppConnection implements Flow {
  readonly #socket: Socket;
  readonly #parser: ResponseParser;
  readonly #onIdle: (connection: AppConnection) => void;
  #events: AppEvents | undefined;
  #request: BodilessRequest | undefined;
  #connected = false;
  #paused = false;
  #anyByte = false;
  #headSeen = false;
  #sinceMs = performance.now();

  /** @param onIdle - The connection may carry another request; without a call it is closed. */
  constructor(target: { host: string; port: number }, onIdle: (connection: AppConnection) => void) {
    this.#onIdle = onIdle;
    this.#parser = new ResponseParser(this);
    this.#socket = connect({
      ...target,
      noDelay: true,
      onread: {
        buffer: sharedBuffer,
        callback: (size, bytes) => this.#read(Buffer.from(bytes.buffer, bytes.byteOffset, size)),
      },
    });
    this.#socket.on('connect', () => this.#write());
    this.#socket.on('end', () => this.#ended());
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => this.#fail(this.#connected ? 'closed' : 'connect'));
  }

  get usable(): boolean {
    return this.#connected && !this.#socket.destroyed && this.#socket.writable;
  }

  get closed(): boolean {
    return this.#socket.destroyed;
  }

  send(request: BodilessRequest, events: AppEvents): void {
    this.#request = request;
    this.#events = events;
    this.#sinceMs = performance.now();
    if (this.#connected) this.#write();
  }

  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#socket.resume();
  }

  abort(): void {
    this.#fail('aborted');
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Looked at twice a second: ends what takes too long. */
  sweep(nowMs: number): void {
    const ageMs = nowMs - this.#sinceMs;
    const request = this.#request;
    if (!request) {
      const hint = this.#parser.keepAliveSeconds;
      const limitMs = hint < 0 ? idleMs : Math.min(hint * 1_000 - idleMarginMs, 2 * idleMs);
      if (ageMs >= limitMs - 500) this.#socket.destroy();
    } else if (!this.#connected) {
      if (ageMs > connectTimeoutMs) this.#fail('connect');
    } else if (!this.#headSeen) {
      if (ageMs > request.responseTimeoutMs) this.#fail('timeout');
    } else if (request.bodyIdleTimeoutMs > 0 && !this.#paused && ageMs > request.bodyIdleTimeoutMs)
      this.#fail('timeout');
  }

  onHead(head: AppHead): void {
    this.#headSeen = true;
    this.#events?.onHead(head);
  }

  onBody(bytes: Buffer): void {
    this.#events?.onBody(bytes, true);
  }

  onEnd(trailers: [string, string][]): void {
    const events = this.#events;
    this.#events = undefined;
    this.#request = undefined;
    events?.onEnd(trailers);
  }

  #write(): void {
    this.#connected = true;
    const request = this.#request;
    if (!request) return;
    this.#anyByte = this.#headSeen = false;
    this.#parser.begin(request.method);
    this.#sinceMs = performance.now();
    this.#events?.onSent(this);
    // The client may have left meanwhile.
    if (this.#request) this.#socket.write(request.head, 'latin1');
  }

  #read(bytes: Buffer): boolean {
    this.#sinceMs = performance.now();
    if (!this.#anyByte) {
      this.#anyByte = true;
      this.#events?.onFirstByte();
    }
    const busy = this.#request !== undefined;
    try {
      this.#parser.read(bytes);
    } catch {
      this.#fail('protocol');
      return false;
    }
    if (this.#request) this.#events?.onMoreLater();
    else if (busy && !this.#socket.destroyed) this.#release();
    return !this.#paused;
  }

  #release(): void {
    this.#anyByte = true;
    this.resume();
    if (this.#parser.reusable) this.#onIdle(this);
    else this.#socket.destroy();
  }

  #ended(): void {
    try {
      this.#parser.end();
    } catch {
      this.#fail('closed');
    }
    this.#socket.destroy();
  }

  #fail(failure: Failure): void {
    const events = this.#events;
    this.#events = undefined;
    this.#request = undefined;
    this.#socket.destroy();
    events?.onFailure(failure);
  }
}
