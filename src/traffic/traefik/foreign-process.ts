import { readdirSync } from 'node:fs';
import { daemonOf, type Daemon } from '../agent/daemon.ts';
import { openFilesOf } from '../agent/connections.ts';
import { textOf } from '../agent/text-of.ts';

/** The Traefik that somebody else started and that writes our access log; null when none does, or it is another user's. */
export function findForeign(accessLog: string): Daemon | null {
  const pid = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((one) => isTraefik(one) && openFilesOf(one).includes(accessLog));
  if (pid === undefined) return null;
  return daemonOf(pid, () => isTraefik(pid));
}

function isTraefik(pid: number): boolean {
  // A zombie has no command line left.
  return /(^|\/)traefik\0/.test(textOf(`/proc/${pid}/cmdline`));
}
