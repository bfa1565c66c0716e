import type { StoredScope } from '../embedded/state-file.ts';
import { kernelAddress } from '../nginx/sockets.ts';
import type { KnownRevision } from './in-flight.ts';
import { serviceName } from './names.ts';

/** A request that was on its way when its revision was closed has got its number by then. */
const closingMs = 1_000;

interface Known extends KnownRevision {
  service: string;
  closedAtMs: number;
}

/** Revisions by the names that Traefik knows them by. Those that left are remembered while they have requests. */
export class KnownRevisions {
  readonly #byService = new Map<string, Known>();

  get all(): readonly KnownRevision[] {
    return [...this.#byService.values()];
  }

  revisionOf(service: string): { scope: string; revision: string } | undefined {
    return this.#byService.get(service);
  }

  /** Names that are about to be used. */
  announce(scopes: readonly StoredScope[], sessionKey: Buffer): void {
    for (const { routes } of scopes)
      for (const { id: revision, endpoints } of routes.revisions) {
        const service = serviceName(sessionKey, routes.scope, revision);
        const before = this.#byService.get(service);
        const now = endpoints.map(({ host, port }): [string, string] => [
          kernelAddress(host, port),
          `${host}:${port}`,
        ]);
        this.#byService.set(service, {
          service,
          scope: routes.scope,
          revision,
          routed: true,
          reach: 'open',
          closedAtMs: 0,
          addresses: new Map([...(before?.addresses ?? []), ...now]),
        });
      }
  }

  /** These scopes are in force from now on, and nothing before them. */
  settled(scopes: readonly StoredScope[], sessionKey: Buffer, nowMs: number): void {
    const reach = new Map(
      scopes.flatMap(({ routes }) =>
        routes.revisions.map(({ id, weightPercent }): [string, boolean] => [
          serviceName(sessionKey, routes.scope, id),
          !routes.maintenance && (weightPercent > 0 || routes.pins.some((pin) => pin.revision === id)),
        ]),
      ),
    );
    for (const known of this.#byService.values()) {
      known.routed = reach.has(known.service);
      if (reach.get(known.service)) known.reach = 'open';
      else if (known.reach === 'open') {
        known.reach = { lastNumber: null };
        known.closedAtMs = nowMs;
      }
    }
  }

  /** A request that began at a time has a number: what was closed long before gets no later one. */
  marked(number: number, beganMs: number): void {
    for (const known of this.#byService.values())
      if (known.reach !== 'open' && known.reach.lastNumber === null && beganMs - known.closedAtMs > closingMs)
        known.reach = { lastNumber: number };
  }

  /** @param busy - Whether a revision has requests in flight. */
  forget(busy: (known: KnownRevision) => boolean): void {
    for (const [service, known] of this.#byService)
      if (!known.routed && known.reach !== 'open' && known.reach.lastNumber !== null && !busy(known))
        this.#byService.delete(service);
  }
}
