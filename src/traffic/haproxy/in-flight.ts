import { ask, listWorkers } from './commands.ts';
import { serverPlace, slotIndex, type Busy, type Slots } from './slots.ts';
import type { InFlight } from '../agent/driver.ts';

/** Requests of one slot that are not finished. */
export interface SlotLoad {
  /** Under way or waiting. */
  total: number;
  /** Under way, by place; those that have some. */
  places: Map<number, number>;
}

/** What all processes of HAProxy have under way, by slot; slots without any are left out. */
export async function readLoad(master: string): Promise<Map<number, SlotLoad>> {
  const { current, old } = await listWorkers(master);
  const loads = new Map<number, SlotLoad>();
  for (const pid of [current, ...old])
    if (pid !== null) addLoad(loads, await ask(master, `@!${pid} show stat -1 6 -1`));
  return loads;
}

/** Adds what one process says of its backends and servers: `name,server,waiting,…,running,…`. */
export function addLoad(loads: Map<number, SlotLoad>, table: string): void {
  for (const line of table.split('\n')) {
    const [backend = '', server = '', waiting, , running] = line.split(',');
    const index = slotIndex(backend);
    const count = Number(waiting) + Number(running);
    if (index === undefined || !(count > 0)) continue;
    const load = loads.get(index) ?? { total: 0, places: new Map<number, number>() };
    loads.set(index, load);
    const place = serverPlace(server);
    if (place === undefined) load.total += count;
    else load.places.set(place, (load.places.get(place) ?? 0) + count);
  }
}

/** Slots and places that must stay as they are. */
export function busyOf(loads: ReadonlyMap<number, SlotLoad>): Busy {
  return new Map([...loads].map(([index, { places }]) => [index, new Set(places.keys())]));
}

/** The same by revision and copy. A place keeps its address while it has requests, whatever the routes say. */
export function inFlightOf(loads: ReadonlyMap<number, SlotLoad>, slots: Slots): InFlight[] {
  return [...loads].flatMap(([index, { total, places }]) => {
    const slot = slots[index];
    if (!slot || total === 0) return [];
    const at: Record<string, number> = {};
    for (const [place, count] of places) {
      const server = slot.servers[place];
      if (server) at[`${server.host}:${server.port}`] = count;
    }
    return [{ scope: slot.scope, revision: slot.revision, count: total, at }];
  });
}
