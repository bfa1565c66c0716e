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

  test('leave nothing of secrets that overlap or touch', () => {
    const masks = masksOf('abcdef', 'defghi', 'x', 'yz');
    expect(masks.apply('1abcdefghi2xyz3')).toBe('1***2***3');
    expect(masks.apply('xx')).toBe('***');
  });

  test.each([
    ['the halves that PowerShell prints', 'first-part&second-part', ['first-part&', 'second-part']],
    ['what is left without quotes', `'quoted value'`, ['quoted value']],
    ['what is left without spaces', ' ab ', ['ab']],
    [
      'escapes of a JSON writer that knows only ASCII',
      'p\u00e9ch\u00e9-\ud83d\ude00',
      [String.raw`p\u00e9ch\u00e9-\ud83d\ude00`],
    ],
    ['escapes of printf %q', 'a b$c&d', [String.raw`a\ b\$c\&d`]],
    ['escapes in a workflow command', '100%,a:b', ['100%25,a:b', '100%25%2Ca%3Ab']],
    ['lower-case URI escapes', 'a/b+c=d', ['a%2fb%2bc%3dd']],
    ['a lone surrogate', 'half-\ud83d-pair', ['half-\ud83d-pair']],
  ])('cover %s', (_name, value, forms) => {
    for (const form of forms) expect(masksOf(value).apply(`<${form}>`)).toBe('<***>');
  });

  test('find what stands at the end, and nothing in what is shorter', () => {
    expect(masksOf('secret').apply('a secret')).toBe('a ***');
    expect(masksOf('secret').apply('s')).toBe('s');
    expect(masksOf('secret').apply('')).toBe('');
  });

  test('leave text alone when there is nothing to hide', () => {
    expect(masksOf('', '  ').apply('a b')).toBe('a b');
  });
});

describe('lines', () => {
  function split(chunks: (string | Buffer)[], masks: Masks = masksOf()): string[] {
    const lines: string[] = [];
    const splitter = new LineSplitter({
      onLines: (some) => lines.push(...some),
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

  test('end with a lone return too, with which progress bars start over', () => {
    expect(split(['10%\r20%\r', '\n30%\r\r\nend'])).toEqual(['10%', '20%', '30%', '', 'end']);
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
