import { readdirSync, readlinkSync } from 'node:fs';
import { textOf } from './text-of.ts';

/** One TCP connection of a process, as the kernel lists it. */
export interface Connection {
  localPort: number;
  /** As the kernel writes it, see `kernelAddress`. */
  remote: string;
}

/** An address as /proc/net/tcp writes it: `0100007F:1F90`. @throws RangeError unless it is an IP address. */
export function kernelAddress(host: string, port: number): string {
  const tail = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const four = host.split('.').map(Number);
  if (four.length === 4) return reversed(four) + tail;
  const bytes = ipv6Bytes(host);
  return [0, 4, 8, 12].map((at) => reversed(bytes.slice(at, at + 4))).join('') + tail;
}

/** Connections of each process, looked at once for all; none of a process of another user. */
export function connectionsOfEach(pids: readonly number[]): Connection[][] {
  const table = connectionTable();
  return pids.map((pid) => socketsOf(pid).flatMap((inode) => table.get(inode) ?? []));
}

/** Connections of one process. */
export function connectionsOf(pid: number): Connection[] {
  return connectionsOfEach([pid])[0] ?? [];
}

/** Files that a process has open. */
export function openFilesOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).flatMap((fd) => {
      try {
        return [readlinkSync(`${folder}/${fd}`)];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

function socketsOf(pid: number): string[] {
  return openFilesOf(pid).flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []);
}

/** Connections that can carry a request, by inode: established, or closed by the other side only. */
function connectionTable(): Map<string, Connection> {
  const table = new Map<string, Connection>();
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6'])
    for (const line of textOf(file).split('\n').slice(1)) {
      const [, local, remote, state, , , , , , inode] = line.trim().split(/\s+/);
      if (local === undefined || remote === undefined || inode === undefined) continue;
      if (state !== established && state !== connecting && state !== halfClosed) continue;
      table.set(inode, { localPort: Number.parseInt(local.slice(local.indexOf(':') + 1), 16), remote });
    }
  return table;
}

const established = '01';
const connecting = '02';
const halfClosed = '08';

function reversed(bytes: readonly number[]): string {
  return [...bytes]
    .reverse()
    .map((byte) => byte.toString(16).toUpperCase().padStart(2, '0'))
    .join('');
}

function ipv6Bytes(host: string): number[] {
  const [head = '', tail] = host.split('::');
  const words = (text: string) =>
    text === '' ? [] : text.split(':').map((word) => Number.parseInt(word, 16));
  const left = words(head);
  const right = tail === undefined ? [] : words(tail);
  const all = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right];
  if (all.length !== 8 || all.some((word) => !Number.isInteger(word)))
    throw new RangeError(`not an IP address: ${host}`);
  return all.flatMap((word) => [word >> 8, word & 255]);
}
