import { expect, test } from 'vitest';
import { fitTo, harmless, pad, paint, widthOf } from './text.ts';

test('cells are counted as a terminal counts them', () => {
  expect(widthOf('abc')).toBe(3);
  expect(widthOf('héllo')).toBe(5);
  expect(widthOf('日本')).toBe(4);
  expect(widthOf('🚀 go')).toBe(5);
  expect(widthOf('👨‍👩‍👧')).toBe(2);
  expect(widthOf('\u001b[31mred\u001b[0m')).toBe(3);
});

test('a cut line keeps to its cells and closes its colours', () => {
  expect(fitTo('abcdef', 6)).toBe('abcdef');
  expect(fitTo('abcdef', 5)).toBe('abcd…');
  expect(fitTo('日本語', 4)).toBe('日…');
  expect(fitTo('\u001b[31mabcdef\u001b[39m', 4)).toBe('\u001b[31mabc…\u001b[39m');
  expect(fitTo('a \u001b[2mbcdef\u001b[22m', 4)).toBe('a \u001b[2mb…\u001b[22m');
});

test('padding counts cells, not letters', () => {
  expect(pad('日', 4)).toBe('日  ');
});

test('words of others cannot steer the terminal', () => {
  expect(harmless('a\u001b[2Jb\u0007\tc\rd\u202ee')).toBe('ab  cde');
});

test('colours only where they are wanted', () => {
  expect(paint({ color: false, columns: 80 }, 'red', 'x')).toBe('x');
  expect(paint({ color: true, columns: 80 }, 'red', 'x')).toBe('\u001b[31mx\u001b[39m');
  expect(paint({ color: true, columns: 80 }, 'red', '')).toBe('');
});
