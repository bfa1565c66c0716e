import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dockerInstall, lacksDocker, startDockerd, type Dockerd } from '../docker/index.ts';
import { loadRigImage } from '../docker/rig-image.ts';
import {
  answersFromNow,
  persist,
  sendUsers,
  signal,
  startRig,
  until,
  type Rig,
  type Users,
  type VersionOptions,
} from '../rig/index.ts';
import { lacks } from './support/component.ts';
import { startSecondMachine, type SecondMachine } from './support/second-machine.ts';
import { sshd } from './support/sshd.ts';

/*
 * One app on two machines: each with an engine, a Slipway and a router of its own, ssh between them, and people who use
 * both from the first version to the last. One story: each part goes on where the one before it ended.
 */
describe.skipIf(lacksDocker() || lacks(sshd))(
  `one app on two machines (missing? ${dockerInstall} openssh-server)`,
  () => {
    let engine: Dockerd;
    let second: SecondMachine;
    let rig: Rig;
    let users: { first: Users; second: Users };

    const both = { machines: ['here', 'vps'] } satisfies VersionOptions;
    const shipped = async (version: string, options: VersionOptions = {}) => {
      const { ship } = await rig.ship(version, { ...both, ...options });
      return { ship, state: () => persist(() => rig.client.getShip(ship)).then(({ state }) => state) };
    };
    const end = async ({ ship, state }: Awaited<ReturnType<typeof shipped>>) => {
      await until(
        'the ship ends',
        async () => (await state()) !== 'running',
        () => rig.client.getShip(ship),
      );
      return state();
    };
    const answering = async (version: string) => {
      for (const [port, some] of [
        [rig.port, users.first],
        [second.port, users.second],
      ] as const) {
        expect((await fetch(`http://127.0.0.1:${port}/`)).headers.get('x-version')).toBe(version);
        expect(Object.keys(await answersFromNow(some, 20)).map((who) => who.trim())).toEqual([version]);
      }
    };
    const copiesOn = ({ docker }: Dockerd) =>
      docker('ps', '--format', '{{.Names}}')
        .split('\n')
        .filter(Boolean)
        .map((name) => name.replace(/^.*production-/, ''))
        .toSorted();
    const nothingFailed = async () => {
      for (const some of Object.values(users)) expect((await some.report()).failures).toEqual([]);
    };
    const rolloutAt = (at: string[]) =>
      until(
        `the rollout is ${at.join(' or ')}`,
        async () => at.includes((await rig.environment()).rollout?.state ?? ''),
        () => rig.environment(),
      );

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

    it('the first version comes up on both, from one image that is brought over', async () => {
      expect(await end(await shipped('v1'))).toBe('succeeded');
      users = { first: sendUsers(rig.port), second: sendUsers(second.port) };
      await answering('v1');
      const idOn = ({ docker }: Dockerd, name: string) => docker('inspect', '-f', '{{.Image}}', name);
      const [there = ''] = second.engine.docker('ps', '-q').split('\n');
      const [own = ''] = engine.docker('ps', '-q').split('\n');
      expect(idOn(second.engine, there)).toBe(idOn(engine, own));
      // What there may be only one of is on the first.
      expect(copiesOn(engine)).toEqual(['r1-web-1', 'r1-web-2', 'r1-worker-1']);
      expect(copiesOn(second.engine)).toEqual(['r1-web-1', 'r1-web-2']);
    });

    it('the next one takes over on both while people use them, and its server is killed in the middle', async () => {
      const ship = await shipped('v2', { strategy: 'canary' });
      await rolloutAt(['starting', 'shifting', 'holding', 'baking']);
      signal((await rig.client.health()).pid, 'SIGKILL');
      await rig.startServer();
      expect(await end(ship)).toBe('succeeded');
      await answering('v2');
      await nothingFailed();
      const loads = second.engine.docker(
        'events',
        '--since',
        '1h',
        '--until',
        '0s',
        '--filter',
        'event=load',
      );
      expect(loads.split('\n')).toHaveLength(1);
    });

    it('one of another image that is bad on the second machine alone is taken back on both', async () => {
      const words = ['-H', engine.url, 'build', '-q', '--network', 'none', '-t', 'slipway-test/rig', '-'];
      execFileSync('/usr/bin/docker', words, { input: 'FROM slipway-test/rig\nRUN touch /changed\n' });
      const only = second.engine.net.replace('0.0/16', '');
      const bad = { behaves: 'sick-with-users', strategy: 'rolling', only } as const;
      expect(await end(await shipped('v3', bad))).toBe('failed');
      await rig.rest();
      await answering('v2');
      await nothingFailed();
      // All layers went once; of the next image only what is its own.
      const log = readFileSync(join(rig.home, 'logs/server.log'), 'utf8');
      expect(log).toMatch(/"sent 1\d\d MiB of images to vps, with all layers"/);
      expect(log).toMatch(/"sent \d+ KiB of images to vps; 1\d\d MiB were there already"/);
    });

    it('a machine that hangs in the middle holds nobody up, and is put right when it is back', async () => {
      const server = await second.startServer();
      const ship = await shipped('v4', { strategy: 'canary', bake: '10s' });
      await rolloutAt(['baking']);
      signal(server, 'SIGSTOP');
      await until('it is told', async () => {
        const { warnings } = await rig.client.health();
        return warnings.some((warning) => warning.startsWith('vps does not answer'));
      });
      await rig.client.abort({ app: 'rig', environment: 'production', actor: 'ana' });
      await until('the first machine is back', async () => {
        const { headers } = await fetch(`http://127.0.0.1:${rig.port}/`);
        return headers.get('x-version') === 'v2';
      });
      signal(server, 'SIGCONT');
      expect(await end(ship)).toBe('cancelled');
      await rig.rest();
      await until(
        'the second machine is put right',
        () => !copiesOn(second.engine).some((id) => id.startsWith('r4')),
      );
      await answering('v2');
      await nothingFailed();
    });

    it('logs tell what copies elsewhere have said', async () => {
      const lines = [];
      for await (const line of rig.client.logs({ app: 'rig', environment: 'production', process: 'web' }))
        lines.push(line);
      const sources = new Set(lines.filter(({ text }) => text === 'v2 listens').map(({ source }) => source));
      expect([...sources].toSorted()).toEqual(
        ['1', '2'].flatMap((index) => [`r2-web-${index}`, `r2-web-${index}@vps`]),
      );
    });

    it('a commit that leaves a dead machine out can be shipped', async () => {
      expect((await users.second.stop()).failures).toEqual([]);
      signal(await second.startServer(), 'SIGKILL');
      expect(await end(await shipped('v5', { machines: ['here'] }))).toBe('succeeded');
      expect((await fetch(`http://127.0.0.1:${rig.port}/`)).headers.get('x-version')).toBe('v5');
      expect(copiesOn(second.engine).filter((id) => id.startsWith('r5'))).toEqual([]);
      expect((await users.first.stop()).failures).toEqual([]);
    });
  },
);
