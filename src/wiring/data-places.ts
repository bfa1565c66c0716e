import { posix } from 'node:path';

/*
 * Places where data lies on a machine, as texts: `volume shop_data`, `/srv/db`, or a share of the network by its
 * address. What is inside of one begins with it and a slash.
 */

/** The place of a volume that is only a name for another one: a folder, or a share of the network; else null. */
export function placeBehind(driverOptions: Record<string, string>): string | null {
  const { device, o = '', type } = driverOptions;
  if (device === undefined || type === 'tmpfs') return null;
  return device.startsWith('/') ? plainPath(device) : `${o} ${device}`;
}

/** Every text that stands for a volume of an engine. */
export function volumePlaces(name: string, driverOptions: Record<string, string>): string[] {
  const behind = placeBehind(driverOptions);
  return [`volume ${name}`, ...(behind === null ? [] : [behind])];
}

/** Whether writing to one place reaches into the other. */
export function meet(one: string, other: string): boolean {
  return one === other || one.startsWith(`${other}/`) || other.startsWith(`${one}/`);
}

/** A path in its shortest form. */
export function plainPath(path: string): string {
  return posix.normalize(path).replace(/(?<=.)\/$/, '');
}
