import type { InFlight } from '../agent/driver.ts';
import type { WorkerConnections } from './workers.ts';

/** A revision with the addresses of its copies, as the kernel writes them. */
export interface KnownRevision {
  scope: string;
  revision: string;
  weightPercent: number;
  /** Whether the routes name it. */
  routed: boolean;
  addresses: ReadonlySet<string>;
}

/** What nginx has at one moment. */
export interface Moment {
  workers: readonly WorkerConnections[];
  /** Requests that nginx is at, over all scopes, looked at after the connections; null when it did not say. */
  busy: number | null;
  /** Where users come in. */
  listenPorts: ReadonlySet<number>;
}

/**
 * Requests in flight, told from the connections that nginx has.
 *
 * A connection to a copy carries a request, or is kept for the next one for up to 3 s; nginx tells only for all of them
 * together how many are busy. So the count of a revision is exact while no connection is idle or no request is under
 * way, and else an upper bound; of one without weight or pins it is exact once those 3 s are over. A worker on its way
 * out may hold clients that have not said yet what they want; they follow the routes that it knew, so they count for
 * every revision without weight until they are through. Nothing in flight is ever missed.
 */
export function countInFlight(
  { workers, busy, listenPorts }: Moment,
  revisions: readonly KnownRevision[],
): InFlight[] {
  const undecided = workers
    .filter(({ leaving }) => leaving)
    .map(({ connections }) => undecidedClients(connections, listenPorts))
    .reduce((sum, count) => sum + count, 0);
  const byRemote = new Map<string, number>();
  for (const { connections } of workers)
    for (const { localPort, remote } of connections)
      if (!listenPorts.has(localPort)) byRemote.set(remote, (byRemote.get(remote) ?? 0) + 1);
  return revisions
    .map(({ scope, revision, weightPercent, addresses }) => {
      const connections = [...addresses].reduce((sum, one) => sum + (byRemote.get(one) ?? 0), 0);
      const waiting = weightPercent === 0 && addresses.size > 0 ? undecided : 0;
      return { scope, revision, count: Math.min(connections, busy ?? Infinity) + waiting };
    })
    .filter(({ count }) => count > 0);
}

/** Clients of a worker beyond those whose request is at an app. */
function undecidedClients(
  connections: WorkerConnections['connections'],
  listenPorts: ReadonlySet<number>,
): number {
  const clients = connections.filter(({ localPort }) => listenPorts.has(localPort)).length;
  return Math.max(0, clients - (connections.length - clients));
}
