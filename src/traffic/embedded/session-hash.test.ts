import { expect, test } from 'vitest';
import { sessionHash } from './session-hash.ts';

test('clients behind one address are told apart by what they use', () => {
  expect(sessionHash('192.0.2.1', 'a')).not.toBe(sessionHash('192.0.2.1', 'b'));
  expect(sessionHash('ab', 'c')).not.toBe(sessionHash('a', 'bc'));
});
