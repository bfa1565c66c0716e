import { readFileSync } from 'node:fs';
import type { InFlight } from '../agent/driver.ts';
import type { StoredScope } from '../embedded/state-file.ts';
import { writeWhole } from '../write-whole.ts';
import { scopeKey } from '../agent/scope-key.ts';
import { dialAddress } from './scope-routes.ts';

interface Known {
  /** Its address as everybody but Caddy writes it. */
  copy: string;
  scope: string;
  revision: string;
  routed: boolean;
}

/** Whose an address is. Revisions that left are known while they have requests, also by an agent that comes later. */
export class KnownRevisions {
  readonly #file: string;
  readonly #scopes = new Map<string, string>();
  #byAddress: Map<string, Known>;

  constructor(file: string) {
    this.#file = file;
    this.#byAddress = readKnown(file);
    for (const { scope } of this.#byAddress.values()) this.#scopes.set(scopeKey(scope), scope);
  }

  /** The scope that the log calls so. */
  scopeOf(key: string): string | undefined {
    return this.#scopes.get(key);
  }

  /** These are routed now. Kept on disk before the return. */
  async learn(scopes: readonly StoredScope[]): Promise<void> {
    for (const [address, known] of this.#byAddress) this.#byAddress.set(address, { ...known, routed: false });
    for (const { routes } of scopes) {
      const { scope } = routes;
      this.#scopes.set(scopeKey(scope), scope);
      for (const { id: revision, endpoints } of routes.revisions)
        for (const { host, port } of endpoints)
          this.#byAddress.set(dialAddress(host, port), {
            copy: `${host}:${port}`,
            scope,
            revision,
            routed: true,
          });
    }
    await writeWhole(this.#file, JSON.stringify([...this.#byAddress]));
  }

  /** Requests by revision, of those by address. Revisions that left and have none are forgotten. */
  inFlight(requests: ReadonlyMap<string, number>): InFlight[] {
    const counts = new Map<string, InFlight>();
    for (const [address, { copy, scope, revision, routed }] of this.#byAddress) {
      const count = requests.get(address) ?? 0;
      if (count === 0) {
        if (!routed) this.#byAddress.delete(address);
        continue;
      }
      const id = `${scope}\n${revision}`;
      const others = counts.get(id) ?? { count: 0, at: {} };
      counts.set(id, {
        scope,
        revision,
        count: count + others.count,
        at: { ...others.at, [copy]: count },
      });
    }
    return [...counts.values()];
  }
}

function readKnown(file: string): Map<string, Known> {
  try {
    return new Map(JSON.parse(readFileSync(file, 'utf8')) as [string, Known][]);
  } catch {
    return new Map();
  }
}
