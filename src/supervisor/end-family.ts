import { anyAlive } from './family.ts';
import type { ProcessEntry } from './proc.ts';

interface EndFamily {
  /** Looks for everything that still runs. */
  find: () => ProcessEntry[];
  graceMs: number;
  sleep: (ms: number) => Promise<void>;
}

const lookEveryMs = 50;

/** Ends a family: SIGTERM, grace, SIGKILL until nothing of it is left. Returns only when it is seen gone. */
export async function endFamily({ find, graceMs, sleep }: EndFamily): Promise<void> {
  let family = find();
  if (family.length === 0) return;
  signalAll(family, 'SIGTERM');
  const deadline = performance.now() + graceMs;
  while (performance.now() < deadline) {
    await sleep(lookEveryMs);
    if (anyAlive(family)) continue;
    family = find();
    if (family.length === 0) return;
  }
  for (family = find(); family.length > 0; family = find()) {
    signalAll(family, 'SIGKILL');
    await sleep(lookEveryMs);
  }
}

function signalAll(family: readonly ProcessEntry[], signal: NodeJS.Signals): void {
  for (const { pid } of family) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      // Gone since the look; anything else shows in the next look.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') continue;
    }
  }
}
