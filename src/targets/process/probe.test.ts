import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { probe } from './probe.ts';

const open: { close(): unknown }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

async function serve(listener: RequestListener): Promise<number> {
  const server: Server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push({ close: () => (server.close(), server.closeAllConnections()) });
  return (server.address() as AddressInfo).port;
}

const patient = { probeTimeoutMs: 60_000 };

test.each([200, 204, 299])('%i is ready', async (status) => {
  const port = await serve((_, response) => response.writeHead(status).end());
  expect(await probe({ port, path: '/ready', ...patient })).toBeNull();
});

test('anything but 2xx is not ready, and its answer is quoted on one line', async () => {
  const port = await serve((_, response) => response.writeHead(503).end('waiting\nfor "db"\u001b[31m'));
  expect(await probe({ port, path: '/ready', ...patient })).toBe(
    `GET /ready on port ${port} answered 503: waiting for "db" [31m`,
  );
});

test('a redirect is not followed', async () => {
  const asked: (string | undefined)[] = [];
  const port = await serve((request, response) => {
    asked.push(request.url);
    response.writeHead(302, { location: '/elsewhere' }).end();
  });
  expect(await probe({ port, path: '/ready', ...patient })).toBe(`GET /ready on port ${port} answered 302`);
  expect(asked).toEqual(['/ready']);
});

test('a body that never ends is not read to its end', async () => {
  const port = await serve((_, response) => {
    const more = () => {
      while (response.write('x'.repeat(16_384)));
    };
    response.on('drain', more);
    more();
  });
  expect(await probe({ port, path: '/ready', ...patient })).toBeNull();
});

test('a server that takes the connection and says nothing is not ready', async () => {
  const port = await serve(() => {});
  expect(await probe({ port, path: '/ready', probeTimeoutMs: 100 })).toBe(
    `GET /ready on port ${port} did not answer within 100 ms`,
  );
});

test('a port that nobody listens on says so', async () => {
  const server = createTcpServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  expect(await probe({ port, path: '/ready', ...patient })).toBe(`nothing listens on port ${port}`);
  expect(await probe({ port, path: null, ...patient })).toBe(`nothing listens on port ${port}`);
});

test('without a path an open port is enough, and something that is not HTTP is told apart with one', async () => {
  const server = createTcpServer((socket) => socket.on('error', () => {}).end('hello\r\n'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(server);
  const { port } = server.address() as AddressInfo;
  expect(await probe({ port, path: null, ...patient })).toBeNull();
  expect(await probe({ port, path: '/ready', ...patient })).toContain(`GET /ready on port ${port} failed: `);
});

test('a path that no request can have is a reason, not a throw', async () => {
  expect(await probe({ port: 1, path: '/a b\n', ...patient })).toContain('failed: ');
});
