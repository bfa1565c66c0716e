import { expect, test } from 'vitest';
import { commandsOf, showsTruth } from './console.ts';

test('a console block is commands with what they print', () => {
  expect(commandsOf('$ a\n1\n2\n$ b\n')).toEqual([
    { command: 'a', shown: ['1', '2'] },
    { command: 'b', shown: [] },
  ]);
});

test('what differs from run to run does not matter, and all else does', () => {
  expect(showsTruth(['up 1m, 50ad7ab, process 7'], ['up   3s, 123abcd, process 12'])).toBe(true);
  expect(showsTruth(['took 14s'], ['took 1m 08s'])).toBe(true);
  expect(showsTruth(['serves r1'], ['serves r2'])).toBe(false);
  expect(showsTruth([], ['something'])).toBe(false);
  expect(showsTruth(['something'], [])).toBe(false);
});

test('an ellipsis stands for anything within a line, and alone for any number of lines', () => {
  expect(showsTruth(['a … c (x)'], ['a b c (x)'])).toBe(true);
  expect(showsTruth(['a', '…', 'z'], ['a', 'b', 'c', 'z'])).toBe(true);
  expect(showsTruth(['a', '…'], ['a'])).toBe(true);
  expect(showsTruth(['a', '…', 'z'], ['a', 'b'])).toBe(false);
});
