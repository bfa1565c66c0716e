import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTypist, type Typist } from './typist.ts';

/* Types what the page says, and compares what it shows with what comes. */

let typist: Typist;

beforeAll(async () => {
  typist = await openTypist();
});

afterAll(() => typist.close());

test('docs/flags.md shows what really comes', async () => {
  expect((await typist.typePage('docs/flags.md')).join('\n\n')).toBe('');
});
