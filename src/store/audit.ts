import type { Finding } from '../diagnostics/index.ts';
import { describeVerdict, verifyChain, type ChainVerdict, type HeadState } from '../flow/index.ts';
import type { Database } from './database.ts';
import { listChains, readLinks, sha256 } from './events.ts';
import type { HeadFiles, RollState } from './head-files.ts';
import type { HeadKeeper } from './head-keeper.ts';

/** What was found out about one chain. */
export interface ChainAudit {
  chain: string;
  verdict: ChainVerdict;
  /** The verdict in one sentence. */
  message: string;
}

/** The whole of an audit. */
export interface AuditReport {
  intact: boolean;
  /** By name. */
  chains: ChainAudit[];
  /** Every problem, ready to print; empty exactly when `intact`. */
  problems: Finding[];
}

/** Checks the event chains against themselves and against the heads kept outside the database. */
export class Audit {
  readonly #database: Database;
  readonly #files: HeadFiles;
  readonly #keeper: HeadKeeper;

  constructor(database: Database, files: HeadFiles, keeper: HeadKeeper) {
    this.#database = database;
    this.#files = files;
    this.#keeper = keeper;
  }

  /** Verifies one chain, or all that the database or the heads know of. Changes nothing. */
  async verify(only?: string): Promise<AuditReport> {
    await this.#keeper.flush();
    // Heads first: what commits while we read makes the chain longer than its head, which is legal; never shorter.
    const roll = this.#files.readRoll();
    const rolled = roll.state === 'kept' ? roll.chains : [];
    const withHead = new Set([...this.#files.chains(), ...rolled]);
    const heads = new Map([...withHead].map((chain) => [chain, this.#files.read(chain, roll)]));
    const known = [...new Set([...withHead, ...(await chainsInDatabase(this.#database))])].sort();
    const chains: ChainAudit[] = [];
    for (const chain of known.filter((name) => only === undefined || name === only)) {
      const verdict = await this.#verdictOf(chain, heads.get(chain) ?? { state: 'none' });
      chains.push({ chain, verdict, message: describeVerdict(chain, verdict) });
    }
    const problems = [...rollProblems(roll), ...chains.flatMap(problemsOf), ...unknownChain(only, known)];
    return { intact: problems.length === 0, chains, problems };
  }

  async #verdictOf(chain: string, head: HeadState): Promise<ChainVerdict> {
    const verdict = await verifyChain({
      links: readLinks(this.#database, chain),
      head,
      hash: sha256,
      verifySignature: (_text, signature) =>
        head.state === 'kept' && this.#files.isSigned({ ...head.head, signature }),
    });
    if (verdict.kind !== 'intact') return verdict;
    const tip = await this.#database.read((db) =>
      db.selectFrom('chain_heads').select('sequence').where('chain', '=', chain).executeTakeFirst(),
    );
    const newest = await this.#database.read((db) =>
      db
        .selectFrom('events')
        .select(({ fn }) => fn.max('sequence').as('sequence'))
        .where('chain', '=', chain)
        .executeTakeFirst(),
    );
    const last = newest?.sequence ?? 0;
    // The unsigned tail, too, leaves a trace: the row that tells writers where to go on.
    return tip && tip.sequence > last ? { kind: 'cut-off', sequence: last + 1, upTo: tip.sequence } : verdict;
  }
}

async function chainsInDatabase(database: Database): Promise<string[]> {
  const tips = await listChains(database);
  const events = await database.read((db) => db.selectFrom('events').select('chain').distinct().execute());
  return [...tips, ...events].map((row) => row.chain);
}

const help =
  'compare with a backup of the database and with the copies of <home>/heads; nothing that Slipway does causes this';

function problemsOf({ verdict, message }: ChainAudit): Finding[] {
  if (verdict.kind === 'intact') return [];
  return [{ code: `store/audit-${verdict.kind}`, severity: 'error', message, notes: [], help }];
}

function rollProblems(roll: RollState): Finding[] {
  if (roll.state === 'kept') return [];
  const message =
    roll.state === 'missing'
      ? 'the roll of signed heads (heads.json) is gone, so a head that was deleted would not show'
      : `the roll of signed heads (heads.json) is damaged: ${roll.reason}`;
  return [{ code: `store/audit-roll-${roll.state}`, severity: 'error', message, notes: [], help }];
}

function unknownChain(only: string | undefined, known: readonly string[]): Finding[] {
  if (only === undefined || known.includes(only)) return [];
  return [
    {
      code: 'store/no-such-chain',
      severity: 'error',
      message: `there is no chain "${only}"`,
      notes: [`chains: ${known.map((chain) => `"${chain}"`).join(', ') || 'none yet'}`],
      help: 'run `slipway audit verify` without a name to check them all',
    },
  ];
}
