import { expect, onTestFinished, describe, test } from 'vitest';
import { diceOf } from '../chaos/dice.ts';
import { checkPromises } from '../chaos/promises.ts';
import { Story } from '../chaos/story.ts';
import { dockerInstall, lacksDocker, startDockerd } from '../docker/index.ts';
import { loadRigImage } from '../docker/rig-image.ts';
import { sendUsers, startRig } from '../rig/index.ts';

const kills = Number(process.env['SLIPWAY_DOCKER_KILLS'] ?? 20);
const seed = Number(process.env['SLIPWAY_SEED'] ?? Date.now() % 1_000_000);

describe.skipIf(lacksDocker())(`containers in a story of kills (missing? ${dockerInstall})`, () => {
  test(
    `${kills} times SIGKILL for the server, and some for its supervisor, in the middle of rollouts of a Compose app: users notice nothing (SLIPWAY_SEED=${seed})`,
    { timeout: 300_000 + kills * 30_000 },
    async () => {
      const engine = await startDockerd();
      onTestFinished(() => engine.stop());
      loadRigImage(engine);
      const rig = await startRig({ engine });
      onTestFinished(() => rig.close());
      await rig.shipAndWait('v1-good');
      const users = sendUsers(rig.port);
      onTestFinished(async () => void (await users.stop()));
      await checkPromises(rig, users);
      const story = new Story({ rig, users, dice: diceOf(seed), mostKills: kills, killsATurn: 10 });
      while (story.serverKills < kills) await story.turn();
      const { requests, failed, answers } = await users.report();
      const { serverKills, supervisorKills, outcomes } = story;
      console.log(
        JSON.stringify({ seed, serverKills, supervisorKills, requests, failed, outcomes, answers }),
      );
      expect(failed).toBe(0);
      expect(serverKills).toBeGreaterThanOrEqual(kills);
    },
  );
});
