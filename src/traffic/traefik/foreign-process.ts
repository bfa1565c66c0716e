import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Daemon } from '../agent/daemon.ts';
import { openFilesOf } from '../nginx/sockets.ts';

/** The Traefik that somebody else started and that writes our access log; null when none does, or it is another user's. */
export function findForeign(accessLog: string): Daemon | null {
  const pid = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((one) => isTraefik(one) && openFilesOf(one).includes(accessLog));
  if (pid === undefined) return null;
  const alive = () => isTraefik(pid);
  return {
    pid,
    alive,
    signal: (name) => {
      if (alive()) process.kill(pid, name);
    },
    async ended(timeoutMs) {
      for (const deadline = performance.now() + timeoutMs; alive(); await sleep(50))
        if (performance.now() > deadline) return false;
      return true;
    },
  };
}

function isTraefik(pid: number): boolean {
  try {
    // A zombie has no command line left.
    return /(^|\/)traefik\0/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
  } catch {
    return false;
  }
}
