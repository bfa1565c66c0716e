import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../rig/index.ts';
import { asUser, canPlayOthers } from './support/another-user.ts';
import { lacks } from './support/component.ts';
import { sshd, startSshd } from './support/sshd.ts';
import { bin, setUpTrial, startCommand, type Trial } from './support/trial.ts';

/*
 * A server of root, and Unix users who are let in: whom the kernel takes them for decides, and nothing that they say.
 */

describe.skipIf(!canPlayOthers())(
  'several users of a machine (skipped? run as root: sudo npm run test:real, in a folder that others may read)',
  () => {
    const ana = `sw-ana-${process.pid}`;
    const eve = `sw-eve-${process.pid}`;
    let trial: Trial;

    const idOf = (name: string) => Number(execFileSync('id', ['-u', name], { encoding: 'utf8' }));
    const doorOf = (name: string) => join(`${trial.home}.doors`, name);
    const start = (name: string, words: readonly string[], claims = name) =>
      startCommand([...asUser(idOf(name)), process.execPath, bin, ...words], {
        cwd: trial.repository.folder,
        env: {
          ...trial.env,
          HOME: join(trial.root, name),
          GIT_CONFIG_COUNT: '1',
          GIT_CONFIG_KEY_0: 'user.name',
          GIT_CONFIG_VALUE_0: claims,
        },
      });
    const as = (name: string, words: readonly string[], claims?: string) => start(name, words, claims).ended;

    beforeAll(async () => {
      for (const name of [ana, eve]) execFileSync('useradd', ['--no-create-home', '--user-group', name]);
      trial = await setUpTrial();
      chmodSync(trial.root, 0o755);
      for (const name of [ana, eve]) {
        mkdirSync(join(trial.root, name));
        writeFileSync(join(trial.root, name, '.gitconfig'), '[safe]\ndirectory = *\n');
        execFileSync('chown', [name, join(trial.root, name)]);
      }
      trial.repository.commit('one');
      await trial.slipway(['up']);
    });

    afterAll(async () => {
      try {
        await trial.close();
      } finally {
        for (const name of [ana, eve]) execFileSync('userdel', [name]);
      }
    });

    it('keeps everybody out at first', async () => {
      const { text, exitCode } = await as(ana, ['status']);
      expect(exitCode).toBe(3);
      expect(text).toContain(`slipway access grant ${ana} viewer`);
    });

    it('gives each a socket that no other user can open, and nothing else of the home', async () => {
      await trial.slipway(['access', 'grant', ana, 'deployer', 'production']);
      await trial.slipway(['access', 'grant', eve, 'viewer']);
      const mode = (path: string) => lstatSync(path).mode & 0o777;
      expect(mode(trial.home)).toBe(0o700);
      expect([mode(`${trial.home}.doors`), lstatSync(`${trial.home}.doors`).uid]).toEqual([0o711, 0]);
      expect([mode(doorOf(ana)), lstatSync(doorOf(ana)).uid]).toEqual([0o600, idOf(ana)]);
      // Through the door of another, or the owner's: the kernel says no.
      for (const path of [doorOf(ana), join(trial.home, 'server.sock')])
        expect(knock(idOf(eve), path), path).toContain('EACCES');
      expect(knock(idOf(eve), doorOf(eve))).toContain('open');
    });

    it('ships for whoever may, under the name of the user, and not for whom may only look', async () => {
      const refused = await as(eve, ['ship'], ana);
      expect([refused.exitCode, refused.text]).toEqual([4, expect.stringContaining(`${eve} may not`)]);
      const shipped = await as(ana, ['ship'], 'root');
      expect(shipped.exitCode, shipped.text).toBe(0);
      expect(await trial.version()).toBe('one');
      const log = await trial.slipway(['audit', 'log', 'rig', '--json']);
      expect(log).toContain(`"type":"ship.requested","actor":"${ana}"`);
      expect(log).toContain(`"proof":"uid ${idOf(ana)} ${ana}"`);
    });

    it('does not let a person end the server, nor start one in its place', async () => {
      const { exitCode, text } = await as(ana, ['down', '--all']);
      expect([exitCode, text]).toEqual([4, expect.stringContaining('may not administer the whole server')]);
      expect((await as(ana, ['up'])).text).toContain('was running already');
    });

    it('ends what is followed when the person is taken away, and opens no door for a name with another uid', async () => {
      const logs = start(eve, ['logs', '-f', 'production', '--process', 'web']);
      await logs.says('one listens');
      await trial.slipway(['access', 'revoke', eve]);
      expect((await logs.ended).exitCode).not.toBe(0);
      expect(existsSync(doorOf(eve))).toBe(false);
      // The name goes to somebody else while the server is away.
      await trial.slipway(['access', 'grant', eve, 'viewer']);
      await trial.slipway(['down']);
      const free = idOf(eve) + 1000;
      execFileSync('usermod', ['--uid', String(free), eve]);
      const up = await trial.slipway(['up']);
      expect(up).toContain(
        `${eve} was uid ${free - 1000} when let in and is now uid ${free}, so stays outside`,
      );
      expect(existsSync(doorOf(eve))).toBe(false);
      expect((await as(ana, ['status'])).exitCode).toBe(0);
    });

    it('does not use a directory of doors that another user made', async () => {
      const doors = `${trial.home}.doors`;
      renameSync(doors, `${doors}.aside`);
      mkdirSync(doors);
      execFileSync('chown', [eve, doors]);
      const { text, exitCode } = await as(ana, ['status']);
      expect([exitCode, text]).toEqual([1, expect.stringContaining('was not made by the owner')]);
      execFileSync('rmdir', [doors]);
      renameSync(`${doors}.aside`, doors);
    });

    it.skipIf(lacks(sshd))('knows who comes by a key that sshd sends through a door', async () => {
      const server = await startSshd(join(trial.root, 'ssh'), { LANG: 'C' });
      try {
        const keys = join(trial.root, 'ssh/user_key.pub');
        const dial = `${process.execPath} ${bin} dial --as lena --home ${trial.home}`;
        writeFileSync(keys, `restrict,command="${dial}" ${readFileSync(keys, 'utf8')}`);
        await trial.slipway(['access', 'grant', 'lena', 'viewer']);
        const env = {
          PATH: `${server.clientPath}:${trial.env['PATH']}`,
          SLIPWAY_REMOTE_COMMAND: 'sudo anything',
        };
        const remote = (words: string[]) => trial.start([...words, '--host', 'vps'], { env }).ended;
        expect((await remote(['status'])).text).toContain('you are lena (let in as lena by uid 0)');
        expect((await remote(['gc', '--dry-run'])).exitCode).toBe(4);
      } finally {
        await server.stop();
      }
    });

    it('takes its doors away when it ends', async () => {
      await until('ana has a door', () => existsSync(doorOf(ana)));
      await trial.slipway(['down']);
      expect(existsSync(doorOf(ana))).toBe(false);
    });
  },
);

/** What a user hears who connects to a socket. */
function knock(uid: number, path: string): string {
  const script = `
    const socket = require('node:net').connect(${JSON.stringify(path)});
    socket.on('connect', () => { console.log('open'); socket.destroy(); });
    socket.on('error', (error) => console.log(error.code));
  `;
  const words = [...asUser(uid), process.execPath, '-e', script];
  return execFileSync('/usr/bin/env', words, { cwd: '/', encoding: 'utf8' });
}
