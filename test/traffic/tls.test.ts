import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { Agent as TlsAgent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type PeerCertificate, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { selfSigned } from './certificate.ts';
import { freePort } from '../rig/free-port.ts';
import { get, revision, routes, startRig, until, type Answer, type Rig } from './rig.ts';

let rig: Rig;
let folder: string;
let tlsPort: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-certificates-'));
  tlsPort = await freePort();
  rig = await startRig(['--listen-tls', `127.0.0.1:${tlsPort}`, '--certificates', folder]);
});
afterEach(async () => {
  await rig.close();
  await rm(folder, { recursive: true, force: true });
});

async function put(name: string, hosts: string[], days?: number) {
  const { cert, key } = selfSigned(hosts, days);
  await writeFile(join(folder, 'new'), cert + key, { mode: 0o600 });
  await rename(join(folder, 'new'), join(folder, `${name}.pem`));
}

function getTls(host: string, path = '/', agent: TlsAgent | false = false): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: '127.0.0.1',
        port: tlsPort,
        path,
        agent,
        servername: host,
        headers: { host },
        rejectUnauthorized: false,
      },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (body += chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        );
        response.on('error', reject);
      },
    );
    outgoing.on('error', reject);
    outgoing.end();
  });
}

/** The certificate that is shown for a name, or what the handshake failed with. */
async function shown(servername: string | undefined, more: object = {}): Promise<PeerCertificate | string> {
  const socket: TLSSocket = connect({
    host: '127.0.0.1',
    port: tlsPort,
    rejectUnauthorized: false,
    ...(servername === undefined ? {} : { servername }),
    ...more,
  });
  try {
    await once(socket, 'secureConnect');
    return socket.getPeerCertificate();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  } finally {
    socket.destroy();
  }
}

const serves = (host: string) => until(async () => typeof (await shown(host)) !== 'string');

test('each host is shown its own certificate, as soon as it lies in the folder; others get no connection', async () => {
  expect(typeof (await shown('shop.example.com'))).toBe('string');
  await put('shop', ['shop.example.com']);
  await put('wild', ['*.apps.example.com']);
  await serves('shop.example.com');
  await serves('one.apps.example.com');
  const subject = async (host: string) => ((await shown(host)) as PeerCertificate).subjectaltname;
  expect(await subject('shop.example.com')).toBe('DNS:shop.example.com');
  expect(await subject('SHOP.example.com')).toBe('DNS:shop.example.com');
  expect(await subject('one.apps.example.com')).toBe('DNS:*.apps.example.com');
  for (const name of ['apps.example.com', 'a.b.apps.example.com', undefined])
    expect(typeof (await shown(name))).toBe('string');
  expect(typeof (await shown('shop.example.com', { maxVersion: 'TLSv1.2' }))).toBe('string');
});

test('the app is told of TLS, browsers are told to stay with it, and clear text is sent there', async () => {
  await put('shop', ['shop.example.com']);
  await serves('shop.example.com');
  const app = await rig.app((asked, response) => {
    if (asked.url === '/own') response.setHeader('Strict-Transport-Security', 'max-age=5');
    response.end(JSON.stringify(asked.headers));
  });
  await rig.router.apply(routes([revision('r1', 100, app.port)]), 1);
  const answer = await getTls('shop.example.com');
  expect(JSON.parse(answer.body)).toMatchObject({ 'x-forwarded-proto': 'https', host: 'shop.example.com' });
  expect(answer.headers['strict-transport-security']).toBe('max-age=31536000');
  expect((await getTls('shop.example.com', '/own')).headers['strict-transport-security']).toBe('max-age=5');
  const plain = (host: string, path: string) => get(rig.port, { path, headers: { host } });
  const sent = await plain('shop.example.com', '/a?b=c');
  expect([sent.status, sent.headers.location]).toEqual([308, `https://shop.example.com:${tlsPort}/a?b=c`]);
  expect((await plain('shop.example.com', '/.well-known/acme-challenge/x')).status).toBe(200);
  expect((await plain('no-certificate.example.com', '/')).status).toBe(200);
  await rig.router.apply(routes([revision('r1', 100, app.port)], { maintenance: true }), 2);
  const page = await getTls('shop.example.com');
  expect([page.status, page.headers['strict-transport-security']]).toEqual([503, 'max-age=31536000']);
});

