import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { Certificates } from './certificates.ts';
import { peerAddress, type TrustedProxies } from './client-address.ts';
import { Exchange, type Asked } from './exchange.ts';
import type { Ledger } from './ledger.ts';
import { pages, renderPage, type Page } from './pages.ts';
import { limitKey } from './rate-limit.ts';
import { readRequestHead, type RequestHead } from './request-head.ts';
import { sessionHash } from './session-hash.ts';
import { isSecure, strictTransport } from './secure.ts';
import type { Choice, LiveScope, RoutingTable } from './routing-table.ts';
import type { FollowedSession } from './session-lots.ts';
import { formatSessionCookie, parseSessionCookie, stripSessionCookie } from './session-cookie.ts';

/** @see RFC 8555, section 8.3 */
const challenge = /^\/\.well-known\/acme-challenge\/([A-Za-z0-9_-]+)$/;

/** Decides for each request where it goes, and answers those that go nowhere. */
export class Gate {
  readonly table: RoutingTable;
  /** Client connections that speak another protocol by now. */
  readonly upgraded = new Set<Duplex>();
  /** No new connections: each answer ends its connection. */
  leaving = false;
  /** Out of patience: no more attempts. */
  stopped = false;
  /** Routes were lost; a missing scope is our fault, not the visitor's. */
  stateDamaged = false;
  readonly #ledger: Ledger;
  readonly #proxies: TrustedProxies;
  readonly #tls: { certificates: Certificates; port: number } | null;
  readonly #acmeThumbprint: string | null;

  constructor(parts: {
    table: RoutingTable;
    ledger: Ledger;
    proxies: TrustedProxies;
    tls: { certificates: Certificates; port: number } | null;
    acmeThumbprint: string | null;
  }) {
    this.table = parts.table;
    this.#ledger = parts.ledger;
    this.#proxies = parts.proxies;
    this.#tls = parts.tls;
    this.#acmeThumbprint = parts.acmeThumbprint;
  }

  /** An ordinary request, or one that waits for `100 Continue`. */
  handle(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    this.#route(request, response, { expectsContinue, upgradeSocket: null });
  }

  /** A request to speak another protocol. What came behind its head goes to the app first. */
  handleUpgrade(request: IncomingMessage, socket: Socket, behind: Buffer): void {
    socket.on('error', () => {});
    if (behind.length > 0) socket.unshift(behind);
    const response = new ServerResponse(request);
    response.assignSocket(socket);
    response.shouldKeepAlive = false;
    response.on('finish', () => socket.end());
    this.#route(request, response, { expectsContinue: false, upgradeSocket: socket });
  }

  /** Writes a page of the router's own. */
  answer({ request, response, accept, setCookie, closes }: Asked, page: Page): void {
    const { type, body } = renderPage(page, accept);
    const headers = ['content-type', type, 'content-length', String(Buffer.byteLength(body))];
    headers.push('cache-control', 'no-store');
    if (page.retryAfterSeconds !== undefined) headers.push('retry-after', String(page.retryAfterSeconds));
    if (setCookie !== undefined && setCookie !== '') headers.push('set-cookie', setCookie);
    if (isSecure(request)) headers.push('strict-transport-security', strictTransport);
    // A length that nobody can trust ends the connection, too.
    if (this.leaving || closes || page.status === 400) headers.push('connection', 'close');
    response.writeHead(page.status, headers);
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  /** Called when a request of a revision without weight has ended. */
  forgetDrained(scope: string): void {
    const routed = this.table.scope(scope)?.stored.routes.revisions ?? [];
    this.#ledger.forget(scope, new Set(routed.map((revision) => revision.id)));
  }

  #route(
    request: IncomingMessage,
    response: ServerResponse,
    how: { expectsContinue: boolean; upgradeSocket: Socket | null },
  ): void {
    const head = readRequestHead(request);
    if (head.kind === 'bad') {
      this.answer({ request, response, accept: '' }, pages.badRequest);
      return;
    }
    const token = this.#acmeThumbprint === null ? undefined : challenge.exec(head.path)?.[1];
    if (token !== undefined && request.method === 'GET') {
      this.#prove(response, `${token}.${this.#acmeThumbprint}`);
      return;
    }
    const asked: Asked = { request, response, accept: head.accept, closes: how.expectsContinue };
    const scope = this.table.find(head.host);
    if (!scope) {
      this.answer(asked, this.stateDamaged ? pages.stateDamaged : pages.unknownHost);
      return;
    }
    if (this.#belongsToTls(head, request)) {
      this.#redirect(asked, head);
      return;
    }
    if (scope.stored.routes.maintenance) {
      this.answer(asked, pages.maintenance);
      return;
    }
    const client = this.#identify(head, request.socket);
    const waitMs = scope.limiter?.take(limitKey(client), performance.now()) ?? 0;
    if (waitMs > 0) {
      this.answer(asked, { ...pages.tooMany, retryAfterSeconds: Math.ceil(waitMs / 1000) });
      return;
    }
    if (head.path === '*') {
      response.writeHead(204, this.leaving ? ['connection', 'close'] : []).end();
      return;
    }
    this.#exchange(scope, { ...asked, head, client, ...how });
  }

