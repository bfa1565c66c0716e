import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { stopServer, type ServerClient } from '../../src/server/index.ts';
import { processesOf, signal, type Seen } from './processes.ts';

/** A process that was asked to end may take this long; then it counts as left behind. */
const endsWithinMs = 60_000;

/** Ends everything of a home, removes the folder around it, and throws with what had to be killed for that. */
export async function closeHome(root: string, home: string, client: ServerClient): Promise<void> {
  client.close();
  const servers = () => processesOf(home).filter(({ command }) => command.includes('server/main.ts'));
  let left: Seen[] = [];
  try {
    // A frozen server would neither answer nor end.
    for (const { pid } of servers()) signal(pid, 'SIGCONT');
    await stopServer({ home, all: true });
    // A second server of the home has no socket.
    for (const { pid } of servers()) signal(pid, 'SIGTERM');
    const deadline = performance.now() + endsWithinMs;
    while (processesOf(home).length > 0 && performance.now() < deadline) await sleep(50);
  } finally {
    left = processesOf(home);
    for (const { pid } of left) signal(pid, 'SIGKILL');
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  }
  if (left.length > 0)
    throw new Error(`left running: ${left.map(({ pid, command }) => `${pid} ${command}`).join('; ')}`);
}
