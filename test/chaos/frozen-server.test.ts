import { expect, onTestFinished, test } from 'vitest';
import { sendUsers, startRig } from '../rig/index.ts';
import { diceOf } from './dice.ts';
import { freezeOnce } from './freeze.ts';

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
    for (let time = 0; time < freezes; time++) await freezeOnce(rig, users, { dice, name: `v${time}` });
    const { requests, failed } = await users.report();
    console.log(JSON.stringify({ seed, freezes, requests, failed }));
    expect(failed).toBe(0);
  },
);
