import type { InFlight } from '../agent/driver.ts';

/** A revision with the addresses of its copies: as the kernel writes them, and as `host:port`. */
export interface KnownRevision {
  scope: string;
  revision: string;
  /** Whether the routes name it. */
  routed: boolean;
  /**
   * Whether a request may still be sent to it; if not, the number of the last one that may have been, or null while
   * that is not known.
   */
  reach: 'open' | { readonly lastNumber: number | null };
  /** A copy left it just now, and may be about to get a request. */
  moving: boolean;
  addresses: ReadonlyMap<string, string>;
}

/** What Traefik has at one moment. */
export interface Moment {
  /** Requests under way, up to a number; null where the numbers are not all known. */
  openUpTo: ((number: number) => number) | null;
  /** Connections to each address. */
  connections: ReadonlyMap<string, number>;
}

/**
 * Requests in flight, told from requests that have no line in the log yet and from connections to copies.
 *
 * Neither says alone whose request is whose, but both are upper bounds: a request under way has a connection, a moment
 * after it began, and has begun before its revision was closed. So the count is exact when nothing is under way, and for
 * a revision that gets no new requests as soon as the older ones of all revisions have ended. Nothing in flight is ever
 * missed. A copy has no more than its connections, of which those that are kept idle end within 3 s.
 */
export function countInFlight(moment: Moment, revisions: readonly KnownRevision[]): InFlight[] {
  return revisions.map((one) => inFlightOf(one, moment)).filter(({ count }) => count > 0);
}

function inFlightOf(
  { scope, revision, reach, moving, addresses }: KnownRevision,
  { openUpTo, connections }: Moment,
): InFlight {
  const last = reach === 'open' ? Infinity : reach.lastNumber;
  const at: Record<string, number> = {};
  for (const [address, text] of addresses) {
    const count = Math.min(connections.get(address) ?? 0, openUpTo?.(last ?? Infinity) ?? Infinity);
    if (count > 0) at[text] = count;
  }
  const connected = Object.values(at).reduce((sum, one) => sum + one, 0);
  // What was closed just now may be about to get a connection.
  if (last === null) return { scope, revision, count: openUpTo?.(Infinity) ?? Math.max(1, connected) };
  const count = Math.min(connected, openUpTo?.(last) ?? Infinity);
  return { scope, revision, count, at: moving ? undefined : at };
}
