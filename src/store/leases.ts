import { isProvablyDead, type OwnerProcess } from './owner.ts';

/** A lease as its row shows it. */
export interface Lease {
  flowId: string;
  owner: string;
  fence: number;
  process: OwnerProcess | null;
}

interface Sighting {
  owner: string;
  fence: number;
  sinceMs: number;
}

/**
 * What this process has itself seen of others' leases. Only that ends a lease: wall clocks jump, and a row cannot say
 * whether its owner lives.
 */
export class LeaseWatch {
  readonly #self: OwnerProcess;
  readonly #monotonicMs: () => number;
  #sightings = new Map<string, Sighting>();

  constructor(self: OwnerProcess, monotonicMs: () => number) {
    this.#self = self;
    this.#monotonicMs = monotonicMs;
  }

  /** Takes note of all leases there are now, and returns those that may be taken over. */
  look(leases: readonly Lease[], leaseMs: number): Lease[] {
    const nowMs = this.#monotonicMs();
    const seen = new Map<string, Sighting>();
    const ended = leases.filter((lease) => {
      const before = this.#sightings.get(lease.flowId);
      const same = before?.owner === lease.owner && before.fence === lease.fence;
      const sighting = same ? before : { owner: lease.owner, fence: lease.fence, sinceMs: nowMs };
      seen.set(lease.flowId, sighting);
      if (nowMs - sighting.sinceMs >= leaseMs) return true;
      return lease.process !== null && isProvablyDead(lease.process, this.#self);
    });
    this.#sightings = seen;
    return ended;
  }
}
