import { LotBook } from './lot-book.ts';
import { RevisionCounts, type CountsSnapshot } from './revision-counts.ts';

/** Counts of every revision of every scope, as they travel between processes. */
export type LedgerSnapshot = Record<string, Record<string, CountsSnapshot>>;

/** Counts by scope and revision. They outlive the routes while anything is in flight. */
export class Ledger {
  /** Sessions by the lots that they drew. They travel apart from the counts. */
  readonly lots = new LotBook();
  readonly #scopes = new Map<string, Map<string, RevisionCounts>>();

  of(scope: string, revision: string): RevisionCounts {
    let revisions = this.#scopes.get(scope);
    if (!revisions) this.#scopes.set(scope, (revisions = new Map()));
    let counts = revisions.get(revision);
    if (!counts) revisions.set(revision, (counts = new RevisionCounts()));
    return counts;
  }

  /** Ids of the revisions of a scope that anything is known of. */
  revisionsOf(scope: string): string[] {
    return [...(this.#scopes.get(scope)?.keys() ?? [])];
  }

  /** Drops revisions that are neither routed nor in flight. */
  forget(scope: string, routed: ReadonlySet<string>): void {
    const revisions = this.#scopes.get(scope);
    for (const [id, counts] of revisions ?? [])
      if (!routed.has(id) && counts.inFlight === 0) revisions?.delete(id);
    this.lots.of(scope).keep(new Set([...routed, ...this.revisionsOf(scope)]));
  }

  add(snapshot: LedgerSnapshot, withInFlight = false): void {
    for (const [scope, revisions] of Object.entries(snapshot))
      for (const [id, counts] of Object.entries(revisions)) this.of(scope, id).add(counts, withInFlight);
  }

  snapshot(scope?: string): LedgerSnapshot {
    return this.#collect((counts) => counts.snapshot(), scope);
  }

  /** The counts so far, which start again from zero here. */
  handOver(): LedgerSnapshot {
    return this.#collect((counts) => counts.handOver());
  }

  #collect(take: (counts: RevisionCounts) => CountsSnapshot, only?: string): LedgerSnapshot {
    const snapshot: LedgerSnapshot = {};
    for (const [scope, revisions] of this.#scopes) {
      if (only !== undefined && scope !== only) continue;
      snapshot[scope] = Object.fromEntries([...revisions].map(([id, counts]) => [id, take(counts)]));
    }
    return snapshot;
  }
}
