import { expect, onTestFinished, test } from 'vitest';
import { sendUsers, startRig } from '../rig/index.ts';
import { diceOf } from './dice.ts';
import { checkPromises } from './promises.ts';
import { Story } from './story.ts';

const kills = Number(process.env['SLIPWAY_KILLS'] ?? 30);
const seed = Number(process.env['SLIPWAY_SEED'] ?? Date.now() % 1_000_000);

test(
  `${kills} times SIGKILL for the server, and some for its supervisor, in the middle of rollouts: users notice nothing (SLIPWAY_SEED=${seed})`,
  { timeout: 240_000 + kills * 20_000 },
  async () => {
    const rig = await startRig();
    onTestFinished(() => rig.close());
    await rig.shipAndWait('v1-good');
    const users = sendUsers(rig.port);
    onTestFinished(async () => void (await users.stop()));
    await checkPromises(rig, users);
    const story = new Story({ rig, users, dice: diceOf(seed), mostKills: kills });
    while (story.serverKills < kills) await story.turn();
    const { requests, failed, answers } = await users.report();
    const { serverKills, supervisorKills, outcomes } = story;
    console.log(JSON.stringify({ seed, serverKills, supervisorKills, requests, failed, outcomes, answers }));
    expect(failed).toBe(0);
    expect(serverKills).toBeGreaterThanOrEqual(kills);
  },
);
