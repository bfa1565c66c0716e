import { delimiter } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dockerInstall, lacksDocker, loadImages, startDockerd, type Dockerd } from '../docker/index.ts';
import { openTypist, type Typist } from '../docs/typist.ts';
import { signal } from '../rig/index.ts';
import { lacks } from './support/component.ts';
import { startSecondMachine, type SecondMachine } from './support/second-machine.ts';
import { sshd } from './support/sshd.ts';

/* Types docs/several-machines.md, on two engines, each with a Slipway of its own, and ssh between them. */
describe.skipIf(lacksDocker() || lacks(sshd))(
  `from one machine to two (missing? ${dockerInstall} openssh-server)`,
  () => {
    let engine: Dockerd;
    let second: SecondMachine;
    let typist: Typist;

    beforeAll(async () => {
      second = await startSecondMachine();
      engine = await startDockerd();
      loadImages(engine, ['node']);
      engine.docker('tag', 'slipway-test/node', 'node:24-slim');
      typist = await openTypist({ DOCKER_HOST: engine.url });
      // Whose ssh knows the second machine.
      const [client = ''] = (process.env['PATH'] ?? '').split(delimiter);
      typist.env['PATH'] = `${client}${delimiter}${typist.env['PATH'] ?? ''}`;
      await typist.type('mkdir hello; cd hello');
    });
    afterAll(async () => {
      await typist?.close();
      await second?.close();
      await engine?.stop();
    });

    it('docs/several-machines.md shows what really comes', { timeout: 900_000 }, async () => {
      const scenes = {
        'vps does not answer': async () => {
          signal(await second.startServer(), 'SIGKILL');
          await typist.typeUntil('slipway status', /vps +silent/);
        },
        'vps is back': async () => {
          await second.startServer();
          await typist.typeUntil('slipway status', /^(?!.*silent)[^]*hello\/production +r3/);
        },
      };
      expect((await typist.typePage('docs/several-machines.md', scenes)).join('\n\n')).toBe('');
    });
  },
);
