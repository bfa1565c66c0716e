import type { SessionLot } from '../../delivery/index.ts';
import { SessionLots, type LotsSnapshot, type SessionNews } from './session-lots.ts';

/** By scope. */
export type BookSnapshot = Record<string, LotsSnapshot>;
export type BookNews = Record<string, SessionNews[]>;

/** The lots of all scopes. */
export class LotBook {
  readonly #scopes = new Map<string, SessionLots>();

  of(scope: string): SessionLots {
    let lots = this.#scopes.get(scope);
    if (!lots) this.#scopes.set(scope, (lots = new SessionLots()));
    return lots;
  }

  /** As the `Router` port tells them; of a scope that nobody knows, none. */
  told(scope: string): SessionLot[] {
    return this.#scopes.get(scope)?.toLots() ?? [];
  }

  snapshot(): BookSnapshot {
    return this.#collect((lots) => lots.snapshot());
  }

  /** @param book - Undefined from a process that did not follow sessions yet. */
  load(book: BookSnapshot | undefined): void {
    for (const [scope, lots] of Object.entries(book ?? {})) this.of(scope).load(lots);
  }

  handOver(): BookSnapshot {
    return this.#collect((lots) => lots.handOver());
  }

  takeBack(): void {
    for (const lots of this.#scopes.values()) lots.takeBack();
  }

  news(): BookNews {
    return this.#collect((lots) => lots.news());
  }

  /** @param news - Undefined from a process that did not follow sessions yet. */
  add(news: BookNews | undefined): void {
    for (const [scope, ofScope] of Object.entries(news ?? {})) this.of(scope).add(ofScope);
  }

  #collect<T>(take: (lots: SessionLots) => T): Record<string, T> {
    return Object.fromEntries([...this.#scopes].map(([scope, lots]) => [scope, take(lots)]));
  }
}
