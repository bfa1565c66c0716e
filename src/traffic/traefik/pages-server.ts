import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pages, renderPage, type Page } from '../embedded/pages.ts';

/** Pages that Traefik asks the agent for. */
export type PageName = Extract<
  keyof typeof pages,
  'maintenance' | 'notServing' | 'pinnedAway' | 'unknownHost' | 'stateDamaged'
>;

const challenge = /^\/\.well-known\/acme-challenge\/([A-Za-z0-9_-]+)$/;

/**
 * Serves the router's own pages to Traefik, which has none, and the answer to an authority's challenges. On this machine
 * only; nothing of it is secret. While no agent runs, Traefik gives the same status with words of its own.
 */
export class PagesServer {
  readonly #server: Server;

  /** @param acmeThumbprint - Ends the answer to a challenge; null answers none. */
  constructor(acmeThumbprint: string | null) {
    this.#server = createServer(answerWith(acmeThumbprint));
  }

  /** @returns The port. */
  async listen(): Promise<number> {
    if (!this.#server.listening) {
      this.#server.listen(0, '127.0.0.1');
      await once(this.#server, 'listening');
      this.#server.unref();
    }
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

function answerWith(acmeThumbprint: string | null): RequestListener {
  return ({ url = '/', headers }, response) => {
    const token = challenge.exec(url)?.[1];
    if (token !== undefined && acmeThumbprint !== null) {
      response.setHeader('content-type', 'text/plain').end(`${token}.${acmeThumbprint}`);
      return;
    }
    const page: Page = (pages as Record<string, Page>)[url.slice(1)] ?? pages.unknownHost;
    const { type, body } = renderPage(page, headers.accept ?? '');
    response.setHeader('content-type', type).setHeader('cache-control', 'no-store');
    if (page.retryAfterSeconds !== undefined)
      response.setHeader('retry-after', String(page.retryAfterSeconds));
    response.end(body);
  };
}
