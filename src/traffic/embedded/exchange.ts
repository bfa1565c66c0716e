import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Failure, Flow } from './app-connection.ts';
import { pages, type Page } from './pages.ts';
import type { RequestHead } from './request-head.ts';
import type { AppHead } from './response-parser.ts';
import type { Outcome } from './revision-counts.ts';
import type { LiveRevision, RoutingTable } from './routing-table.ts';
import type { FollowedSession, SessionLots } from './session-lots.ts';
import { isSecure, strictTransport } from './secure.ts';
import { UndiciAdapter, type UpgradeEvents } from './undici-adapter.ts';
import { joinSockets } from './upgraded.ts';
import type { Upstream } from './upstreams.ts';

/** What an answer of the router's own needs. */
export interface Asked {
  request: IncomingMessage;
  response: ServerResponse;
  accept: string;
  setCookie?: string;
  /** The connection must end: its client waits for a word before it sends its body, and will not get it. */
  closes?: boolean;
}

/** What an exchange asks of the router around it. */
export interface Surroundings {
  readonly table: RoutingTable;
  /** Client connections that speak another protocol by now. */
  readonly upgraded: Set<Duplex>;
  /** No new connections: each answer ends its connection. */
  readonly leaving: boolean;
  /** Out of patience: no more attempts. */
  readonly stopped: boolean;
  /** Writes a page of the router's own. */
  answer(asked: Asked, page: Page): void;
  /** Called when a request of a revision without weight has ended. */
  forgetDrained(scope: string): void;
}

/** What an exchange needs to know; it owns the request from here on. */
export interface ExchangeParts {
  gate: Surroundings;
  request: IncomingMessage;
  response: ServerResponse;
  head: RequestHead;
  scope: string;
  revision: LiveRevision;
  session: number;
  lots: SessionLots;
  /** The session since it drew; undefined when nobody follows it. */
  followed: FollowedSession | undefined;
  setCookie: string;
  /** Waits for a word from the router before it sends its body. */
  expectsContinue: boolean;
  /** The client's connection, when it asked for another protocol. */
  upgradeSocket: Socket | null;
}

/** Attempts beyond one for each endpoint, and how long to wait before such an attempt. */
const extraAttempts = 2;
const pauseBeforeRepeatMs = 50;

/** Methods that may be sent twice (RFC 9110, section 9.2.2). */
const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/** How long a client may leave an upload without progress. */
const uploadIdleMs = 60_000;

/** A body up to this size is put behind its head in one string, which Node writes in one call without copying twice. */
const oneWriteBytes = 8 * 1024;

/*
 * One request on its way through:
 *
 *   waiting ──onRequestStart──► sent ──first byte──► answering ──► finished
 *      │ connect refused          │ connection lost       │ connection lost
 *      └─► another attempt        ├─► another attempt     └─► client's connection is cut
 *                                 │   (idempotent, no body)
 *                                 └─► 502
 */

/** Carries one request to a revision and its response back. */
export class Exchange implements UpgradeEvents {
  readonly #parts: ExchangeParts;
  readonly #startedMs = performance.now();
  #revision: LiveRevision;
  #upstream: Upstream | undefined;
  #attempts = 0;
  #flow: Flow | undefined;
  #anyByte = false;
  #headWritten = false;
  #finished = false;
  /** When the client left. */
  #leftMs: number | undefined;
  #listensForDrain = false;
  #responseHead: AppHead | undefined;
  #held: string | Buffer | undefined;

  constructor(parts: ExchangeParts) {
    this.#parts = parts;
    this.#revision = parts.revision;
    parts.revision.counts.start(parts.session);
  }

  /** Sends the request to the next endpoint of its revision. */
  attempt(): void {
    const { gate, head, request, scope, upgradeSocket } = this.#parts;
    this.#attempts++;
    this.#flow = undefined;
    this.#revision = gate.table.scope(scope)?.revision(this.#revision.id) ?? this.#revision;
    const before = this.#upstream?.address;
    this.#upstream = this.#revision.pick(this.#startedMs);
    this.#revision.counts.move(before, this.#upstream?.address);
    if (!this.#upstream) {
      this.#refuse(pages.badGateway);
      return;
    }
    const method = request.method ?? 'GET';
    const mayBeSilent = this.#mayBeSilent;
    if (!upgradeSocket && !head.hasBody && idempotent.has(method))
      this.#upstream.send({ method, head: requestText(method, head), mayBeSilent }, this);
    else
      this.#upstream.pool.dispatch(
        {
          path: head.path,
          method,
          headers: head.headers,
          body: head.hasBody ? (this.#body() as never) : null,
          upgrade: upgradeSocket ? head.upgrade : null,
          bodyTimeout: mayBeSilent ? 0 : null,
        },
        new UndiciAdapter(this),
      );
  }

