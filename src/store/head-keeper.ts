import type { Database, Tx } from './database.ts';
import { listChains, type ChainTip } from './events.ts';
import type { HeadFiles, RollState } from './head-files.ts';

const lingerMs = 50;

/**
 * Keeps the newest link of every chain outside the database, soon after each commit, off the path of the tick.
 *
 * A crash in between leaves a head some links behind; the next open catches up. Heads are written one process at a time
 * (inside a transaction of the database that writes no row), and only from a link that follows the head there is: a
 * chain that was cut off is never signed over.
 */
export class HeadKeeper {
  readonly #database: Database;
  readonly #files: HeadFiles;
  readonly #onError: (error: unknown) => void;
  #touched = new Set<string>();
  #work: Promise<void> | null = null;
  #hurried = 0;
  #endLinger = () => {};

  constructor(database: Database, files: HeadFiles, onError: (error: unknown) => void) {
    this.#database = database;
    this.#files = files;
    this.#onError = onError;
  }

  /** Notes that chains have grown. Returns at once. */
  touch(chains: Iterable<string>): void {
    for (const chain of chains) this.#touched.add(chain);
    if (this.#touched.size > 0) this.#work ??= this.#run();
  }

  /** Brings the heads of all chains up to date, as after a crash. */
  async catchUp(): Promise<void> {
    this.touch((await listChains(this.#database)).map((tip) => tip.chain));
    await this.flush();
  }

  /** Waits until every head noted so far is written, or has failed and was reported. */
  async flush(): Promise<void> {
    this.#hurried += 1;
    this.#endLinger();
    await this.#work;
    this.#hurried -= 1;
  }

  async #run(): Promise<void> {
    while (this.#touched.size > 0) {
      await this.#linger();
      const chains = this.#touched;
      this.#touched = new Set();
      try {
        await this.#keep([...chains]);
      } catch (error) {
        // The chains grow again or the next open catches up; until then their heads are behind, which is legal.
        this.#onError(error);
      }
    }
    this.#work = null;
  }

  /** A busy chain is signed a few times a second, not once a link: two more waits for the disk would double a tick. */
  #linger(): Promise<void> {
    if (this.#hurried > 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, lingerMs).unref();
      this.#endLinger = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #keep(chains: readonly string[]): Promise<void> {
    await this.#database.write(async (tx) => {
      await this.#database.queue(tx, 'heads');
      for (const chain of chains) await this.#keepOne(tx, chain);
    });
  }

  async #keepOne(tx: Tx, chain: string): Promise<void> {
    const tip = await trueTip(tx, chain);
    if (!tip) return;
    const roll = this.#files.readRoll();
    if (!(await this.#mayReplace(tx, tip, roll))) return;
    this.#files.write(tip);
    this.#files.addToRoll(chain, roll);
  }

  /** Anything odd stays as it is, for `audit verify` to name. */
  async #mayReplace(tx: Tx, tip: ChainTip, roll: RollState): Promise<boolean> {
    const kept = this.#files.read(tip.chain, roll);
    if (kept.state === 'none') return roll.state === 'kept';
    if (kept.state !== 'kept' || !this.#files.isSigned(kept.head)) return false;
    if (kept.head.sequence > tip.sequence) return false;
    const anchor = await linkAt(tx, tip.chain, kept.head.sequence);
    if (anchor?.hash !== kept.head.hash) return false;
    const onRoll = roll.state === 'kept' && roll.chains.includes(tip.chain);
    return kept.head.sequence < tip.sequence || !onRoll;
  }
}

/** The newest link, if the chain's row and its last record agree. */
async function trueTip(tx: Tx, chain: string): Promise<ChainTip | undefined> {
  const tip = await tx.selectFrom('chain_heads').selectAll().where('chain', '=', chain).executeTakeFirst();
  if (!tip) return undefined;
  const link = await linkAt(tx, chain, tip.sequence);
  return link?.hash === tip.hash ? tip : undefined;
}

async function linkAt(tx: Tx, chain: string, sequence: number): Promise<{ hash: string } | undefined> {
  const link = tx
    .selectFrom('events')
    .select('hash')
    .where('chain', '=', chain)
    .where('sequence', '=', sequence);
  return link.executeTakeFirst();
}
