import { once } from 'node:events';
import { request, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { get, keepAliveAgent, raw, revision, routes, startRig, until, type App, type Rig } from './rig.ts';

let rig: Rig;
let app: App;
let fence = 0;
/** What the app does; each test says. */
let serve: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) =>
  void response.end('ok');

beforeAll(async () => {
  rig = await startRig();
  app = await rig.app((request, response) => serve(request, response));
  const sockets = new WebSocketServer({ server: app.server });
  sockets.on('connection', (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })));
  await rig.router.apply(routes([revision('r1', 100, app.port)]), ++fence);
});

afterEach(() => {
  serve = (_request, response) => void response.end('ok');
});

afterAll(() => rig.close());

async function traffic() {
  const [seen] = (await rig.router.observe('shop/production')).revisions;
  if (!seen) throw new Error('no revision');
  return seen;
}

/** A listener that speaks whatever bytes it likes. */
async function tcpApp(onConnection: (socket: Socket) => void): Promise<number> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {});
    onConnection(socket);
  });
  server.unref();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

describe('request smuggling', () => {
  const cases: [string, string][] = [
    [
      'a length beside an encoding',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['two Hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n'],
    ['a Host with a path', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n'],
    ['bare line feeds', 'GET / HTTP/1.1\nHost: a\n\n'],
    ['one bare line feed among headers', 'GET / HTTP/1.1\r\nHost: a\r\nX: y\nContent-Length: 5\r\n\r\n'],
    ['a folded header', 'GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n'],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx'],
    ['a signed length', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx'],
    ['a list of lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\nx'],
    ['an unknown encoding', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n'],
    ['chunked twice', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n'],
    [
      'an encoding in two headers',
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n',
    ],
    ['a space before the colon', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 1\r\n\r\nx'],
    ['an encoding in HTTP/1.0', 'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a target that is no path', 'GET foo HTTP/1.1\r\nHost: a\r\n\r\n'],
  ];
  test.each(cases)('%s is refused and the connection ends', async (_name, bytes) => {
    let reached = false;
    serve = (_request, response) => {
      reached = true;
      response.end();
    };
    const answer = await raw(rig.port, bytes);
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(reached).toBe(false);
  });

  test('an address in the request line wins over Host', async () => {
    serve = (request, response) => void response.end(`${request.headers.host} ${request.url}`);
    const answer = await raw(
      rig.port,
      'GET http://b.example/x?y HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    );
    expect(answer).toContain('b.example /x?y');
  });

  test('a clear-text HTTP/2 upgrade is an ordinary request', async () => {
    serve = (request, response) => void response.end(JSON.stringify(request.headers));
    const { body } = await get(rig.port, {
      headers: { connection: 'upgrade, http2-settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABk' },
    });
    expect(Object.keys(JSON.parse(body) as object)).not.toContain('upgrade');
    expect(body).not.toContain('AAMAAABk');
  });

  test('CONNECT is not for us', async () => {
    expect(await raw(rig.port, 'CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n')).toMatch(/^HTTP\/1\.1 405 /);
  });
});

describe('bodies', () => {
  test('large bodies pass both ways unchanged', async () => {
    serve = (request, response) => void request.pipe(response);
    const body = Buffer.alloc(3_000_000, 'abcdefgh');
    for (const headers of [{ 'content-length': String(body.length) }, { 'transfer-encoding': 'chunked' }]) {
      const answer = await get(rig.port, { method: 'POST', headers, body });
      expect(answer.body === body.toString()).toBe(true);
    }
  });

  test('many responses at once, of every size and framing, are not mixed up', async () => {
    const bodyOf = (index: number) => `${index},`.repeat((index * 97) % 40_000);
    serve = (request, response) => {
      const body = bodyOf(Number(request.url?.slice(1)));
      if (request.url?.endsWith('0')) response.setHeader('content-length', Buffer.byteLength(body));
      const half = Math.floor(body.length / 2);
      response.write(body.slice(0, half) || '');
      setImmediate(() => response.end(body.slice(half)));
    };
    const wrong: number[] = [];
    const agent = keepAliveAgent();
    const fetchOne = async (index: number) => {
      const { body } = await get(rig.port, { path: `/${index}`, agent });
      if (body !== bodyOf(index)) wrong.push(index);
    };
    for (let batch = 0; batch < 10; batch++)
      await Promise.all(Array.from({ length: 40 }, (_, index) => fetchOne(batch * 40 + index)));
    agent.destroy();
    expect(wrong).toEqual([]);
  });

  test('a connection that the app closed while it was idle costs nobody a request', async () => {
    for (let index = 0; index < 20; index++) {
      serve = (_request, response) => void response.end('ok');
      await Promise.all([get(rig.port), get(rig.port)]);
      app.server.closeIdleConnections();
      const statuses = await Promise.all([get(rig.port), get(rig.port, { method: 'POST', body: 'x' })]);
      expect(statuses.map(({ status }) => status)).toEqual([200, 200]);
    }
  });

  test('a slow reader holds the app back', async () => {
    let written = 0;
    let full = false;
    serve = (_request, response) => {
      const chunk = Buffer.alloc(256 * 1024);
      const fill = () => {
        while (written < 512 * 1024 * 1024 && response.write(chunk)) written += chunk.length;
        full = true;
      };
      response.on('drain', fill);
      fill();
    };
    const socket = connect(rig.port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'));
    socket.pause();
    await until(() => full);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(written).toBeLessThan(64 * 1024 * 1024);
    socket.destroy();
    await until(async () => (await traffic()).inFlight === 0);
  });

  test('HEAD, 204 and 304 have no body and keep the connection usable', async () => {
    serve = (request, response) => {
      const status = Number(request.url?.slice(1)) || 200;
      response.writeHead(status, status === 200 ? { 'content-length': '5' } : {});
      response.end(request.method === 'HEAD' || status !== 200 ? undefined : 'hello');
    };
    const answer = await raw(
      rig.port,
      ['HEAD /200', 'GET /204', 'GET /304', 'GET /200']
        .map((line) => `${line} HTTP/1.1\r\nHost: a\r\n\r\n`)
        .join('') + 'GET /200 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    );
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(
      [200, 204, 304, 200, 200].map((status) => `HTTP/1.1 ${status}`),
    );
    expect(answer.match(/hello/g)).toHaveLength(2);
  });

  test('100 Continue is said when an app wants the body, not when the router refuses', async () => {
    serve = (request, response) => void request.pipe(response);
    const head = 'POST / HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n';
    const answer = await raw(rig.port, `${head}Host: a\r\n\r\nhi`);
    expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/);
    await rig.router.apply(routes([revision('r1', 100, app.port)], { hosts: ['a'] }), ++fence);
    expect(await raw(rig.port, `${head}Host: b\r\n\r\n`)).toMatch(/^HTTP\/1\.1 404 /);
    await rig.router.apply(routes([revision('r1', 100, app.port)]), ++fence);
  });

  test('trailers reach a client that asks for them', async () => {
    serve = (_request, response) => {
      response.writeHead(200, { trailer: 'x-sum' });
      response.write('part');
      setTimeout(() => {
        response.addTrailers({ 'x-sum': '42' });
        response.end();
      }, 20);
    };
    const asking = await raw(
      rig.port,
      'GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: close, te\r\n\r\n',
    );
    expect(asking).toMatch(/0\r\nx-sum: 42\r\n\r\n$/);
    const other = await raw(rig.port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect(other).toMatch(/0\r\n\r\n$/);
  });

  test('several cookies stay several', async () => {
    serve = (_request, response) => {
      response.setHeader('set-cookie', ['a=1', 'b=2']);
      response.end();
    };
    expect((await get(rig.port)).headers['set-cookie']).toEqual(['a=1', 'b=2']);
  });
});

describe('streams', () => {
  test('an event is passed on at once', async () => {
    let send: ((text: string) => void) | undefined;
    serve = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
      send = (text) => void response.write(text);
    };
    const outgoing = request({ host: '127.0.0.1', port: rig.port, agent: false });
    outgoing.end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    expect((await traffic()).inFlight).toBe(1);
    for (const text of ['data: 1\n\n', 'data: 2\n\n']) {
      send?.(text);
      const [chunk] = (await once(response, 'data')) as [Buffer];
      expect(chunk.toString()).toBe(text);
    }
    outgoing.destroy();
    await until(async () => (await traffic()).inFlight === 0);
  });

  test('WebSockets pass, count as in flight, and end together', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${rig.port}/`);
    await once(socket, 'open');
    for (const text of ['one', 'x'.repeat(200_000)]) {
      socket.send(text);
      const [data] = (await once(socket, 'message')) as [Buffer];
      expect(data.toString()).toBe(text);
    }
    expect((await traffic()).inFlight).toBe(1);
    socket.close();
    await once(socket, 'close');
    await until(async () => (await traffic()).inFlight === 0);
  });

  test('an app that refuses to upgrade answers like any other', async () => {
    const port = await tcpApp((socket) =>
      socket.once('data', () => socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno')),
    );
    await rig.router.apply(routes([revision('r1', 100, port)]), ++fence);
    const upgrade = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
    const answer = await raw(rig.port, `${upgrade}GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
    expect(answer).toMatch(/no$/);
    await rig.router.apply(routes([revision('r1', 100, app.port)]), ++fence);
    await until(async () => (await traffic()).inFlight === 0);
  });
});

describe('failures', () => {
  test('a client that leaves cancels the request at the app', async () => {
    let closed = false;
    let begun = false;
    serve = (_request, response) => {
      begun = true;
      response.on('close', () => (closed = true));
    };
    const outgoing = request({ host: '127.0.0.1', port: rig.port, agent: false });
    outgoing.on('error', () => {});
    outgoing.end();
    await until(() => begun);
    const before = await traffic();
    outgoing.destroy();
    await until(() => closed);
    await until(async () => (await traffic()).inFlight === 0);
    expect((await traffic()).errors).toBe(before.errors);
  });

  test.each([
    ['with a length', { 'content-length': '100' }],
    ['chunked', {}],
  ])('a response %s that breaks off never looks complete', async (_name, headers) => {
    serve = (_request, response) => {
      response.writeHead(200, headers);
      response.write('half');
      setTimeout(() => response.destroy(), 30);
    };
    const before = await traffic();
    await expect(get(rig.port)).rejects.toMatchObject({ code: 'ECONNRESET' });
    const after = await traffic();
    expect([after.errors - before.errors, after.gatewayErrors - before.gatewayErrors]).toEqual([1, 1]);
    expect(after.failures?.at(-1)).toMatchObject({ method: 'GET', path: '/', status: null });
  });

  test('errors of the app are counted, and are not gateway errors', async () => {
    serve = (_request, response) => void response.writeHead(500).end();
    const before = await traffic();
    expect((await get(rig.port, { path: '/reset?token=hunter2' })).status).toBe(500);
    const after = await traffic();
    expect([after.errors - before.errors, after.gatewayErrors - before.gatewayErrors]).toEqual([1, 0]);
    expect(after.failures?.at(-1)).toMatchObject({
      path: '/reset',
      status: 500,
      copy: `127.0.0.1:${app.port}`,
    });
  });

  test('an app that is silent is 504', async () => {
    const impatient = await startRig(['--response-timeout-ms', '300']);
    onTestFinished(() => impatient.close());
    const silent = await impatient.app(() => {});
    await impatient.router.apply(routes([revision('r1', 100, silent.port)]), 1);
    expect((await get(impatient.port)).status).toBe(504);
    const { revisions } = await impatient.router.observe('shop/production');
    expect(revisions[0]?.gatewayErrors).toBe(1);
    expect(revisions[0]?.failures).toMatchObject([{ path: '/', status: 504 }]);
  });

  test('an endpoint that refuses connections is passed over; when all do it is 502', async () => {
    const dead = await tcpApp(() => {});
    const { server, port: closing } = await rig.app((_request, response) => void response.end());
    await new Promise((resolve) => server.close(resolve));
    await rig.router.apply(routes([revision('r1', 100, closing, app.port)]), ++fence);
    for (let index = 0; index < 10; index++)
      expect((await get(rig.port, { method: 'POST', body: 'x' })).status).toBe(200);
    await rig.router.apply(routes([revision('r1', 100, closing)]), ++fence);
    expect((await get(rig.port)).status).toBe(502);
    await rig.router.apply(routes([revision('r1', 100, app.port)]), ++fence);
    expect(dead).toBeGreaterThan(0);
  });

  test('what was sent is sent again only if that is harmless', async () => {
    let connections = 0;
    const port = await tcpApp((socket) => {
      connections++;
      socket.once('data', () => socket.destroy());
    });
    await rig.router.apply(routes([revision('r1', 100, port)]), ++fence);
    expect((await get(rig.port)).status).toBe(502);
    expect(connections).toBe(3);
    connections = 0;
    expect((await get(rig.port, { method: 'POST', body: 'x' })).status).toBe(502);
    expect(connections).toBe(1);
    connections = 0;
    expect((await get(rig.port, { method: 'POST' })).status).toBe(502);
    expect(connections).toBe(1);
    await rig.router.apply(routes([revision('r1', 100, app.port)]), ++fence);
  });

  test('heads that are too large are refused', async () => {
    const answer = await raw(rig.port, `GET / HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(40_000)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
  });
});
