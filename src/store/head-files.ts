import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { canonicalJson, headText, type ChainHead, type HeadState } from '../flow/index.ts';
import type { AuditKey } from './audit-key.ts';
import { readIfThere, writeDurably } from './durable-file.ts';
import type { ChainTip } from './events.ts';

const headShape = z.strictObject({
  chain: z.string(),
  sequence: z.int().min(1),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  signature: z.string(),
});

const rollShape = z.strictObject({ chains: z.array(z.string()), signature: z.string() });

/** The roll of chains whose heads are kept here, or why it cannot be believed. */
export type RollState =
  { state: 'kept'; chains: string[] } | { state: 'missing' } | { state: 'damaged'; reason: string };

/**
 * The signed heads of the chains, one file each in `<home>/heads`, and `<home>/heads.json`, the signed roll of them, by
 * which a head that was deleted shows.
 */
export class HeadFiles {
  readonly #home: string;
  readonly #key: AuditKey;

  constructor(home: string, key: AuditKey) {
    this.#home = home;
    this.#key = key;
    if (key.isNew) this.#writeRoll([]);
  }

  /** Where a chain's head is; every name is one file name, whatever it holds. */
  fileOf(chain: string): string {
    return join(this.#home, 'heads', `${encodeURIComponent(chain)}.json`);
  }

  /** What is kept of a chain, not yet checked against its signature. */
  read(chain: string, roll: RollState): HeadState {
    const text = readIfThere(this.fileOf(chain));
    if (text === null) {
      const expected = roll.state === 'kept' && roll.chains.includes(chain);
      return { state: expected ? 'missing' : 'none' };
    }
    const parsed = headShape.safeParse(parseJson(text));
    if (!parsed.success) return { state: 'damaged', reason: `${this.fileOf(chain)} is not a head` };
    if (parsed.data.chain === chain) return { state: 'kept', head: parsed.data };
    return { state: 'damaged', reason: `${this.fileOf(chain)} is the head of "${parsed.data.chain}"` };
  }

  isSigned(head: ChainHead): boolean {
    return this.#key.verify(headText(head), head.signature);
  }

  /** Signs a link and keeps it as the head; the caller sees to it that heads never go back. */
  write({ chain, sequence, hash }: ChainTip): void {
    const signature = this.#key.sign(headText({ chain, sequence, hash }));
    writeDurably(this.fileOf(chain), `${canonicalJson({ chain, sequence, hash, signature })}\n`, 0o600);
  }

  readRoll(): RollState {
    const text = readIfThere(this.#rollFile);
    if (text === null) return { state: 'missing' };
    const parsed = rollShape.safeParse(parseJson(text));
    if (!parsed.success) return { state: 'damaged', reason: 'it is not a list of chains' };
    const { chains, signature } = parsed.data;
    if (this.#key.verify(canonicalJson(chains), signature)) return { state: 'kept', chains };
    return { state: 'damaged', reason: "its signature does not match this machine's key" };
  }

  addToRoll(chain: string, roll: RollState): void {
    if (roll.state === 'kept' && !roll.chains.includes(chain))
      this.#writeRoll([...roll.chains, chain].sort());
  }

  /** Chains that have a head here, on the roll or not. */
  chains(): string[] {
    return namesIn(join(this.#home, 'heads'))
      .filter((name) => name.endsWith('.json'))
      .map((name) => decodeURIComponent(name.slice(0, -'.json'.length)));
  }

  get #rollFile(): string {
    return join(this.#home, 'heads.json');
  }

  #writeRoll(chains: string[]): void {
    const signature = this.#key.sign(canonicalJson(chains));
    writeDurably(this.#rollFile, `${canonicalJson({ chains, signature })}\n`, 0o600);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
