import { here, localId, machineOf, machinesOf, nameOn } from '../../delivery/index.ts';
import type { Store } from '../../store/index.ts';
import { environmentState } from '../environments.ts';
import type { LogLine } from '../views.ts';
import type { Machines } from './machines.ts';
import type { MachineLogQuery } from './model.ts';

/**
 * What the copies of an environment have said on all its machines; those elsewhere say where they are. A machine that
 * does not answer is a line of its own, and keeps nobody from hearing the others.
 *
 * @param query.process - A copy elsewhere by its whole name: `r7-web-1@deploy@10.0.0.6`.
 */
export async function* machineLogs(
  scope: string,
  query: MachineLogQuery,
  { store, machines }: { store: Store; machines: Machines },
): AsyncGenerator<LogLine> {
  const state = await environmentState(scope, store);
  const { process: wanted } = query;
  const named = wanted !== null && wanted.includes('@') ? machineOf(wanted) : null;
  const process = wanted === null ? null : localId(wanted);
  // What ran here once has left its logs here.
  const names = named === null ? [...new Set([here, ...(state ? machinesOf(state) : [])])] : [named];
  yield* merged(names.map((name) => linesOn(name, { scope, query: { ...query, process }, machines })));
}

async function* linesOn(
  name: string,
  { scope, query, machines }: { scope: string; query: MachineLogQuery; machines: Machines },
): AsyncGenerator<LogLine> {
  try {
    for await (const line of machines.of(name).logs(scope, query))
      yield { ...line, source: nameOn(name, line.source) };
  } catch (error) {
    if (name === here) throw error;
    yield { source: name, atMs: null, text: `slipway: ${(error as Error).message}` };
  }
}

/** Lines of all, each as it comes. */
async function* merged(sources: AsyncGenerator<LogLine>[]): AsyncGenerator<LogLine> {
  const next = async (source: AsyncGenerator<LogLine>) => ({ source, result: await source.next() });
  const waiting = new Map(sources.map((source) => [source, next(source)]));
  try {
    while (waiting.size > 0) {
      const { source, result } = await Promise.race(waiting.values());
      if (result.done) {
        waiting.delete(source);
      } else {
        waiting.set(source, next(source));
        yield result.value;
      }
    }
  } finally {
    // What is still being waited for ends with the query's signal.
    for (const promise of waiting.values()) promise.catch(() => {});
  }
}
