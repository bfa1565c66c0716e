import { machineOf, type MeasuredRevision, type RouterState } from '../../delivery/index.ts';
import type { CopyUse } from '../machines/model.ts';
import { askMachines, noCopy, placeOf, type CopyPlace } from './copies.ts';
import { usualTimeoutMs, type Gauge } from './gauge.ts';

/** Bytes of memory of the largest copy. */
export function memoryGauge(place: CopyPlace): Gauge {
  return {
    timeoutMs: usualTimeoutMs,
    tellsApart: true,
    read: async (revision) => {
      const used = await useOf(revision, place);
      if (used.length === 0) return noCopy(revision);
      const sizes = used.flatMap(({ memoryBytes }) => (memoryBytes === null ? [] : [memoryBytes]));
      if (sizes.length === 0)
        return {
          trouble: `the engine does not count the memory of ${revision.id}: its kernel has no memory cgroup`,
        };
      const value = Math.max(...sizes);
      const largest = used.filter(({ memoryBytes }) => memoryBytes === value).map(({ id }) => id);
      return { value, ...placeOf(revision, largest) };
    },
  };
}

/** What was counted up to one reading. */
interface Counted {
  copies: Map<string, Pick<CopyUse, 'start' | 'cpuMs'>>;
  /** By machine. */
  routers: Map<string, { count: string; requests: number }>;
}

/**
 * Milliseconds of processor time for each request, from one reading to the next. The routers count requests of everybody,
 * Slipway's own included.
 */
export class CpuByRequest implements Gauge {
  readonly timeoutMs = usualTimeoutMs;
  readonly tellsApart = true;
  readonly #place: CopyPlace;
  /** By revision. */
  readonly #before = new Map<string, Counted>();

  constructor(place: CopyPlace) {
    this.#place = place;
  }

  async read(revision: MeasuredRevision, signal: AbortSignal): ReturnType<Gauge['read']> {
    const [used, routers] = await Promise.all([useOf(revision, this.#place), this.#requests(revision)]);
    if (signal.aborted) return null;
    if (used.length === 0) return noCopy(revision);
    const now: Counted = { copies: new Map(used.map((one) => [one.id, one])), routers };
    const before = this.#before.get(revision.id);
    this.#before.set(revision.id, now);
    return before ? since(before, now, revision) : null;
  }

  async #requests({ id, copies }: MeasuredRevision): Promise<Counted['routers']> {
    const { scope, machines } = this.#place;
    const names = [...new Set(copies.map(machineOf))];
    const states = await Promise.all(
      names.map(async (name) => [name, await machines.of(name).router.observe(scope)] as const),
    );
    return new Map(states.map(([name, state]) => [name, requestsOf(state, id)]));
  }
}

function requestsOf({ epoch, losses, revisions }: RouterState, revision: string) {
  const requests = revisions.find(({ id }) => id === revision)?.requests ?? 0;
  return { count: `${epoch} ${losses}`, requests };
}

function since(
  before: Counted,
  now: Counted,
  { id }: MeasuredRevision,
): { value: number } | { trouble: string } {
  const sameCopies =
    before.copies.size === now.copies.size &&
    [...now.copies].every(([copy, { start }]) => before.copies.get(copy)?.start === start);
  if (!sameCopies)
    return { trouble: `copies of ${id} have started or ended since the last reading: the next one tells` };
  const sameCounts =
    before.routers.size === now.routers.size &&
    [...now.routers].every(([name, { count }]) => before.routers.get(name)?.count === count);
  if (!sameCounts)
    return { trouble: 'a router has lost counts of requests since the last reading: the next one tells' };
  const requests = sum(now.routers, before.routers, (one) => one.requests);
  if (requests <= 0)
    return { trouble: `no requests came to ${id} since the last reading: send it some, by "probes"` };
  return { value: sum(now.copies, before.copies, (one) => one.cpuMs) / requests };
}

/** By how much all counts together have grown. */
function sum<T>(now: Map<string, T>, before: Map<string, T>, count: (one: T) => number): number {
  const total = (counts: Map<string, T>) => [...counts.values()].reduce((all, one) => all + count(one), 0);
  return total(now) - total(before);
}

function useOf(revision: MeasuredRevision, place: CopyPlace): Promise<CopyUse[]> {
  return askMachines(revision, place, (machine, ids) => machine.use(place.scope, ids));
}
