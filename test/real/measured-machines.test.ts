import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dockerInstall, lacksDocker, startDockerd, type Dockerd } from '../docker/index.ts';
import { loadRigImage } from '../docker/rig-image.ts';
import { signal, startRig, until, type Rig, type VersionOptions } from '../rig/index.ts';
import { lacks } from './support/component.ts';
import { startSecondMachine, type SecondMachine } from './support/second-machine.ts';
import { sshd } from './support/sshd.ts';

/*
 * What the judge asks for is measured on every machine of an app: by the Slipway of each, over ssh. No user comes; all
 * requests are Slipway's own.
 */
describe.skipIf(lacksDocker() || lacks(sshd))(
  `a canary on two machines is measured on both (missing? ${dockerInstall} openssh-server)`,
  () => {
    let engine: Dockerd;
    let second: SecondMachine;
    let rig: Rig;

    const metrics = [
      '{ resource: memory, times: 2, every: 1s, failures: 2 }',
      '{ resource: cpu, below: 1000ms, every: 1s, failures: 2 }',
      "{ name: complaints, log: '^something is odd', below: 1, every: 1s, failures: 2 }",
      "{ name: load, command: 'test -f server.js && echo 3', below: 5, every: 1s, failures: 2 }",
    ];
    const probes = '{ per-minute: 600, requests: [{ path: / }] }';
    const judge = `{ undecided: hold, proven-below: 20%, probes: ${probes}, metrics: [${metrics.join(', ')}] }`;
    const begin = async (version: string, options: VersionOptions = {}): Promise<string> => {
      const { ship } = await rig.ship(version, {
        machines: ['here', 'vps'],
        strategy: 'canary',
        judge,
        ...options,
      });
      const named = async () => (await rig.client.getShip(ship)).rollouts[0]?.id;
      await expect.poll(named, { timeout: 120_000 }).toBeTruthy();
      return (await named()) ?? '';
    };
    const verdictsOn = async (id: string) => (await rig.client.story(id)).verdicts;
    const harmOf = async (id: string) =>
      (await verdictsOn(id)).flatMap(({ evidence }) => evidence.filter(({ says }) => says === 'harm'));

    beforeAll(async () => {
      second = await startSecondMachine();
      engine = await startDockerd();
      loadRigImage(engine);
      rig = await startRig({ engine });
    });
    afterAll(async () => {
      await rig?.close();
      await second?.close();
      await engine?.stop();
    });

    it('the first version comes up on both', async () => {
      await rig.shipAndWait('v1', { machines: ['here', 'vps'] });
      expect((await rig.environment()).serving?.title).toBe('v1 good');
    });

    it('one whose memory grows on the second machine alone is taken back for it, and both are named', async () => {
      const only = second.engine.net.replace('0.0/16', '');
      const id = await begin('v2', { behaves: 'leaks', only });
      const { state, detail } = await rig.rolloutEnds(id);
      expect([state, detail]).toEqual([
        'failed',
        expect.stringMatching(
          /^memory was \d+ MiB on the new revision \(vps\), \d+ MiB on the old; at most 2 times/,
        ) as string,
      ]);
      expect(await harmOf(id)).toMatchObject([{ about: 'metric', name: 'memory' }]);
    });

    it('one that complains on the second machine alone is taken back for it, and both are named', async () => {
      const only = second.engine.net.replace('0.0/16', '');
      const id = await begin('v3', { behaves: 'complains', only });
      const { state, detail } = await rig.rolloutEnds(id);
      expect([state, detail]).toEqual([
        'failed',
        expect.stringMatching(
          /^complaints was [\d.,]+ lines a minute on the new revision \(vps\), 0 lines a minute on the old; it must be below 1/,
        ) as string,
      ]);
      expect(await harmOf(id)).toMatchObject([{ about: 'metric', name: 'complaints' }]);
    });

    it('a good one goes live once all is read, though the second machine is away for a while', async () => {
      const id = await begin('v4');
      const stateIs = (wanted: string) =>
        until(`the rollout is ${wanted}`, async () => (await rig.client.getRollout(id)).state === wanted);
      await stateIs('holding');
      signal(await second.startServer(), 'SIGKILL');
      await until('it is told', async () =>
        (await rig.client.health()).warnings.some((warning) => warning.startsWith('vps does not answer')),
      );
      await second.startServer();
      const { state, detail } = await rig.rolloutEnds(id);
      expect([state, detail]).toEqual(['succeeded', expect.any(String)]);
      const verdicts = await verdictsOn(id);
      expect(verdicts.map(({ verdict }) => verdict)).toContain('passed');
    });
  },
);
