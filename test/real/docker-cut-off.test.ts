import { delimiter } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { diceOf } from '../chaos/dice.ts';
import { checkPromises } from '../chaos/promises.ts';
import { dockerInstall, lacksDocker } from '../docker/index.ts';
import { loadRigImage } from '../docker/rig-image.ts';
import { persist, sendUsers, startRig, until } from '../rig/index.ts';
import { lacks } from './support/component.ts';
import { startFarHost } from './support/far-host.ts';
import { sshd } from './support/sshd.ts';

/** Minutes for each round: `npm run soak` plays ten. */
const rounds = Number(process.env['SLIPWAY_FAULTS'] ?? 0);
const seed = Number(process.env['SLIPWAY_SEED'] ?? Date.now() % 1_000_000);

test.skipIf(rounds === 0 || lacksDocker() || lacks(sshd))(
  `a host that is cut off in the middle of a rollout, and comes back (played with SLIPWAY_FAULTS=1; SLIPWAY_SEED=${seed}; missing? ${dockerInstall} openssh-server)`,
  { timeout: 900_000 + rounds * 300_000 },
  async () => {
    const dice = diceOf(seed);
    const host = await startFarHost();
    onTestFinished(() => host.close());
    loadRigImage(host.engine);
    const path = process.env['PATH'];
    process.env['PATH'] = `${host.clientPath}${delimiter}${path}`;
    onTestFinished(() => void (process.env['PATH'] = path));
    const rig = await startRig({ engine: { url: host.url, docker: host.engine.docker } });
    onTestFinished(() => rig.close());
    await rig.shipAndWait('v0-good');
    const users = sendUsers(rig.port);
    onTestFinished(async () => void (await users.stop()));
    await checkPromises(rig, users);

    const shipThrough = async (version: string, fault: () => Promise<void>) => {
      const { ship } = await rig.ship(version, { strategy: dice.pick(['rolling', 'blue-green', 'canary']) });
      await until('the rollout begins', async () => (await rig.environment()).rollout !== null);
      await sleep(dice.below(4_000));
      await fault();
      const view = () => persist(() => rig.client.getShip(ship));
      await until('the ship ends', async () => (await view()).state !== 'running', view);
      expect(['succeeded', 'failed'], JSON.stringify(await view())).toContain((await view()).state);
      await checkPromises(rig, users);
      return (await view()).state;
    };
    const ends: string[] = [];
    for (let round = 0; round < rounds; round++) {
      // Slipway cannot reach the engine, and users notice nothing.
      const unseen = shipThrough(`v${round}-unmanaged`, async () => {
        host.cut('manage');
        await sleep(2_000 + dice.below(4_000));
        host.mend('manage');
      });
      ends.push(await unseen);
      // Nobody reaches anything there, and requests fail as long as that is so.
      const dark = shipThrough(`v${round}-dark`, () =>
        users.excuse(async () => {
          host.cut('manage');
          host.cut('traffic');
          await sleep(2_000 + dice.below(4_000));
          host.mend('traffic');
          host.mend('manage');
          await until('the app answers', () =>
            fetch(`http://127.0.0.1:${rig.port}/`).then(
              ({ status }) => status === 200,
              () => false,
            ),
          );
        }),
      );
      ends.push(await dark);
    }
    const { requests, failed, excused } = await users.report();
    console.log(JSON.stringify({ seed, rounds, ends, requests, failed, excused }));
    expect(failed).toBe(0);
  },
);
