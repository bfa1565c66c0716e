import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** Programs that no package of Debian brings, kept from one run to the next. */
export const cachedPrograms = join(homedir(), '.cache', 'slipway-rig', 'bin');

/** PATH with those programs behind all others. */
export const pathWithCached = [process.env['PATH'] ?? '', cachedPrograms].join(delimiter);

/** Where a program is; its cached place when it is nowhere. */
export function programFile(name: string): string {
  const places = pathWithCached.split(delimiter).map((folder) => join(folder, name));
  return places.find((file) => existsSync(file)) ?? join(cachedPrograms, name);
}
