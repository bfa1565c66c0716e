import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ProtocolError, ResponseParser, type AppHead } from './response-parser.ts';

interface Read {
  head: AppHead | undefined;
  body: string;
  trailers: [string, string][] | undefined;
  reusable: boolean;
}

/** Feeds bytes in pieces that end at the given places. */
function read(text: string, options: { method?: string; cuts?: number[]; closes?: boolean } = {}): Read {
  const result: Read = { head: undefined, body: '', trailers: undefined, reusable: false };
  const parser = new ResponseParser({
    onHead: (head) => (result.head = head),
    onBody: (bytes) => (result.body += bytes.toString('latin1')),
    onEnd: (trailers) => (result.trailers = trailers),
  });
  parser.begin(options.method ?? 'GET');
  const bytes = Buffer.from(text, 'latin1');
  const cuts = [0, ...(options.cuts ?? []).toSorted((a, b) => a - b), bytes.length];
  for (const [index, start] of cuts.entries()) {
    const piece = Buffer.from(bytes.subarray(start, cuts[index + 1] ?? bytes.length));
    parser.read(piece);
    // Bytes are only lent: whoever keeps a view instead of a copy would read this.
    piece.fill(0x21);
  }
  if (options.closes) parser.end();
  result.reusable = parser.reusable;
  return result;
}

const whole = {
  length: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nhello',
  chunked:
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\nSum: 1\r\nConnection: x\r\n\r\n',
  interim:
    'HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nhello',
};

test('however the bytes arrive, the same is read', () => {
  for (const [kind, text] of Object.entries(whole))
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 12 }), (cuts) => {
        const { head, body, trailers, reusable } = read(text, { cuts });
        expect([head?.status, head?.headers.slice(-2), body, reusable]).toEqual([
          200,
          ['X', 'y'],
          'hello',
          true,
        ]);
        expect(trailers).toEqual(kind === 'chunked' ? [['Sum', '1']] : []);
      }),
    );
});

describe('where a response ends', () => {
  test.each([
    ['HEAD has no body', 'HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', true],
    ['204 has none', 'GET', 'HTTP/1.1 204 No Content\r\n\r\n', true],
    [
      '304 has none, though its length says so',
      'GET',
      'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n',
      false,
    ],
    ['length 0', 'GET', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', true],
    ['the app closes', 'GET', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n', false],
    ['HTTP/1.0', 'GET', 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n', false],
    [
      'HTTP/1.0 that stays',
      'GET',
      'HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n',
      true,
    ],
  ])('%s', (_name, method, text, reusable) => {
    const result = read(text, { method });
    expect([result.trailers, result.reusable]).toEqual([[], reusable]);
  });

  test('without a length it ends with the connection', () => {
    const text = 'HTTP/1.1 200 OK\r\n\r\nhello';
    expect(read(text).trailers).toBeUndefined();
    expect(read(text, { closes: true })).toMatchObject({ body: 'hello', trailers: [], reusable: false });
  });

  test.each([
    'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
    'HTTP/1.1 200',
    '',
  ])('a connection that ends early is an error, not an end: %j', (text) => {
    expect(() => read(text, { closes: true })).toThrow(ProtocolError);
  });
});

describe('what is refused', () => {
  test.each([
    'HTTP/2 200 OK\r\n\r\n',
    'HTTP/1.1 99 No\r\n\r\n',
    'HTTP/1.1 101 Switching\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello',
    'HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n',
    'HTTP/1.1 200 OK\r\nX : y\r\n\r\n',
    'HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n',
    'HTTP/1.1 200 OK\r\nX: a\nSet-Cookie: b\r\n\r\n',
    'HTTP/1.1 200 OK\r\nno colon\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\n\r\n',
  ])('%j', (text) => {
    expect(() => read(text)).toThrow(ProtocolError);
  });
});

test('a head without end is refused', () => {
  expect(() => read(`HTTP/1.1 200 OK\r\nX: ${'y'.repeat(70_000)}`)).toThrow(ProtocolError);
});

test('headers that end at the router, or that Connection names, go no further', () => {
  const { head } = read(
    'HTTP/1.1 200 OK\r\nConnection: x-hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nUpgrade: h2c\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 0\r\n\r\n',
  );
  expect(head?.headers).toEqual(['Set-Cookie', 'a', 'Set-Cookie', 'b', 'Content-Length', '0']);
});