test('a renewed certificate is shown to new connections, and a bad one leaves the good one in place', async () => {
  await put('shop', ['shop.example.com']);
  await serves('shop.example.com');
  const first = (await shown('shop.example.com')) as PeerCertificate;
  await writeFile(join(folder, 'shop.pem'), 'not a certificate');
  await until(async () => (await rig.router.health()).problems.length === 1);
  expect((await rig.router.health()).problems[0]).toMatch(/^the certificate .*shop\.pem is not served: /);
  expect(((await shown('shop.example.com')) as PeerCertificate).serialNumber).toBe(first.serialNumber);
  await put('shop', ['shop.example.com'], 60);
  await until(
    async () => ((await shown('shop.example.com')) as PeerCertificate).serialNumber !== first.serialNumber,
  );
  await until(async () => (await rig.router.health()).status === 'ok');
});

test('a key that others may read is not used, and one that has expired is told', async () => {
  const { cert, key } = selfSigned(['open.example.com']);
  await writeFile(join(folder, 'open.key'), key, { mode: 0o644 });
  await writeFile(join(folder, 'open.crt'), cert);
  await put('old', ['old.example.com'], -1);
  await serves('old.example.com');
  await until(async () => (await rig.router.health()).problems.length === 2);
  expect((await rig.router.health()).problems).toEqual([
    `the certificate ${folder}/open.crt is not served: its key is open to others; chmod 600 ${folder}/open.key`,
    `the certificate ${folder}/old.pem has expired`,
  ]);
  expect(typeof (await shown('open.example.com'))).toBe('string');
});

test('an app that dies within a response is not taken for one that finished', async () => {
  await put('shop', ['shop.example.com']);
  await serves('shop.example.com');
  const app = await rig.app((asked, response) => {
    response.write('half');
    setTimeout(() => asked.socket.destroy(), 20);
  });
  await rig.router.apply(routes([revision('r1', 100, app.port)]), 1);
  await expect(getTls('shop.example.com')).rejects.toThrow();
  await until(async () => {
    const { revisions } = await rig.router.observe('shop/production');
    return revisions[0]?.gatewayErrors === 1 && revisions[0].inFlight === 0;
  });
});

test('an upgrade of the router loses no request over TLS, and open WebSockets stay', async () => {
  await put('shop', ['shop.example.com']);
  await serves('shop.example.com');
  const app = await rig.app((_request, response) => setTimeout(() => response.end('ok'), 2));
  const echo = new WebSocketServer({ server: app.server });
  echo.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
  await rig.router.apply(routes([revision('r1', 100, app.port)]), 1);
  const socket = new WebSocket(`wss://shop.example.com:${tlsPort}/`, {
    rejectUnauthorized: false,
    lookup: ((_host: string, _options: object, answer: (error: null, found: object[]) => void) =>
      answer(null, [{ address: '127.0.0.1', family: 4 }])) as never,
  });
  await once(socket, 'open');
  const kept = new TlsAgent({ keepAlive: true });
  const failures: string[] = [];
  const state = { running: true };
  let answered = 0;
  const client = async (agent: TlsAgent | false) => {
    while (state.running) {
      await getTls('shop.example.com', '/', agent).then(
        ({ status }) => status === 200 || failures.push(String(status)),
        (error) => failures.push(String(error)),
      );
      answered++;
    }
  };
  const clients = [kept, false as const, kept, false as const].map(client);
  await until(() => answered > 20);
  const { pid } = await rig.router.upgrade();
  const upgradedAt = answered;
  await until(() => answered > upgradedAt + 40);
  state.running = false;
  await Promise.all(clients);
  kept.destroy();
  expect(failures).toEqual([]);
  expect((await rig.router.health()).pid).toBe(pid);
  socket.send('still here');
  expect(String((await once(socket, 'message'))[0])).toBe('still here');
  socket.close();
  await until(async () => (await rig.router.health()).predecessors === 0);
  const { revisions } = await rig.router.observe('shop/production');
  expect(revisions[0]).toMatchObject({ requests: answered + 1, errors: 0, inFlight: 0 });
});
