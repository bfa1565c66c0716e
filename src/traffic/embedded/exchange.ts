import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { Gate } from './gate.ts';
import { pages, type Page } from './pages.ts';
import type { RequestHead } from './request-head.ts';
import { knownLength, responseHeaders } from './response-head.ts';
import type { Outcome } from './revision-counts.ts';
import type { LiveRevision } from './routing-table.ts';
import { joinSockets } from './upgraded.ts';
import type { Upstream } from './upstreams.ts';

/** What an exchange needs to know; it owns the request from here on. */
export interface ExchangeParts {
  gate: Gate;
  request: IncomingMessage;
  response: ServerResponse;
  head: RequestHead;
  scope: string;
  revision: LiveRevision;
  session: number;
  setCookie: string;
  /** Waits for a word from the router before it sends its body. */
  expectsContinue: boolean;
  /** The client's connection, when it asked for another protocol. */
  upgradeSocket: Duplex | null;
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

/** Carries one request to a revision and its response back. It is its own undici handler, to cost no closures. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #parts: ExchangeParts;
  readonly #startedMs = performance.now();
  #revision: LiveRevision;
  #upstream: Upstream | undefined;
  #attempts = 0;
  #controller: Dispatcher.DispatchController | undefined;
  #sent = false;
  #anyByte = false;
  #headWritten = false;
  #finished = false;
  #clientGone = false;
  #listensForDrain = false;
  #status = 0;
  #timed = true;
  #responseHeaders: string[] | undefined;
  #length = -1;
  #held: Buffer | undefined;

  constructor(parts: ExchangeParts) {
    this.#parts = parts;
    this.#revision = parts.revision;
    parts.revision.counts.start(parts.session);
  }

  /** Sends the request to the next endpoint of its revision. */
  attempt(): void {
    const { gate, head, request, scope, upgradeSocket } = this.#parts;
    this.#attempts++;
    this.#sent = false;
    this.#controller = undefined;
    this.#revision = gate.table.scope(scope)?.revision(this.#revision.id) ?? this.#revision;
    this.#upstream = this.#revision.pick(performance.now());
    if (!this.#upstream) {
      this.#refuse(pages.badGateway);
      return;
    }
    const options: Dispatcher.DispatchOptions = {
      path: head.path,
      method: request.method ?? 'GET',
      headers: head.headers,
      body: head.hasBody ? (this.#body() as never) : null,
      upgrade: upgradeSocket ? head.upgrade : null,
      // Event streams may be silent for as long as they like.
      bodyTimeout: head.accept.includes('text/event-stream') ? 0 : null,
    };
    // undici closes the connection after a HEAD unless it is told that the app can be trusted not to send a body.
    if (request.method === 'HEAD') options.reset = false;
    this.#upstream.pool.dispatch(options, this);
  }

  /** The client's connection closed. */
  onClientClose(): void {
    if (this.#finished) return;
    this.#clientGone = true;
    this.#controller?.abort(new Error('the client left'));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#clientGone) controller.abort(new Error('the client left'));
    else this.#sent = true;
  }

  onResponseStarted(): void {
    this.#anyByte = true;
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    received: IncomingHttpHeaders,
  ): void {
    if (status < 200) return;
    this.#status = status;
    this.#responseHeaders = responseHeaders(received);
    this.#length = knownLength(received);
    this.#timed = !received['content-type']?.startsWith('text/event-stream');
    // A small response arrives whole in this tick and leaves in one write; of any other the head must not wait.
    process.nextTick(flushHead, this);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#headWritten) {
      if (chunk.length === this.#length) {
        this.#held = chunk;
        return;
      }
      this.#writeHead();
    }
    this.#write(chunk, controller);
  }

  onResponseEnd(_controller: Dispatcher.DispatchController, trailers: IncomingHttpHeaders): void {
    const { head, response } = this.#parts;
    this.#finish({
      kind: 'answered',
      status: this.#status,
      latencyMs: performance.now() - this.#startedMs,
      timed: this.#timed,
    });
    if (!this.#headWritten) {
      this.#writeHead();
      const held = this.#held;
      if (!held) response.end();
      else if (held.length <= oneWriteBytes) response.end(held.toString('latin1'), 'latin1');
      else response.end(held);
    } else {
      if (head.wantsTrailers && this.#length < 0) addTrailers(response, trailers);
      response.end();
    }
    this.#drainRequest();
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#finished) return;
    if (this.#clientGone || this.#parts.response.destroyed) {
      this.#finish({ kind: 'abandoned' });
      return;
    }
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (this.#status !== 0) this.#cutOff();
    else if (code === 'UND_ERR_INVALID_ARG') this.#refuse(pages.badRequest);
    else if (this.#mayRetry(code)) this.#retry(code);
    else this.#refuse(isTimeout(code) ? pages.gatewayTimeout : pages.badGateway);
  }

  onRequestUpgrade(
    _controller: Dispatcher.DispatchController,
    status: number,
    received: IncomingHttpHeaders,
    upstreamSocket: Duplex,
  ): void {
    const { gate, head, response, setCookie, upgradeSocket } = this.#parts;
    const clientSocket = upgradeSocket;
    if (!clientSocket || this.#clientGone || clientSocket.destroyed) {
      upstreamSocket.destroy();
      this.#finish({ kind: 'abandoned' });
      return;
    }
    response.detachSocket(clientSocket as never);
    const headers = responseHeaders(received);
    headers.push('connection', 'Upgrade', 'upgrade', received.upgrade ?? head.upgrade);
    if (setCookie !== '') headers.push('set-cookie', setCookie);
    let text = 'HTTP/1.1 101 Switching Protocols\r\n';
    for (let index = 0; index < headers.length; index += 2)
      text += `${headers[index]}: ${headers[index + 1]}\r\n`;
    clientSocket.write(`${text}\r\n`, 'latin1');
    this.#status = status;
    gate.upgraded.add(clientSocket);
    joinSockets(clientSocket, upstreamSocket, () => {
      gate.upgraded.delete(clientSocket);
      this.#finish({ kind: 'answered', status, latencyMs: 0, timed: false });
    });
  }

  /** Called a tick after the response's head has come, when its body did not come with it. */
  flush(): void {
    if (this.#headWritten || this.#finished) return;
    this.#writeHead();
    const held = this.#held;
    this.#held = undefined;
    if (held && this.#controller) this.#write(held, this.#controller);
    else this.#parts.response.flushHeaders();
  }

  #writeHead(): void {
    this.#headWritten = true;
    const { gate, response, setCookie, upgradeSocket } = this.#parts;
    const headers = this.#responseHeaders ?? [];
    if (setCookie !== '') headers.push('set-cookie', setCookie);
    if (gate.leaving || upgradeSocket) headers.push('connection', 'close');
    response.writeHead(this.#status, headers);
  }

  #write(chunk: Buffer, controller: Dispatcher.DispatchController): void {
    const { response } = this.#parts;
    if (response.write(chunk)) return;
    controller.pause();
    if (this.#listensForDrain) return;
    this.#listensForDrain = true;
    response.on('drain', () => controller.resume());
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

  /** What was never sent may always be sent again; what was sent only if that is harmless and nothing came back. */
  #mayRetry(code: string): boolean {
    const { gate, head, request } = this.#parts;
    if (this.#attempts >= this.#revision.size + extraAttempts || gate.stopped) return false;
    if (!this.#sent) return true;
    return !this.#anyByte && !head.hasBody && !isTimeout(code) && idempotent.has(request.method ?? '');
  }

  #retry(code: string): void {
    if (!this.#sent && code !== 'UND_ERR_CLOSED' && code !== 'UND_ERR_DESTROYED')
      this.#upstream?.passOver(performance.now());
    if (this.#attempts < this.#revision.size) this.attempt();
    else
      setTimeout(() => {
        if (this.#clientGone) this.#finish({ kind: 'abandoned' });
        else this.attempt();
      }, pauseBeforeRepeatMs);
  }

  #refuse(page: Page): void {
    const { gate, head, request, response, setCookie, expectsContinue } = this.#parts;
    if (page.status === 400) this.#finish({ kind: 'abandoned' });
    else this.#finish({ kind: 'gateway-error', latencyMs: performance.now() - this.#startedMs });
    gate.answer({ request, response, accept: head.accept, setCookie, closes: expectsContinue }, page);
    this.#drainRequest();
  }

  /** The response cannot be completed, and must not look complete: the client sees its connection reset. */
  #cutOff(): void {
    this.#finish({ kind: 'gateway-error', latencyMs: performance.now() - this.#startedMs });
    const { request } = this.#parts;
    request.socket.resetAndDestroy();
  }

  /** Reads away what the client is still sending, so that it gets to see the answer. */
  #drainRequest(): void {
    const { head, request } = this.#parts;
    if (head.hasBody && !request.complete) request.resume();
  }

  #finish(outcome: Outcome): void {
    if (this.#finished) return;
    this.#finished = true;
    const { gate, scope, session } = this.#parts;
    this.#revision.counts.finish(session, outcome);
    if (this.#revision.weightPercent === 0) gate.forgetDrained(scope);
  }
}

function flushHead(exchange: Exchange): void {
  exchange.flush();
}

function isTimeout(code: string): boolean {
  return code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT';
}

function addTrailers(response: ServerResponse, trailers: IncomingHttpHeaders): void {
  const flat: [string, string][] = [];
  for (const [name, value] of Object.entries(trailers))
    for (const one of [value ?? []].flat()) flat.push([name, one]);
  if (flat.length > 0) response.addTrailers(flat);
}
