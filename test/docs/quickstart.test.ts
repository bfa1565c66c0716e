import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTypist, type Typist } from './typist.ts';

/* Types what these pages say, in order, and compares what each shows with what comes. */

let typist: Typist;

beforeAll(async () => {
  typist = await openTypist();
});

afterAll(() => typist.close());

test.each(['docs/quickstart.md', 'docs/plan.md'])(
  '%s shows what really comes',
  async (page) => {
    typist.folder = typist.root;
    const wrong = await typist.typePage(page);
    typist.folder = typist.root;
    await typist.type('slipway down --all');
    expect(wrong.join('\n\n')).toBe('');
  },
  400_000,
);
