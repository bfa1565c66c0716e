import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { isRunning, persist, scope, sendUsers, signal, startRig, until, type Rig } from '../rig/index.ts';
import { diceOf } from './dice.ts';
import { checkPromises } from './promises.ts';

const freezes = Number(process.env['SLIPWAY_FREEZES'] ?? 3);
const seed = Number(process.env['SLIPWAY_SEED'] ?? Date.now() % 1_000_000);
const leaseMs = 1_000;

test(
  `a server that freezes in the middle of a rollout is replaced, and does no harm when it wakes up (${freezes} times, SLIPWAY_SEED=${seed})`,
  { timeout: 240_000 + freezes * 60_000 },
  async () => {
    const dice = diceOf(seed);
    const rig = await startRig({ leaseMs });
    onTestFinished(() => rig.close());
    await rig.shipAndWait('v0-good');
    const users = sendUsers(rig.port);
    onTestFinished(async () => void (await users.stop()));
    for (let time = 0; time < freezes; time++) {
      const { pid } = await rig.client.health();
      const { ship } = await rig.ship(`v${time}-frozen`, { strategy: dice.pick(['rolling', 'blue-green']) });
      await until('the rollout begins', async () => (await rig.environment()).rollout !== null);
      await sleep(dice.below(2_000));
      const claim = await freezeWithClaim(rig, pid);
      // Its socket still takes connections, for the kernel answers them: the successor's own takes its place.
      renameSync(join(rig.home, 'server.sock'), join(rig.home, 'frozen.sock'));
      const successor = await rig.startServer();
      await until('the ship ends', async () => (await rig.client.getShip(ship)).state !== 'running');
      expect((await rig.client.getShip(ship)).state).toBe('succeeded');
      await checkPromises(rig, users);
      expect(readClaim(rig).fence).toBeGreaterThan(claim.fence);

      // It wakes up with an old decision in hand, and goes on beside its successor.
      signal(pid, 'SIGCONT');
      await rig.shipAndWait(`v${time}-both`);
      await checkPromises(rig, users);
      expect((await persist(() => rig.client.history({ limit: 1 })))[0]?.state).toBe('succeeded');
      signal(pid, dice.pick(['SIGKILL', 'SIGTERM']));
      await until('the late server ends', () => !isRunning(pid));
      expect((await rig.client.health()).pid).toBe(successor);
    }
    const { requests, failed } = await users.report();
    console.log(JSON.stringify({ seed, freezes, requests, failed }));
    expect(failed).toBe(0);
  },
);

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
