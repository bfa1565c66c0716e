import { expect, test } from 'vitest';
import { LineFields, Lines } from './line-fields.ts';

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
