import { canonicalJson } from './canonical-json.ts';
import type { StoredEvent } from './types.ts';

/** An event as its chain sees it. */
export type ChainLink = Omit<StoredEvent, 'id'>;

/** The newest link of a chain as signed and kept outside the database. */
export interface ChainHead {
  chain: string;
  sequence: number;
  hash: string;
  /** Over `headText(head)`; how it is spelt is the signer's matter. */
  signature: string;
}

/** What was found where a chain's head is kept. `none`: this machine has never kept a head of the chain. */
export type HeadState =
  | { state: 'kept'; head: ChainHead }
  | { state: 'none' }
  | { state: 'missing' }
  | { state: 'damaged'; reason: string };

/**
 * The first problem of a chain, or that it has none.
 *
 * In order of precedence: what the links say about themselves, from the first to the newest (`broken`, `missing`); then
 * whether the head can be believed (`head-missing`, `head-damaged`, `bad-signature`); then what a believed head says
 * about the links (`broken`: another link than the signed one; `cut-off`: links up to the signed one are gone).
 */
export type ChainVerdict =
  | { kind: 'intact'; links: number }
  | { kind: 'broken'; sequence: number; what: 'content' | 'replaced' | 'not-the-signed-one' }
  | { kind: 'missing'; sequence: number; upTo: number }
  | { kind: 'cut-off'; sequence: number; upTo: number }
  | { kind: 'bad-signature'; sequence: number }
  | { kind: 'head-missing' }
  | { kind: 'head-damaged'; reason: string };

/** What the first link of a chain has in place of a previous hash. */
export const firstPreviousHash = '0'.repeat(64);

/** Text that the head's signature covers. */
export function headText(head: Pick<ChainHead, 'chain' | 'sequence' | 'hash'>): string {
  return canonicalJson({ chain: head.chain, sequence: head.sequence, hash: head.hash });
}

/** The hash that a link must carry: over everything but its place in the whole log and the hash itself. */
export function linkHash(link: Omit<ChainLink, 'hash'>, hash: (text: string) => string): string {
  const { chain, sequence, atMs, type, actor, data, previousHash } = link;
  return hash(canonicalJson({ chain, sequence, atMs, type, actor, data, previousHash }));
}

interface Verification {
  /** Links of one chain by ascending sequence, as stored; read once, so they may come in pages. */
  links: AsyncIterable<ChainLink> | Iterable<ChainLink>;
  head: HeadState;
  hash: (text: string) => string;
  verifySignature: (text: string, signature: string) => boolean;
}

/**
 * Checks one chain from its first link to its signed head, and names the first problem exactly.
 *
 * A head some links behind the newest is no problem when it matches its own link: a crash came between a commit and the
 * writing of its head.
 */
export async function verifyChain(verification: Verification): Promise<ChainVerdict> {
  const { head } = verification;
  const signedSequence = head.state === 'kept' ? head.head.sequence : 0;
  const walk = await walkLinks(verification, signedSequence);
  if (walk.problem) return walk.problem;
  if (head.state === 'missing') return { kind: 'head-missing' };
  if (head.state === 'damaged') return { kind: 'head-damaged', reason: head.reason };
  if (head.state === 'none') return { kind: 'intact', links: walk.links };
  if (!verification.verifySignature(headText(head.head), head.head.signature)) {
    return { kind: 'bad-signature', sequence: signedSequence };
  }
  if (signedSequence > walk.links) return { kind: 'cut-off', sequence: walk.links + 1, upTo: signedSequence };
  if (walk.signedHash !== head.head.hash) {
    return { kind: 'broken', sequence: signedSequence, what: 'not-the-signed-one' };
  }
  return { kind: 'intact', links: walk.links };
}

interface Walk {
  problem?: ChainVerdict;
  links: number;
  signedHash?: string;
}

async function walkLinks({ links, hash }: Verification, signedSequence: number): Promise<Walk> {
  let previous = { sequence: 0, hash: firstPreviousHash };
  let signedHash: string | undefined;
  for await (const link of links) {
    const problem = problemOf(link, previous, hash);
    if (problem) return { problem, links: previous.sequence };
    if (link.sequence === signedSequence) signedHash = link.hash;
    previous = link;
  }
  return signedHash === undefined ? { links: previous.sequence } : { links: previous.sequence, signedHash };
}

function problemOf(
  link: ChainLink,
  previous: { sequence: number; hash: string },
  hash: (text: string) => string,
): ChainVerdict | undefined {
  const expected = previous.sequence + 1;
  if (link.sequence > expected) return { kind: 'missing', sequence: expected, upTo: link.sequence - 1 };
  if (linkHash(link, hash) !== link.hash) return { kind: 'broken', sequence: link.sequence, what: 'content' };
  if (link.previousHash !== previous.hash) {
    // This link still carries its own true hash, so it is the one before that was put in another's place.
    return { kind: 'broken', sequence: Math.max(1, previous.sequence), what: 'replaced' };
  }
  return undefined;
}
