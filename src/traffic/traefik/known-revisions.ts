import type { RouteRevision, Routes } from '../../delivery/index.ts';
import type { StoredScope } from '../embedded/state-file.ts';
import { kernelAddress } from '../agent/connections.ts';
import type { KnownRevision } from './in-flight.ts';
import { serviceName } from './names.ts';

/** A request that was on its way when its revision was closed has got its number and its connection by then. */
const closingMs = 1_000;

interface Known extends KnownRevision {
  service: string;
  /** When it was closed, or a copy left it. */
  changedAtMs: number;
  /** Addresses of the copies it has. */
  present: ReadonlySet<string>;
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
          addressOf({ host, port }),
          `${host}:${port}`,
        ]);
        this.#byService.set(service, {
          service,
          scope: routes.scope,
          revision,
          routed: true,
          reach: 'open',
          moving: before?.moving ?? false,
          changedAtMs: before?.changedAtMs ?? 0,
          present: before?.present ?? new Set(),
          addresses: new Map([...(before?.addresses ?? []), ...now]),
        });
      }
  }

  /** These scopes are in force from now on, and nothing before them. */
  settled(scopes: readonly StoredScope[], sessionKey: Buffer, nowMs: number): void {
    const routed = new Map(
      scopes.flatMap(({ routes }) =>
        routes.revisions.map(
          (one) =>
            [
              serviceName(sessionKey, routes.scope, one.id),
              { open: isOpen(routes, one), present: new Set(one.endpoints.map(addressOf)) },
            ] as const,
        ),
      ),
    );
    for (const known of this.#byService.values()) {
      const { open = false, present = new Set<string>() } = routed.get(known.service) ?? {};
      known.routed = routed.has(known.service);
      const left = [...known.present].some((address) => !present.has(address));
      known.present = present;
      known.moving ||= left;
      if (left || (!open && known.reach === 'open')) known.changedAtMs = nowMs;
      if (open) known.reach = 'open';
      else if (known.reach === 'open') known.reach = { lastNumber: null };
    }
  }

  /** A request that began at a time has a number: what changed long before gets no later one. */
  marked(number: number, beganMs: number): void {
    for (const known of this.#byService.values()) {
      if (beganMs - known.changedAtMs <= closingMs) continue;
      known.moving = false;
      if (known.reach !== 'open' && known.reach.lastNumber === null) known.reach = { lastNumber: number };
    }
  }

  /** @param busy - Whether a revision has requests in flight. */
  forget(busy: (known: KnownRevision) => boolean): void {
    for (const [service, known] of this.#byService)
      if (!known.routed && known.reach !== 'open' && known.reach.lastNumber !== null && !busy(known))
        this.#byService.delete(service);
  }
}

function isOpen({ maintenance, pins }: Routes, { id, weightPercent }: RouteRevision): boolean {
  return !maintenance && (weightPercent > 0 || pins.some(({ revision }) => revision === id));
}

function addressOf({ host, port }: { host: string; port: number }): string {
  return kernelAddress(host, port);
}
