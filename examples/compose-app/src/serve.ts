import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';

export interface Answer {
  status: number;
  body: unknown;
}

/** Answers by path until SIGTERM; then finishes the requests that it has, and ends. */
export function serve(port: number, routes: Record<string, (request: IncomingMessage) => Promise<Answer>>): void {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const route = routes[path] ?? (() => Promise.resolve({ status: 404, body: { error: 'not found' } }));
    route(request)
      .catch((error: Error) => ({ status: 503, body: { error: error.message } }))
      .then(({ status, body }) => {
        // Whoever keeps a connection open is told to take another one once this process is about to end.
        const connection = ending ? { connection: 'close' } : {};
        response.writeHead(status, { 'content-type': 'application/json', ...connection });
        response.end(JSON.stringify(body));
      });
  });
  let ending = false;
  server.keepAliveTimeout = 75_000;
  server.listen(port, '0.0.0.0', () => console.log(`listens on ${port}`));
  process.on('SIGTERM', () => {
    ending = true;
    server.close(() => process.exit(0));
    server.closeIdleConnections();
  });
}
