import { readdirSync } from 'node:fs';
import { connectionsOfEach, type Connection } from '../agent/connections.ts';
import { textOf } from '../agent/text-of.ts';

/** A worker of nginx and its connections. */
export interface WorkerConnections {
  pid: number;
  /** On its way out: it takes no new connections. */
  leaving: boolean;
  connections: Connection[];
}

/** Workers of a master that can be looked into; those of another user show no connections. */
export function observeWorkers(masterPid: number): WorkerConnections[] {
  const workers = workersOf(masterPid);
  if (workers.length === 0) return [];
  const connections = connectionsOfEach(workers.map(({ pid }) => pid));
  return workers.map((worker, index) => ({ ...worker, connections: connections[index] ?? [] }));
}

/** Child processes of a master by what they call themselves. */
export function workersOf(masterPid: number): { pid: number; leaving: boolean }[] {
  return childrenOf(masterPid).flatMap((pid) => {
    const title = textOf(`/proc/${pid}/cmdline`);
    return title.startsWith('nginx: worker process')
      ? [{ pid, leaving: title.includes('is shutting down') }]
      : [];
  });
}

function childrenOf(pid: number): number[] {
  const listed = textOf(`/proc/${pid}/task/${pid}/children`);
  if (listed !== '') return listed.trim().split(' ').map(Number);
  // Kernels without that list.
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => textOf(`/proc/${child}/stat`).split(') ').at(-1)?.split(' ')[1] === String(pid));
}
