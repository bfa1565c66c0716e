import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { networkInterfaces } from 'node:os';

/*
 * Says in each answer which version and revision gave it. What a bad version does is in version.json:
 * "crashes" at its start, is "never-ready", is "sick-with-users" (no longer ready once it has users, whom it serves),
 * "fails-users" (answers all of them 500), "hangs-users" (answers none of them), "leaks" memory, or "complains" in its
 * log of every request that it answers well.
 * With `only`, the beginning of addresses, it is bad on the machine alone whose containers have them.
 */
const told = JSON.parse(process.env.RIG_VERSION ?? readFileSync('version.json', 'utf8'));
const { version, only = '' } = told;
const addresses = Object.values(networkInterfaces()).flatMap((all) => all.map(({ address }) => address));
const behaves = addresses.some((address) => address.startsWith(only)) ? told.behaves : 'good';
if (behaves === 'crashes') throw new Error('this version crashes');

let served = 0;

function isReady() {
  if (behaves === 'never-ready') return false;
  return !(behaves === 'sick-with-users' && served > 0);
}

const server = createServer(async (request, response) => {
  if (request.url === '/ready') {
    response.writeHead(isReady() ? 200 : 503).end();
    return;
  }
  served += 1;
  if (behaves === 'hangs-users') return;
  let body = '';
  for await (const chunk of request) body += chunk;
  if (request.url === '/slow') await new Promise((resolve) => setTimeout(resolve, 150));
  if (behaves === 'fails-users') {
    console.log(`cannot answer ${request.url}`);
    response.statusCode = 500;
  }
  if (behaves === 'complains') console.log(`something is odd about ${request.url}`);
  response.setHeader('x-version', version);
  response.setHeader('x-revision', process.env.SLIPWAY_REVISION ?? '');
  response.end(body || 'hello\n');
});

// A WebSocket that sends back every short text frame.
server.on('upgrade', (request, socket) => {
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  socket.on('error', () => {});
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  let rest = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 6 && rest.length >= 6 + (rest[1] & 0x7f)) {
      const length = rest[1] & 0x7f;
      const mask = rest.subarray(2, 6);
      const payload = Buffer.from(rest.subarray(6, 6 + length).map((byte, index) => byte ^ mask[index % 4]));
      socket.write(Buffer.concat([Buffer.from([rest[0], length]), payload]));
      // 8 is "close": answered above, and then it is over.
      if ((rest[0] & 0x0f) === 8) socket.end();
      rest = rest.subarray(6 + length);
    }
  });
});

const leaked = [];
const leak = () => leaked.length < 40 && leaked.push(Buffer.alloc(5 * 2 ** 20, 1));
if (behaves === 'leaks') setInterval(leak, 50);

server.listen(Number(process.env.PORT), process.env.RIG_HOST ?? '127.0.0.1', () =>
  console.log(`${version} listens`),
);

process.on('SIGTERM', () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
