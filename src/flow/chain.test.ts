import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  firstPreviousHash,
  headText,
  linkHash,
  verifyChain,
  type ChainLink,
  type HeadState,
} from './chain.ts';
import { describeVerdict } from './verdict-text.ts';

/** Not a good hash, but a pure one: enough to notice a change. */
const hash = (text: string) =>
  `${text.length}:${Array.from(text).reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 1e9, 7)}`;
const sign = (text: string) => `signed ${hash(text)}`;

function chainOf(length: number): ChainLink[] {
  const links: ChainLink[] = [];
  for (let sequence = 1; sequence <= length; sequence++) {
    const previousHash = links.at(-1)?.hash ?? firstPreviousHash;
    const link = {
      chain: 'c',
      sequence,
      atMs: sequence,
      type: 't',
      actor: 'ana',
      data: { sequence },
      previousHash,
    };
    links.push({ ...link, hash: linkHash(link, hash) });
  }
  return links;
}

function headOf(links: readonly ChainLink[], sequence: number): HeadState {
  const facts = { chain: 'c', sequence, hash: links[sequence - 1]?.hash ?? '' };
  return { state: 'kept', head: { ...facts, signature: sign(headText(facts)) } };
}

const verify = (links: readonly ChainLink[], head: HeadState) =>
  verifyChain({ links, head, hash, verifySignature: (text, signature) => signature === sign(text) });

it('is intact under any head of its own, or none', async () => {
  const links = chainOf(4);
  for (const sequence of [1, 3, 4]) {
    expect(await verify(links, headOf(links, sequence))).toEqual({ kind: 'intact', links: 4 });
  }
  expect(await verify(links, { state: 'none' })).toEqual({ kind: 'intact', links: 4 });
  expect(await verify([], { state: 'none' })).toEqual({ kind: 'intact', links: 0 });
});

it('names the first problem, whatever one record suffers', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom('change', 'delete', 'cut'),
      async (at, what) => {
        const links = chainOf(9);
        const head = headOf(links, 9);
        if (what === 'change') links.splice(at - 1, 1, { ...(links[at - 1] as ChainLink), actor: 'eve' });
        else links.splice(at - 1, what === 'cut' ? 9 : 1);
        const expected = {
          change: { kind: 'broken', sequence: at, what: 'content' },
          delete: { kind: 'missing', sequence: at, upTo: at },
          cut: { kind: 'cut-off', sequence: at, upTo: 9 },
        };
        expect(await verify(links, head)).toEqual(
          at === 9 && what === 'delete' ? expected.cut : expected[what],
        );
      },
    ),
  );
});

it('tells what the links say of themselves before what the head says', async () => {
  const links = chainOf(3);
  const head = headOf(links, 3);
  if (head.state === 'kept') head.head.signature = 'forged';
  expect(describeVerdict('c', await verify(links, head))).toBe(
    'chain "c": the signature of its head (record 3) does not match this machine\'s key',
  );
  links.splice(1, 1);
  expect(describeVerdict('c', await verify(links, head))).toBe(
    'chain "c", record 2 is missing: later records are there',
  );
});
