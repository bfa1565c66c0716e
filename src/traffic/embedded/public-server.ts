import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer } from 'node:https';
import type { Certificates } from './certificates.ts';
import type { Gate } from './gate.ts';
import { pages, renderPage } from './pages.ts';

/** How long an idle client connection is kept. */
const keepAliveMs = 65_000;

/** Node's strict parser and the limits of an edge. */
const limits = {
  insecureHTTPParser: false,
  requireHostHeader: false,
  maxHeaderSize: 32 * 1024,
  headersTimeout: 10_000,
  // Uploads may take long; one without progress is ended by the exchange.
  requestTimeout: 0,
  // Without it headersTimeout is looked at every 30 s only.
  connectionsCheckingInterval: 1_000,
  keepAliveTimeout: keepAliveMs,
  noDelay: true,
  // Nobody reads the body of a request that has none.
  optimizeEmptyRequests: true,
  shouldUpgradeCallback: wantsUpgrade,
};

/** The listener that users reach. */
export function createPublicServer(gate: Gate): Server {
  return withGate(createServer(limits as Parameters<typeof createServer>[0] & object), gate);
}

/** The same over TLS 1.3. Who asks for a host without a certificate gets no connection. */
export function createPublicTlsServer(gate: Gate, certificates: Certificates): Server {
  const server = createTlsServer({
    ...limits,
    minVersion: 'TLSv1.3',
    handshakeTimeout: 10_000,
    SNICallback: (host, answer) => {
      const context = certificates.find(host.toLowerCase());
      if (context) answer(null, context);
      else answer(new Error('no certificate for this host'));
    },
  } as Parameters<typeof createTlsServer>[0] & object);
  // Its own listener would answer a failed handshake in clear text.
  server.removeAllListeners('tlsClientError');
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return withGate(server, gate);
}

function withGate<T extends Server>(server: T, gate: Gate): T {
  server.maxHeadersCount = 0;
  server.on('request', (request, response) => gate.handle(request, response, false));
  server.on('checkContinue', (request, response) => gate.handle(request, response, true));
  server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
    response.writeHead(417, ['connection', 'close']).end();
  });
  server.on('upgrade', (request, socket, behind) => gate.handleUpgrade(request, socket as Socket, behind));
  server.on('connect', (_request, socket) => {
    socket.on('error', () => {});
    socket.end('HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  });
  server.on('clientError', refuseMalformed);
  return server;
}

/** Stops accepting, but leaves idle connections to their clients: whoever is about to use one still gets an answer. */
export function stopAccepting(server: Server, onLastClosed: () => void): void {
  NetServer.prototype.close.call(server, onLastClosed);
}

/** HTTP/2 in clear text would let requests pass by the router's checks; a body beside an upgrade has no clear end. */
function wantsUpgrade(request: IncomingMessage): boolean {
  const { upgrade, 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  return (
    !/^\s*(h2c?|http\/2|tls)/i.test(upgrade ?? '') &&
    (length === undefined || length === '0') &&
    encoding === undefined
  );
}

function refuseMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  // A response that has begun cannot be followed by another; Node's own handler asks the same way.
  const busy = (Reflect.get(socket, '_httpMessage') as ServerResponse | undefined)?.headersSent;
  if (!socket.writable || busy || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const line = statusLineOf(error.code);
  const { type, body } = renderPage(pages.badRequest, '');
  socket.end(
    `HTTP/1.1 ${line}\r\nConnection: close\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

function statusLineOf(code: string | undefined): string {
  if (code === 'HPE_HEADER_OVERFLOW') return '431 Request Header Fields Too Large';
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return '408 Request Timeout';
  return '400 Bad Request';
}
