import { describe, expect, test } from 'vitest';
import { parseBytes, parseDurationMs, splitCommand } from './units.ts';

test.each([
  ['0', 0],
  ['1024', 1024],
  ['1b', 1],
  ['1k', 1024],
  ['64K', 65_536],
  ['512m', 536_870_912],
  ['1.5g', 1_610_612_736],
  ['1GB', 1_073_741_824],
  ['1GiB', 1_073_741_824],
  ['2 t', 2_199_023_255_552],
  ['', null],
  ['-1', null],
  ['1x', null],
  ['512 megabytes', null],
])('%s is %s bytes', (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes);
});

test.each([
  ['0', 0],
  ['0s', 0],
  ['500ms', 500],
  ['1.5s', 1_500],
  ['1m30s', 90_000],
  ['1h5m30s20ms', 3_930_020],
  ['2d', 172_800_000],
  ['100us', 0.1],
  ['30', null],
  ['1 m', null],
  ['m', null],
  ['', null],
  ['-1s', null],
])('%s is %s ms', (text, ms) => {
  expect(parseDurationMs(text)).toBe(ms);
});

describe('a command line', () => {
  test.each([
    ['npm start', ['npm', 'start'], null],
    ['  a\n b\t', ['a', 'b'], null],
    [`sh -c 'a && b'`, ['sh', '-c', 'a && b'], null],
    [`a "b c" d`, ['a', 'b c', 'd'], null],
    [`a"b"'c'`, ['abc'], null],
    [`a ""`, ['a', ''], null],
    ['a\\ b', ['a b'], null],
    [`"a \\" b"`, ['a " b'], null],
    ['a && b', ['a'], '&&'],
    ['a|b', ['a'], '|'],
    ['a 2>x', ['a'], '>'],
    ['', [], null],
  ])('%s', (line, words, operator) => {
    expect(splitCommand(line)).toEqual({ words, operator });
  });

  test.each([`a "b`, `a 'b`])('%s leaves a quote open', (line) => {
    expect(splitCommand(line)).toBeNull();
  });
});
