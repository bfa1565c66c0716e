import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { saveBody } from './save-body.ts';

let root: string;
let server: Server;
let file: string;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'sw-body-'));
  server = createServer((incoming, response) => {
    saveBody(incoming, file).then(
      () => response.end('saved'),
      (error: NodeJS.ErrnoException) => response.writeHead(507).end(error.code),
    );
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(root, { recursive: true });
});

async function send(body: Buffer): Promise<string> {
  const { port } = server.address() as AddressInfo;
  const outgoing = request({ port, host: '127.0.0.1', method: 'PUT' });
  outgoing.end(body);
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  const text: string[] = [];
  for await (const chunk of response.setEncoding('utf8')) text.push(chunk as string);
  return text.join('');
}

test('a body is saved whole, for its owner alone', async () => {
  file = join(root, 'body');
  expect(await send(Buffer.alloc(3_000_000, 7))).toBe('saved');
  expect(readFileSync(file).equals(Buffer.alloc(3_000_000, 7))).toBe(true);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test.each([1, 3_000_000])('who sends %i bytes to a full disk is told', async (bytes) => {
  file = '/dev/full';
  for (let again = 0; again < 20; again++) expect(await send(Buffer.alloc(bytes, 7))).toBe('ENOSPC');
});
