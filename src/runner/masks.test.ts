import { describe, expect, test } from 'vitest';
import { LineSplitter } from './line-splitter.ts';
import { Masks } from './masks.ts';

const secret = `p@ss "w'rd" <&> é/+`;

function masksOf(...values: string[]): Masks {
  const masks = new Masks();
  for (const value of values) masks.add(value);
  return masks;
}

describe('masks', () => {
  const forms: [string, string][] = [
    ['as it is', secret],
    ['as JSON', JSON.stringify(secret)],
    ['as JSON within JSON', JSON.stringify(JSON.stringify({ a: secret }))],
    ['in a URI', encodeURIComponent(secret)],
    ['in a form', new URLSearchParams({ v: secret }).toString()],
    [
      'in XML',
      secret
        .replaceAll('&', '&amp;')
        .replaceAll('<', '&lt;')
        .replaceAll('>', '&gt;')
        .replaceAll('"', '&quot;')
        .replaceAll("'", '&apos;'),
    ],
    ['quoted by a shell', `'${secret.replaceAll("'", String.raw`'\''`)}'`],
    ['in an expression', secret.replaceAll("'", "''")],
    ['in base64', Buffer.from(secret).toString('base64')],
    ['in base64url', Buffer.from(secret).toString('base64url')],
  ];
  test.each(forms)('cover the value %s', (_name, text) => {
    expect(masksOf(secret).apply(`before ${text} after`)).toContain('***');
    expect(masksOf(secret).apply(text)).not.toContain(text);
  });

  test.each(['', 'a', 'ab', 'abc', 'user:'])('cover base64 of the value behind %j', (prefix) => {
    const value = 'correct horse battery';
    const encoded = Buffer.from(`${prefix}${value}\n`).toString('base64');
    const masked = masksOf(value).apply(encoded);
    // What is left of both ends are groups that the neighbours share.
    expect(masked.replace('***', '').length).toBeLessThanOrEqual(encoded.length - 24);
  });

  test('cover each line of a value', () => {
    const masks = masksOf('-----BEGIN-----\nline one\nline two\n-----END-----');
    expect(masks.apply('x line two y')).toBe('x *** y');
  });

  test('cover the longer of two secrets that start alike', () => {
    expect(masksOf('token', 'token-long').apply('token-long')).toBe('***');
  });

  test('leave text alone when there is nothing to hide', () => {
    expect(masksOf('', '  ').apply('a b')).toBe('a b');
  });
});

describe('lines', () => {
  function split(chunks: (string | Buffer)[], masks: Masks = masksOf()): string[] {
    const lines: string[] = [];
    const splitter = new LineSplitter({
      onLine: (line) => lines.push(line),
      safeCut: (text, at) => masks.safeCut(text, at),
    });
    for (const chunk of chunks) splitter.push(Buffer.from(chunk as string));
    splitter.end();
    return lines;
  }

  test('come whole, wherever the chunks end', () => {
    const text = 'één\r\ntwo\n\nthree';
    const bytes = Buffer.from(text);
    for (let at = 0; at <= bytes.length; at++) {
      expect(split([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(['één', 'two', '', 'three']);
    }
  });

  test('without an end come in pieces that no secret is cut by', () => {
    const mega = 256 * 1024;
    const text = `${'a'.repeat(mega - 3)}hidden-word${'b'.repeat(2 * mega)}`;
    const masks = masksOf('hidden-word');
    const lines = split([text], masks);
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.join('')).toBe(text);
    expect(lines.map((line) => masks.apply(line)).join('')).toBe(text.replace('hidden-word', '***'));
  });

  test('that are not text do no harm', () => {
    expect(split([Buffer.from([0xff, 0x00, 0xfe, 0x0a, 0x41])])).toEqual(['\ufffd\0\ufffd', 'A']);
  });
});
