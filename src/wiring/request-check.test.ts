import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { RequestCheck } from '../app/index.ts';
import { mismatch, requestFailure } from './request-check.ts';

const check = (more: Partial<RequestCheck> = {}): RequestCheck => ({
  path: '/health',
  status: 200,
  headers: {},
  body: null,
  json: {},
  ...more,
});
const answer = {
  status: 200,
  headers: { 'content-type': 'application/json; charset=utf-8' },
  body: '{"status":"ok","database":{"up":true,"lag":0},"queues":[{"name":"mail"}]}',
};

describe('an answer', () => {
  test.each<[string, Partial<RequestCheck>]>([
    ['the status alone', {}],
    ['a part of a header', { headers: { 'content-type': 'application/json' } }],
    ['a part of the body', { body: '"status":"ok"' }],
    ['values of its JSON', { json: { status: 'ok', 'database.up': true, 'queues.0.name': 'mail' } }],
  ])('is right by %s', (_, more) => expect(mismatch(answer, check(more))).toBeNull());

  test.each<[string, Partial<RequestCheck>]>([
    ['it answered 200, not 401', { status: 401 }],
    [
      'its header content-type is "application/json; charset=utf-8", without "html"',
      { headers: { 'content-type': 'html' } },
    ],
    ['its header x-version is missing, without "2"', { headers: { 'x-version': '2' } }],
    ['its body does not hold "Welcome"', { body: 'Welcome' }],
    ['database.lag is 0, not "0"', { json: { 'database.lag': '0' } }],
    ['database.size is missing, not 1', { json: { 'database.size': 1 } }],
    ['constructor is missing, not null', { json: { constructor: null } }],
  ])('is wrong: %s', (why, more) => expect(mismatch(answer, check(more))).toBe(why));

  test('that is no JSON has no values', () =>
    expect(mismatch({ ...answer, body: 'ok' }, check({ json: { status: 'ok' } }))).toBe(
      'its body is no JSON',
    ));
});

describe('a request', () => {
  let server: Server | null = null;
  afterEach(() => server?.close());
  const listens = async (): Promise<number> => {
    server = createServer((asked, response) => {
      if (asked.url === '/moved') response.writeHead(302, { location: 'http://elsewhere.example/' }).end();
      else if (asked.url === '/silent') return;
      else response.writeHead(500).end(`no such column, for ${String(asked.headers['x-slipway-check'])}\n`);
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  };
  const asks = async (path: string, timeoutMs = 30_000) =>
    requestFailure({
      host: '127.0.0.1',
      port: await listens(),
      name: 'localhost',
      tls: false,
      headers: { 'x-slipway-check': 'ro-1' },
      check: check({ path }),
      timeoutMs,
    });

  test('tells what came instead', async () =>
    expect(await asks('/health')).toEqual({
      why: 'it answered 500, not 200',
      logTail: ['HTTP 500', 'no such column, for ro-1'],
    }));
  test('follows no redirect', async () =>
    expect(await asks('/moved')).toEqual({ why: 'it answered 302, not 200', logTail: ['HTTP 302'] }));
  test('ends after its time', async () =>
    expect(await asks('/silent', 50)).toEqual({ why: 'no answer within 50 ms', logTail: [] }));
});
