import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { acceptChat, leaveChats } from './chat.ts';
import { patternAt } from './pattern.ts';

/*
 * Says in each answer which version and revision gave it. What a bad version does is in version.json: it "crashes" at
 * its start, is "never-ready", is "sick-with-users" (no longer ready once it has users, whom it serves), or
 * "fails-users" (answers some of them 500).
 */
const { version, behaves } = JSON.parse(readFileSync('version.json', 'utf8')) as Record<string, string>;
if (behaves === 'crashes') throw new Error('this version crashes');
/** One request of so many is answered 500 by a version that fails its users. */
const failsEach = 4;
const downloadTickMs = 50;
let served = 0;

const server = createServer((request, response) => void answer(request, response));

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://app');
  if (url.pathname === '/ready') {
    response.writeHead(isReady() ? 200 : 503).end();
    return;
  }
  served += 1;
  response.setHeader('x-version', version ?? '');
  response.setHeader('x-revision', process.env['SLIPWAY_REVISION'] ?? '');
  if (url.pathname === '/download') return download(url.searchParams, response);
  let body = '';
  for await (const chunk of request) body += String(chunk);
  if (url.pathname === '/slow') await sleep(150);
  const fails = behaves === 'fails-users' && served % failsEach === 0;
  response.writeHead(fails ? 500 : 200).end(fails ? 'this version fails\n' : body || 'hello\n');
}

function isReady(): boolean {
  return behaves !== 'never-ready' && !(behaves === 'sick-with-users' && served > 0);
}

/** So many bytes, evenly over so long; half of them without saying how many it will be. */
async function download(query: URLSearchParams, response: ServerResponse): Promise<void> {
  const sizeBytes = Number(query.get('bytes'));
  const ticks = Math.max(1, Math.round(Number(query.get('ms')) / downloadTickMs));
  if (query.get('length') === 'told') response.setHeader('content-length', sizeBytes);
  const closed = new Promise((resolve) => response.once('close', resolve));
  const began = performance.now();
  for (let tick = 1, sent = 0; tick <= ticks && !response.destroyed; tick++) {
    const piece = patternAt(sent, Math.round((sizeBytes * tick) / ticks) - sent);
    sent += piece.length;
    if (!response.write(piece))
      await Promise.race([new Promise((resolve) => response.once('drain', resolve)), closed]);
    await sleep(Math.max(0, began + tick * downloadTickMs - performance.now()));
  }
  response.end();
}

server.on('upgrade', acceptChat);
server.listen(Number(process.env['PORT']), '127.0.0.1', () => console.log(`${version} listens`));

process.on('SIGTERM', () => {
  leaveChats();
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