  /** The client's connection closed. */
  onClientClose(): void {
    if (this.#finished) return;
    this.#leftMs = performance.now();
    this.#flow?.abort();
  }

  onSent(flow: Flow): void {
    this.#flow = flow;
    if (this.#leftMs !== undefined) flow.abort();
  }

  onFirstByte(): void {
    this.#anyByte = true;
  }

  onHead(head: AppHead): void {
    this.#responseHead = head;
  }

  onBody(bytes: Buffer, lent: boolean): void {
    if (!this.#headWritten) {
      const length = this.#responseHead?.lengthBytes;
      if (bytes.length === length && length <= oneWriteBytes) {
        // One string with the head in front leaves in a single call, and is the copy of what was lent.
        this.#held = bytes.toString('latin1');
        return;
      }
      this.#writeHead();
    }
    this.#write(lent ? Buffer.from(bytes) : bytes);
  }

  onEnd(trailers: [string, string][]): void {
    const { head, response } = this.#parts;
    const answer = this.#responseHead;
    const status = answer?.status ?? 0;
    const latencyMs = performance.now() - this.#startedMs;
    if (status >= 500) this.#noteFailure(status, latencyMs);
    this.#finish({ kind: 'answered', status, latencyMs, timed: !answer?.eventStream });
    if (!this.#headWritten) this.#writeHead();
    else if (head.wantsTrailers && trailers.length > 0 && answer?.lengthBytes === -1)
      response.addTrailers(trailers);
    if (this.#held === undefined) response.end();
    else response.end(this.#held, 'latin1');
    this.#drainRequest();
  }

  onFailure(failure: Failure): void {
    if (this.#finished) return;
    if (this.#leftMs !== undefined || this.#parts.response.destroyed) {
      this.#abandon();
      return;
    }
    if (this.#headWritten) this.#cutOff();
    else if (this.#responseHead) this.#refuse(pages.badGateway);
    else if (failure === 'invalid') this.#refuse(pages.badRequest);
    else if (this.#mayRetry(failure)) this.#retry(failure);
    else this.#refuse(failure === 'timeout' ? pages.gatewayTimeout : pages.badGateway);
  }

  onUpgrade(received: string[], protocol: string | undefined, upstreamSocket: Duplex): void {
    const { gate, head, response, setCookie, upgradeSocket: clientSocket } = this.#parts;
    if (!clientSocket || this.#leftMs !== undefined || clientSocket.destroyed) {
      upstreamSocket.destroy();
      this.#finish({ kind: 'abandoned', waitedMs: null });
      return;
    }
    response.detachSocket(clientSocket);
    const headers = [...received, 'connection', 'Upgrade', 'upgrade', protocol ?? head.upgrade];
    if (setCookie !== '') headers.push('set-cookie', setCookie);
    clientSocket.write(headText('HTTP/1.1 101 Switching Protocols', headers), 'latin1');
    gate.upgraded.add(clientSocket);
    joinSockets(clientSocket, upstreamSocket, () => {
      gate.upgraded.delete(clientSocket);
      this.#finish({ kind: 'answered', status: 101, latencyMs: 0, timed: false });
    });
  }

  /** A small response arrives whole and leaves in one write; of any other the head must not wait. */
  onMoreLater(): void {
    if (this.#headWritten || this.#finished || !this.#responseHead) return;
    this.#writeHead();
    const held = this.#held;
    this.#held = undefined;
    if (held === undefined) this.#parts.response.flushHeaders();
    else this.#parts.response.write(held, 'latin1');
  }

  #writeHead(): void {
    this.#headWritten = true;
    const { gate, request, response, setCookie, upgradeSocket } = this.#parts;
    const { status = 502, headers = [] } = this.#responseHead ?? {};
    if (setCookie !== '') headers.push('set-cookie', setCookie);
    if (isSecure(request) && !hasHeader(headers, 'strict-transport-security'))
      headers.push('strict-transport-security', strictTransport);
    if (gate.leaving || upgradeSocket) headers.push('connection', 'close');
    response.writeHead(status, headers);
  }

  #write(chunk: Buffer): void {
    const { response } = this.#parts;
    if (response.write(chunk)) return;
    this.#flow?.pause();
    if (this.#listensForDrain) return;
    this.#listensForDrain = true;
    response.on('drain', () => {
      if (!this.#finished) this.#flow?.resume();
    });
  }

  async *#body(): AsyncGenerator<Buffer> {
    const { request, response, expectsContinue } = this.#parts;
    if (expectsContinue) response.writeContinue();
    request.socket.setTimeout(uploadIdleMs);
    try {
      for await (const chunk of request.iterator({ destroyOnReturn: false })) yield chunk as Buffer;
    } finally {
      request.socket.setTimeout(0);
    }
  }

  /** Event streams may be silent for as long as they like. */
  get #mayBeSilent(): boolean {
    return this.#parts.head.accept.includes('text/event-stream');
  }

  /** The client left: until then it waited, unless an answer had begun. */
  #abandon(): void {
    const waited = !this.#headWritten && !this.#mayBeSilent;
    const leftMs = this.#leftMs ?? performance.now();
    this.#finish({ kind: 'abandoned', waitedMs: waited ? leftMs - this.#startedMs : null });
  }

  /** What was never sent may always be sent again; what was sent only if that is harmless and nothing came back. */
  #mayRetry(failure: Failure): boolean {
    const { gate, head, request } = this.#parts;
    if (this.#attempts >= this.#revision.size + extraAttempts || gate.stopped) return false;
    if (!this.#flow) return true;
    return failure === 'closed' && !this.#anyByte && !head.hasBody && idempotent.has(request.method ?? '');
  }

  #retry(failure: Failure): void {
    if (failure === 'connect') this.#upstream?.passOver(performance.now());
    if (this.#attempts < this.#revision.size || failure === 'closed') this.attempt();
    else
      setTimeout(() => {
        if (this.#leftMs !== undefined) this.#abandon();
        else this.attempt();
      }, pauseBeforeRepeatMs);
  }

  #refuse(page: Page): void {
    const { gate, head, request, response, setCookie, expectsContinue } = this.#parts;
    if (page.status === 400) this.#finish({ kind: 'abandoned', waitedMs: null });
    else this.#fail(page.status);
    gate.answer({ request, response, accept: head.accept, setCookie, closes: expectsContinue }, page);
    this.#drainRequest();
  }

  /** The response cannot be completed, and must not look complete: the client sees its connection reset. */
  #cutOff(): void {
    this.#fail(null);
    const { request } = this.#parts;
    // Over TLS the missing end is what the client sees; Node can reset plain connections only.
    if (isSecure(request)) request.socket.destroy();
    else request.socket.resetAndDestroy();
  }

  /** Reads away what the client is still sending, so that it gets to see the answer. */
  #drainRequest(): void {
    const { head, request } = this.#parts;
    if (head.hasBody && !request.complete) request.resume();
  }

  #fail(status: number | null): void {
    const latencyMs = performance.now() - this.#startedMs;
    this.#noteFailure(status, latencyMs);
    this.#finish({ kind: 'gateway-error', latencyMs });
  }

  #noteFailure(status: number | null, latencyMs: number): void {
    if (this.#finished) return;
    const { head, request } = this.#parts;
    const copy = this.#upstream?.address ?? null;
    const { method = 'GET' } = request;
    const { failures } = this.#revision.counts;
    failures.note({ atMs: Date.now(), method, path: head.path, status, latencyMs, copy });
  }

  #finish(outcome: Outcome): void {
    if (this.#finished) return;
    this.#finished = true;
    const { gate, scope, session, lots, followed } = this.#parts;
    this.#revision.counts.move(this.#upstream?.address, undefined);
    this.#revision.counts.finish(session, outcome);
    if (followed) lots.finish(followed, outcome);
    if (this.#revision.weightPercent === 0) gate.forgetDrained(scope);
  }
}

/** The head of a request as it is written to the app. */
function requestText(method: string, { path, headers }: RequestHead): string {
  return headText(`${method} ${path} HTTP/1.1`, headers, 'connection: keep-alive\r\n');
}

function hasHeader(headers: readonly string[], name: string): boolean {
  return headers.some((one, index) => index % 2 === 0 && one.toLowerCase() === name);
}

function headText(firstLine: string, headers: readonly string[], more = ''): string {
  let text = `${firstLine}\r\n`;
  for (let index = 0; index < headers.length; index += 2)
    text += `${headers[index]}: ${headers[index + 1]}\r\n`;
  return `${text}${more}\r\n`;
}
