import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** One TCP connection of a process, as the kernel lists it. */
export interface Connection {
  localPort: number;
  /** As the kernel writes it, see `kernelAddress`. */
  remote: string;
}

/** A worker of nginx and its connections. */
export interface WorkerConnections {
  pid: number;
  /** On its way out: it takes no new connections. */
  leaving: boolean;
  connections: Connection[];
}

/** An address as /proc/net/tcp writes it: `0100007F:1F90`. @throws RangeError unless it is an IP address. */
export function kernelAddress(host: string, port: number): string {
  const tail = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const four = host.split('.').map(Number);
  if (four.length === 4) return reversed(four) + tail;
  const bytes = ipv6Bytes(host);
  return [0, 4, 8, 12].map((at) => reversed(bytes.slice(at, at + 4))).join('') + tail;
}

/** Workers of a master that can be looked into; those of another user show no connections. */
export function observeWorkers(masterPid: number): WorkerConnections[] {
  const workers = workersOf(masterPid);
  if (workers.length === 0) return [];
  const table = connectionTable();
  return workers.map(({ pid, leaving }) => ({
    pid,
    leaving,
    connections: socketsOf(pid).flatMap((inode) => table.get(inode) ?? []),
  }));
}

/** Connections of one process; none of a process of another user. */
export function connectionsOf(pid: number): Connection[] {
  const table = connectionTable();
  return socketsOf(pid).flatMap((inode) => table.get(inode) ?? []);
}

/** Child processes of a master by what they call themselves. */
export function workersOf(masterPid: number): { pid: number; leaving: boolean }[] {
  return childrenOf(masterPid).flatMap((pid) => {
    const title = read(`/proc/${pid}/cmdline`);
    return title.startsWith('nginx: worker process')
      ? [{ pid, leaving: title.includes('is shutting down') }]
      : [];
  });
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
    for (const line of read(file).split('\n').slice(1)) {
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

function childrenOf(pid: number): number[] {
  const listed = read(`/proc/${pid}/task/${pid}/children`);
  if (listed !== '') return listed.trim().split(' ').map(Number);
  // Kernels without that list.
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => read(`/proc/${child}/stat`).split(') ').at(-1)?.split(' ')[1] === String(pid));
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

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
