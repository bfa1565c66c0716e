import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { AppEvents, Failure } from './app-connection.ts';
import { hopByHop } from './response-parser.ts';

/** Events of a request that undici carries, the successful upgrade among them. */
export interface UpgradeEvents extends AppEvents {
  onUpgrade(headers: string[], protocol: string | undefined, socket: Duplex): void;
}

/** Tells undici's story of a request in the router's words. */
export class UndiciAdapter implements Dispatcher.DispatchHandler {
  readonly #events: UpgradeEvents;
  #controller: Dispatcher.DispatchController | undefined;

  constructor(events: UpgradeEvents) {
    this.#events = events;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    this.#events.onSent({
      pause: () => controller.pause(),
      resume: () => controller.resume(),
      abort: () => controller.abort(new Error('the client left')),
    });
  }

  onResponseStarted(): void {
    this.#events.onFirstByte();
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, received: IncomingHttpHeaders): void {
    if (status < 200) return;
    const length = received['content-length'];
    this.#events.onHead({
      status,
      headers: endToEnd(received),
      lengthBytes: length === undefined ? -1 : Number(length),
      eventStream: received['content-type']?.startsWith('text/event-stream') ?? false,
    });
    process.nextTick(() => this.#events.onMoreLater());
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#events.onBody(chunk, false);
  }

  onResponseEnd(_: Dispatcher.DispatchController, trailers: IncomingHttpHeaders): void {
    const flat: [string, string][] = [];
    for (const [name, value] of Object.entries(trailers))
      for (const one of [value ?? []].flat()) flat.push([name, one]);
    this.#events.onEnd(flat);
  }

  onResponseError(_: Dispatcher.DispatchController | null, error: Error): void {
    this.#events.onFailure(
      failureOf((error as NodeJS.ErrnoException).code ?? '', this.#controller !== undefined),
    );
  }

  onRequestUpgrade(
    _: Dispatcher.DispatchController,
    _status: number,
    received: IncomingHttpHeaders,
    socket: Duplex,
  ): void {
    this.#events.onUpgrade(endToEnd(received), received.upgrade, socket);
  }
}

/** The end-to-end headers of a response as name, value, name, value. */
function endToEnd(received: IncomingHttpHeaders): string[] {
  const named = new Set(received.connection?.toLowerCase().split(/\s*,\s*/));
  const headers: string[] = [];
  for (const [name, value] of Object.entries(received)) {
    if (hopByHop.has(name) || (named.has(name) && name !== 'content-length')) continue;
    for (const one of [value ?? []].flat()) headers.push(name, one);
  }
  return headers;
}

function failureOf(code: string, sent: boolean): Failure {
  switch (code) {
    case 'UND_ERR_INVALID_ARG':
      return 'invalid';
    case 'UND_ERR_HEADERS_TIMEOUT':
    case 'UND_ERR_BODY_TIMEOUT':
      return 'timeout';
    case 'UND_ERR_CLOSED':
    case 'UND_ERR_DESTROYED':
      return 'closed';
    default:
      return sent ? 'closed' : 'connect';
  }
}
