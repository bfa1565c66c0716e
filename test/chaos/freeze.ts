import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { isRunning, persist, scope, signal, until, type Rig, type Users } from '../rig/index.ts';
import type { Dice } from './dice.ts';
import { checkPromises } from './promises.ts';

/**
 * Freezes the server in the middle of a rollout, lets another take over, wakes it up, and ships beside it. The rig's
 * lease must be short.
 */
export async function freezeOnce(
  rig: Rig,
  users: Users,
  { dice, name }: { dice: Dice; name: string },
): Promise<void> {
  const { pid } = await rig.client.health();
  const { ship } = await rig.ship(`${name}-frozen`, { strategy: dice.pick(['rolling', 'blue-green']) });
  await until('the rollout begins', async () => (await rig.environment()).rollout !== null);
  await sleep(dice.below(2_000));
  const claim = await freezeWithClaim(rig, pid);
  const successor = await secondServer(rig);
  await until('the ship ends', async () => (await rig.client.getShip(ship)).state !== 'running');
  expect((await rig.client.getShip(ship)).state).toBe('succeeded');
  await checkPromises(rig, users);
  expect(readClaim(rig).fence).toBeGreaterThan(claim.fence);

  // It wakes up with an old decision in hand, and goes on beside its successor.
  signal(pid, 'SIGCONT');
  await rig.shipAndWait(`${name}-both`);
  await checkPromises(rig, users);
  expect((await persist(() => rig.client.history({ limit: 1 })))[0]?.state).toBe('succeeded');
  signal(pid, dice.pick(['SIGKILL', 'SIGTERM']));
  await until('the late server ends', () => !isRunning(pid));
  expect((await rig.client.health()).pid).toBe(successor);
}

/** Starts a server beside the one that runs, whose socket stays behind: the kernel answers it even for a frozen one. */
export function secondServer(rig: Rig): Promise<number> {
  renameSync(join(rig.home, 'server.sock'), join(rig.home, 'frozen.sock'));
  return rig.startServer();
}

/** Freezes the server while it holds its claim on the environment, but not the database's write lock: nobody could follow. */
async function freezeWithClaim(rig: Rig, pid: number): Promise<{ fence: number }> {
  for (let tries = 0; tries < 5_000; tries++) {
    signal(pid, 'SIGSTOP');
    const { owner, fence } = readClaim(rig);
    if (owner !== null && !isLocked(rig)) return { fence };
    signal(pid, 'SIGCONT');
    await sleep(1 + (tries % 7));
  }
  throw new Error('the server was never caught in the middle of a tick');
}

function readClaim(rig: Rig): { owner: string | null; fence: number } {
  const database = new DatabaseSync(join(rig.home, 'slipway.db'), { readOnly: true });
  try {
    const row = database
      .prepare('select lease_owner, fence from flows where id = ?')
      .get(`environment:${scope}`) as { lease_owner: string | null; fence: number };
    return { owner: row.lease_owner, fence: row.fence };
  } finally {
    database.close();
  }
}

function isLocked(rig: Rig): boolean {
  const database = new DatabaseSync(join(rig.home, 'slipway.db'));
  try {
    database.exec('pragma busy_timeout = 0; begin immediate; rollback');
    return false;
  } catch {
    return true;
  } finally {
    database.close();
  }
}