  #exchange(
    scope: LiveScope,
    parts: Asked & {
      head: RequestHead;
      client: string;
      expectsContinue: boolean;
      upgradeSocket: Socket | null;
    },
  ): void {
    const { request, response, head } = parts;
    const known = head.cookie === '' ? undefined : parseSessionCookie(head.cookie);
    const asked = { host: head.host, cookie: head.cookie, rawHeaders: request.rawHeaders };
    const chosen = scope.choose(asked, known);
    if (typeof chosen === 'string') {
      this.answer(parts, chosen === 'pinned-away' ? pages.pinnedAway : pages.notServing);
      return;
    }
    const cookie = known ? stripSessionCookie(head.cookie) : head.cookie;
    if (cookie !== '') head.headers.push('cookie', cookie);
    const cookieSession = known ?? chosen.setCookie;
    const session = cookieSession
      ? sessionHash(cookieSession.session)
      : sessionHash(parts.client, head.userAgent);
    const exchange = new Exchange({
      gate: this,
      request,
      response,
      head,
      scope: scope.stored.routes.scope,
      revision: chosen.revision,
      session,
      lots: scope.lots,
      followed: followed(scope, chosen, session),
      setCookie: chosen.setCookie ? formatSessionCookie(chosen.setCookie) : '',
      expectsContinue: parts.expectsContinue,
      upgradeSocket: parts.upgradeSocket,
    });
    response.on('close', () => exchange.onClientClose());
    exchange.attempt();
  }

  /** Came in clear text though there is a certificate for its host. A challenge for a certificate is answered as it came. */
  #belongsToTls(head: RequestHead, request: IncomingMessage): boolean {
    return (
      this.#tls !== null &&
      !isSecure(request) &&
      !(head.forwardedProto === 'https' && this.#proxies.trusts(peerAddress(request.socket))) &&
      !head.path.startsWith('/.well-known/acme-challenge/') &&
      this.#tls.certificates.find(head.host) !== undefined
    );
  }

  /** Answers an authority's question for a certificate of ours; whoever asks gets the same, which gives nothing away. */
  #prove(response: ServerResponse, proof: string): void {
    const headers = ['content-type', 'text/plain', 'content-length', String(proof.length)];
    response.writeHead(200, this.leaving ? [...headers, 'connection', 'close'] : headers).end(proof);
  }

  #redirect({ response }: Asked, head: RequestHead): void {
    const port = this.#tls?.port === 443 ? '' : `:${this.#tls?.port}`;
    const location = `https://${head.host}${port}${head.path === '*' ? '/' : head.path}`;
    // The body that may follow is not read.
    const closes = head.hasBody || this.leaving ? ['connection', 'close'] : [];
    response.writeHead(308, ['location', location, 'content-length', '0', ...closes]).end();
  }

  /** Finds the client's address and states it, with protocol, to the app. */
  #identify(head: RequestHead, socket: Socket): string {
    const peer = peerAddress(socket);
    const { client, forwardedFor } = this.#proxies.resolve(peer, head.forwardedFor);
    const believed = this.#proxies.trusts(peer) && head.forwardedProto === 'https';
    const proto = socket instanceof TLSSocket || believed ? 'https' : 'http';
    head.headers.push('x-forwarded-for', forwardedFor, 'x-forwarded-proto', proto);
    return client;
  }
}

/** The session as its lot counts it. A pinned request is none of it, wherever its session is at home. */
function followed(scope: LiveScope, { by, revision }: Choice, session: number): FollowedSession | undefined {
  if (by === 'lot') return scope.lots.drew(session, scope.lot, revision.id);
  return by === 'home' ? scope.lots.find(session, revision.id) : undefined;
}
