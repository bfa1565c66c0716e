import { delimiter } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { dockerInstall, lacksDocker, loadImages, startDockerd } from '../docker/index.ts';
import { openTypist, type Typist } from '../docs/typist.ts';
import { signal } from '../rig/index.ts';
import { lacks } from './support/component.ts';
import { startSecondMachine, type SecondMachine } from './support/second-machine.ts';
import { sshd } from './support/sshd.ts';

/* Types docs/several-machines.md, on two engines, each with a Slipway of its own, and ssh between them. */
describe.skipIf(lacksDocker() || lacks(sshd))(
  `from one machine to two (missing? ${dockerInstall} openssh-server)`,
  () => {
    let second: SecondMachine;
    let typist: Typist;

    // Machines on which nothing runs yet, also for a second attempt: the page begins with the first ship.
    beforeEach(async () => {
      second = await startSecondMachine();
      onTestFinished(() => second.close());
      const engine = await startDockerd();
      onTestFinished(() => engine.stop());
      loadImages(engine, ['node']);
      engine.docker('tag', 'slipway-test/node', 'node:24-slim');
      typist = await openTypist({ DOCKER_HOST: engine.url });
      onTestFinished(() => typist.close());
      // Whose ssh knows the second machine.
      const [client = ''] = (process.env['PATH'] ?? '').split(delimiter);
      typist.env['PATH'] = `${client}${delimiter}${typist.env['PATH'] ?? ''}`;
      await typist.type('mkdir hello; cd hello');
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
