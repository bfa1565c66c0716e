import type { Endpoint, RouteRevision } from '../../delivery/index.ts';
import type { StoredScope } from '../embedded/state-file.ts';

/*
 * HAProxy cannot take up a new backend while it runs, so its configuration holds a number of empty ones, each with a
 * number of empty servers. A revision gets one of them for its life: addresses are set while HAProxy runs.
 */

/**
 * A place for a copy. One that is leaving takes no new request, and keeps its place at least until the next change: a
 * request may begin there between the look at what is busy and the moment at which the place is shut.
 */
export interface Server extends Pick<Endpoint, 'host' | 'port'> {
  leaving?: true;
}

/**
 * A backend that stands for one revision. Its servers keep their places; null is one that takes nothing. One that is
 * leaving has a revision that left the routes, and stays as long as a place does.
 */
export interface Slot {
  scope: string;
  revision: string;
  servers: (Server | null)[];
  leaving?: true;
}

/** Places with requests in flight, by slot; a slot without any may have some that wait for a place. */
export type Busy = ReadonlyMap<number, ReadonlySet<number>>;

/** All backends by number; null is free. */
export type Slots = readonly (Slot | null)[];

/** What cannot be changed while HAProxy runs. */
export interface Shape {
  slots: number;
  serversPerSlot: number;
  /** Names of headers and cookies that pins look at, sorted. */
  headers: string[];
  cookies: string[];
  limits: boolean;
}

export const firstShape: Shape = { slots: 16, serversPerSlot: 8, headers: [], cookies: [], limits: false };

/** The name of a backend: `v0`. */
export function slotName(index: number): string {
  return `v${index}`;
}

/** The name of a server: its place in its slot. */
export function serverName(place: number): string {
  return `e${place}`;
}

/** The place of a server by its name; undefined for what is none. */
export function serverPlace(name: string): number | undefined {
  return /^e\d{1,6}$/.test(name) ? Number(name.slice(1)) : undefined;
}

/** Everything stays where it is. */
export function allBusy(slots: Slots): Busy {
  return new Map(slots.map((slot, index) => [index, new Set(slot?.servers.keys())]));
}

/** The number of a backend by its name; undefined when it is none of ours. */
export function slotIndex(name: string): number | undefined {
  return /^v\d{1,6}$/.test(name) ? Number(name.slice(1)) : undefined;
}

/**
 * Gives every revision of the routes a slot: the one it has, else a free one, else a new one.
 *
 * What left the routes, be it a revision or a copy, stays as leaving in this change; at a later one it is free.
 *
 * @param busy - What has requests in flight is not free yet.
 */
export function assignSlots(before: Slots, scopes: readonly StoredScope[], busy: Busy): Slots {
  const wanted = new Map(
    scopes.flatMap(({ routes }) =>
      routes.revisions.map((revision) => [
        keyOf(routes.scope, revision.id),
        { scope: routes.scope, revision },
      ]),
    ),
  );
  const slots: (Slot | null)[] = before.map((slot, index) => {
    const still = slot && wanted.get(keyOf(slot.scope, slot.revision));
    if (slot && still) {
      wanted.delete(keyOf(slot.scope, slot.revision));
      const { scope, revision } = slot;
      return { scope, revision, servers: placeServers(slot.servers, still.revision, busy.get(index)) };
    }
    return slot && (!slot.leaving || busy.has(index)) ? { ...slot, leaving: true } : null;
  });
  for (const { scope, revision } of wanted.values()) {
    const free = slots.indexOf(null);
    const slot: Slot = { scope, revision: revision.id, servers: placeServers([], revision, undefined) };
    if (free < 0) slots.push(slot);
    else slots[free] = slot;
  }
  return slots;
}

/** The smallest shape that holds the routes; the one before while it does. It grows by doubling. */
export function shapeFor(before: Shape, scopes: readonly StoredScope[], slots: Slots): Shape {
  const pins = scopes.flatMap(({ routes }) => routes.pins.map(({ by }) => by));
  const names = (kind: 'header' | 'cookie') =>
    [...new Set(pins.flatMap((by) => (by.kind === kind ? [nameOf(by)] : [])))].sort();
  const longest = Math.max(0, ...slots.map((slot) => slot?.servers.length ?? 0));
  return {
    slots: doubled(before.slots, slots.length),
    serversPerSlot: doubled(before.serversPerSlot, longest),
    headers: superset(before.headers, names('header')),
    cookies: superset(before.cookies, names('cookie')),
    limits: before.limits || scopes.some(({ routes }) => routes.rateLimit !== null),
  };
}

/** A header's name as HAProxy and the maps spell it; cookies have theirs as it is. */
export function nameOf(by: { kind: 'header' | 'cookie'; name: string }): string {
  return by.kind === 'header' ? by.name.toLowerCase() : by.name;
}

/** Endpoints that stay keep their place, so that nothing moves under a request. */
function placeServers(
  before: Slot['servers'],
  { endpoints }: RouteRevision,
  busy: ReadonlySet<number> | undefined,
): Slot['servers'] {
  const wanted = endpoints.map(({ host, port }): Server => ({ host, port }));
  const servers = before.map((server, place): Server | null => {
    const index = wanted.findIndex((one) => one.host === server?.host && one.port === server.port);
    if (index >= 0) return wanted.splice(index, 1)[0] ?? null;
    return server && (!server.leaving || busy?.has(place)) ? { ...server, leaving: true } : null;
  });
  for (const server of wanted) {
    const free = servers.indexOf(null);
    if (free < 0) servers.push(server);
    else servers[free] = server;
  }
  return servers;
}

function keyOf(scope: string, revision: string): string {
  return `${scope}\n${revision}`;
}

function doubled(from: number, atLeast: number): number {
  let size = from;
  while (size < atLeast) size *= 2;
  return size;
}

function superset(before: string[], needed: string[]): string[] {
  return needed.every((name) => before.includes(name)) ? before : needed;
}
