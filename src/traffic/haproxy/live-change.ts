import { ask, tell } from './commands.ts';
import { factsBetween, type Entries, type Maps } from './maps.ts';
import type { HaproxyPaths } from './paths.ts';
import { serverName, slotName, type Server, type Shape, type Slots } from './slots.ts';

/** HAProxy takes a line of commands with its payload into one buffer of 16 KiB at least. */
const commandBytes = 8_000;

/** What to say to a running HAProxy so that it serves other routes, in this order. */
export interface LiveChange {
  /** Servers that take requests from now on. */
  open: string[];
  /** Servers that take none any more; what they have goes on. */
  shut: string[];
}

/**
 * The difference between two assignments of slots.
 *
 * @param before - Null says everything anew.
 */
export function planServers(before: Slots | null, after: Slots, shape: Shape): LiveChange {
  const change: LiveChange = { open: [], shut: [] };
  for (let index = 0; index < shape.slots; index++)
    for (let place = 0; place < shape.serversPerSlot; place++) {
      const was = before?.[index]?.servers[place] ?? null;
      const is = after[index]?.servers[place] ?? null;
      if (before !== null && same(was, is)) continue;
      const name = `${slotName(index)}/${serverName(place)}`;
      if (is === null || is.leaving) change.shut.push(`set server ${name} state maint`);
      else
        change.open.push(
          `set server ${name} addr ${is.host} port ${is.port}`,
          `set server ${name} state ready`,
        );
    }
  return change;
}

/**
 * Makes a running process follow other routes: new servers first, then the maps, then servers that are done. The maps
 * change one after the other, and a session may not go to and fro in between: what is new is known before shares follow
 * it, and what is old until none do.
 */
export async function changeLive(
  paths: HaproxyPaths,
  servers: LiveChange,
  maps: { before: Maps | null; after: Maps },
): Promise<void> {
  const { before, after } = maps;
  const replace = async (name: keyof Maps, was: Entries | null, is: Entries) => {
    if (was === null || !equal(was, is)) await replaceMap(paths.commands, paths.maps[name], is);
  };
  const between = before === null ? after.facts : factsBetween(before.facts, after.facts);
  await tellAll(paths.commands, servers.open);
  await replace('facts', before?.facts ?? null, between);
  await replace('weights', before?.weights ?? null, after.weights);
  await replace('hosts', before?.hosts ?? null, after.hosts);
  await replace('facts', between, after.facts);
  await tellAll(paths.commands, servers.shut);
}

/** Takes its facts from an old process at once, which then sends on what it still gets on kept connections. */
export async function sendOnward({ master, maps }: HaproxyPaths, pid: number): Promise<void> {
  const version = versionIn(await ask(master, `@!${pid} prepare map ${maps.facts}`));
  if (version !== undefined) await ask(master, `@!${pid} commit map @${version} ${maps.facts}`);
}

/** Replaces a map whole: whoever looks sees the old one or the new one. */
async function replaceMap(commands: string, path: string, entries: Entries): Promise<void> {
  const version = versionIn(await ask(commands, `prepare map ${path}`));
  for (const payload of chunks([...entries].map(([key, value]) => `${key} ${value}\n`)))
    await tell(commands, `add map @${version} ${path} <<\n${payload}`);
  await tell(commands, `commit map @${version} ${path}`);
}

async function tellAll(commands: string, lines: readonly string[]): Promise<void> {
  for (const line of chunks(lines.map((one) => `${one};`))) await tell(commands, line.slice(0, -1));
}

function same(a: Server | null, b: Server | null): boolean {
  return a?.host === b?.host && a?.port === b?.port && a?.leaving === b?.leaving;
}

function versionIn(answer: string): string | undefined {
  return /New version created: (\d+)/.exec(answer)?.[1];
}

function chunks(pieces: readonly string[]): string[] {
  const result: string[] = [];
  for (const piece of pieces) {
    const last = result.at(-1);
    if (last === undefined || last.length + piece.length > commandBytes) result.push(piece);
    else result[result.length - 1] = last + piece;
  }
  return result;
}

function equal(a: Entries, b: Entries): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}
