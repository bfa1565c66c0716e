import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { diceOf } from '../chaos/dice.ts';
import { freezeOnce, secondServer } from '../chaos/freeze.ts';
import { checkPromises } from '../chaos/promises.ts';
import { dockerInstall, lacksDocker, startDockerd, type Dockerd } from '../docker/index.ts';
import { loadRigImage } from '../docker/rig-image.ts';
import {
  isRunning,
  persist,
  processesOf,
  sendUsers,
  signal,
  startRig,
  until,
  type Rig,
  type Users,
} from '../rig/index.ts';
import { lacks } from './support/component.ts';
import { fakeClockOf, faketime, killServer } from './support/faked-clock.ts';
import { mountSmallDisk, type SmallDisk } from './support/small-disk.ts';

/** Minutes for each round: `npm run soak` plays ten. */
const rounds = Number(process.env['SLIPWAY_FAULTS'] ?? 0);
const seed = Number(process.env['SLIPWAY_SEED'] ?? Date.now() % 1_000_000);

const startsWithinMs = 600_000;

/*
 * One Compose app on one engine, with users, through everything else that may go wrong: each test breaks something in the
 * middle of a rollout, and then every promise is checked. Home and engine are on a small disk of their own.
 */
describe.skipIf(rounds === 0 || lacksDocker())(
  `a Compose app through faults of its machine (played with SLIPWAY_FAULTS=1; SLIPWAY_SEED=${seed}; missing? ${dockerInstall})`,
  { timeout: 600_000 + rounds * 300_000 },
  () => {
    const dice = diceOf(seed);
    let disk: SmallDisk;
    let engine: Dockerd;
    let rig: Rig;
    let users: Users;
    let serial = 0;

    beforeAll(async () => {
      disk = mountSmallDisk(1_024);
      engine = await startDockerd({ liveRestore: true, parent: disk.folder });
      loadRigImage(engine);
      rig = await startRig({ engine, parent: disk.folder, leaseMs: 1_000 });
      await rig.shipAndWait('v0-good');
      users = sendUsers(rig.port);
      await checkPromises(rig, users);
    }, startsWithinMs);
    afterAll(async () => {
      const last = await users?.stop();
      if (last) {
        const { requests, failed, excused } = last;
        console.log(JSON.stringify({ seed, rounds, rollouts: serial, requests, failed, excused }));
      }
      await rig?.close();
      await engine?.stop();
      disk?.remove();
    }, startsWithinMs);
    afterEach(async () => {
      expect((await users.report()).failures).toEqual([]);
    });

    /** Ships a good version, breaks something at a moment of its rollout, and waits for its end. */
    const shipThrough = async (fault: () => Promise<void>, ends = ['succeeded']) => {
      const strategy = dice.pick(['rolling', 'blue-green', 'canary'] as const);
      const { ship } = await rig.ship(`v${++serial}-good`, { strategy });
      await until('the rollout begins', async () => (await rig.environment()).rollout !== null);
      await sleep(dice.below(3_000));
      await fault();
      const view = () => persist(() => rig.client.getShip(ship));
      await until('the ship ends', async () => (await view()).state !== 'running', view);
      const { state, reason } = await view();
      expect(ends, `${state}: ${reason}`).toContain(state);
      await checkPromises(rig, users);
    };
    const times = async (work: () => Promise<void>) => {
      for (let round = 0; round < rounds; round++) await work();
    };

    test('its router and its supervisor are killed: requests fail only until the router is back', () =>
      times(() =>
        shipThrough(async () => {
          kill('supervisor/main.ts');
          await users.excuse(async () => {
            kill('traffic/embedded/main.ts');
            await until('the router answers', () =>
              fetch(`http://127.0.0.1:${rig.port}/`).then(
                ({ status }) => status === 200,
                () => false,
              ),
            );
          });
        }),
      ));

    test('the engine is killed, and restarted: containers live on, and so does the rollout', () =>
      times(async () => {
        for (const how of ['SIGKILL', 'SIGTERM'] as const) {
          await shipThrough(async () => {
            await engine.pause(how);
            await sleep(dice.below(3_000));
            await engine.resume();
            // A task that the engine could not bring to its end has failed.
          }, ['succeeded', 'failed']);
        }
      }));

    test('the disk is full, for the engine and for the state, and then is not', () =>
      times(() =>
        shipThrough(
          async () => {
            disk.fill();
            await sleep(2_000 + dice.below(4_000));
            disk.makeRoom();
          },
          // A task, or a copy again and again, may not have been able to start.
          ['succeeded', 'failed'],
        ),
      ));

    test.skipIf(rounds === 0 || lacks(faketime))(
      `the clock of the server jumps by hours, both ways (missing? ${faketime.install})`,
      () =>
        times(async () => {
          const clock = await fakeClockOf(rig, engine.url);
          await shipThrough(async () => {
            clock.jump(3);
            await sleep(1_000 + dice.below(1_000));
            clock.jump(-5);
          });
          clock.jump(30);
          await checkPromises(rig, users);
          await killServer(rig);
          await rig.startServer();
          await checkPromises(rig, users);
        }),
    );

    test('two servers work on one state, and one of them is killed', () =>
      times(async () => {
        const { pid } = await rig.client.health();
        await secondServer(rig);
        await shipThrough(() => Promise.resolve());
        await shipThrough(async () => {
          signal(pid, 'SIGKILL');
          await until('it is gone', () => !isRunning(pid));
        });
      }));

    test('the server that holds the lease freezes, and acts late', () =>
      times(() => freezeOnce(rig, users, { dice, name: `v${++serial}` })));

    function kill(what: string): void {
      for (const { pid, command } of processesOf(rig.home))
        if (command.includes(what)) signal(pid, 'SIGKILL');
    }
  },
);
