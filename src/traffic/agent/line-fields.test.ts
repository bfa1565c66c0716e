import { expect, test } from 'vitest';
import { sessionHash } from '../embedded/session-hash.ts';
import { LineFields, Lines, SteadyText } from './line-fields.ts';

test('lines are told once they are whole, however the bytes come', () => {
  const bytes = Buffer.from('one\n\nthree is long\nhalf');
  for (let size = 1; size <= bytes.length; size++) {
    const lines = new Lines();
    const told: string[] = [];
    for (let at = 0; at < bytes.length; at += size)
      lines.take(bytes.subarray(at, at + size), (from, start, end) =>
        told.push(from.toString('utf8', start, end)),
      );
    expect(told).toEqual(['one', '', 'three is long']);
    expect(lines.rest.toString()).toBe('half');
  }
});

test('fields are read from left to right, and are empty behind the last', () => {
  const bytes = Buffer.from('x 42  v7 4x -');
  const fields = new LineFields(bytes, { start: 2, end: bytes.length, separator: 0x20 });
  expect([fields.next().number(), fields.isLast]).toEqual([42, false]);
  expect([fields.next().length, fields.number()]).toEqual([0, NaN]);
  expect([fields.next().text(), fields.number(1), fields.startsWith('v'), fields.is('v')]).toEqual([
    'v7',
    7,
    true,
    false,
  ]);
  expect([fields.next().number(), fields.letter(1), fields.letter(2)]).toEqual([NaN, 0x78, NaN]);
  expect([fields.next().is('-'), fields.isLast]).toEqual([true, true]);
  expect([fields.next().text(), fields.length, fields.isLast]).toEqual(['', 0, false]);
});

const lineOf = (text: string) =>
  new LineFields(Buffer.from(text), { start: 0, end: Buffer.byteLength(text), separator: 0x20 });

test('a session is the same whether its texts are hashed or the bytes of their fields', () => {
  const fields = lineOf('2001:db8::1 Mozilla/5.0-\u00fc  end');
  const client = fields.next().hash();
  expect(client).toBe(sessionHash('2001:db8::1'));
  const agent = Buffer.from('Mozilla/5.0-\u00fc').toString('latin1');
  expect(fields.next().hashAfter(client)).toBe(sessionHash('2001:db8::1', agent));
  expect(fields.next().hash()).toBe(sessionHash(''));
});

test('seconds with three decimals are read as milliseconds, and nothing else is', () => {
  const fields = lineOf('0.003 12.345 1.5 7 - 0,003 .250');
  const read = Array.from({ length: 7 }, () => fields.next().thousandths());
  expect(read).toEqual([3, 12_345, NaN, NaN, NaN, NaN, 250]);
});

test('a text that repeats is made once', () => {
  const fields = lineOf('r7 r7 r70 r7');
  const steady = new SteadyText();
  expect(Array.from({ length: 4 }, () => steady.of(fields.next()))).toEqual(['r7', 'r7', 'r70', 'r7']);
});
