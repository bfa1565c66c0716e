import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { readRequestHead } from './request-head.ts';

function read(rawHeaders: string[], more: Partial<IncomingMessage> = {}) {
  return readRequestHead({
    method: 'GET',
    url: '/',
    httpVersionMinor: 1,
    rawHeaders,
    ...more,
  } as IncomingMessage);
}

test.each([
  ['shop.example.com', 'shop.example.com'],
  ['SHOP.example.com:8080', 'shop.example.com'],
  ['[::1]:80', '[::1]'],
  ['[::1]', '[::1]'],
])('Host %s is the host %s', (value, host) => {
  expect(read(['Host', value])).toMatchObject({ kind: 'request', host });
});

test.each(['a/b', 'a b', 'a@b', 'a:b', '[::1', 'a:123456'])('Host "%s" is refused', (value) => {
  expect(read(['Host', value])).toEqual({ kind: 'bad', reason: 'the Host header is not a host name' });
});

test('headers that Connection names stay behind, the one that frames the body does not', () => {
  const head = read([
    'Host',
    'a',
    'Connection',
    'close, X-Hop, content-length',
    'x-hop',
    '1',
    'Content-Length',
    '3',
  ]);
  expect(head).toMatchObject({
    hasBody: true,
    headers: ['Content-Length', '3', 'host', 'a', 'x-forwarded-host', 'a'],
  });
});

test('an absolute target replaces Host and loses its authority', () => {
  expect(read(['Host', 'a'], { url: 'http://b:81?q' })).toMatchObject({ host: 'b', path: '/?q' });
  expect(read(['Host', 'a'], { url: 'http://user@b/' })).toMatchObject({ kind: 'bad' });
  expect(read(['Host', 'a'], { url: '*', method: 'OPTIONS' })).toMatchObject({ path: '*' });
});

test('a client of HTTP/1.0 need not name a host', () => {
  expect(read([], { httpVersionMinor: 0 })).toMatchObject({ host: '' });
  expect(read([])).toEqual({ kind: 'bad', reason: 'no Host header' });
});
