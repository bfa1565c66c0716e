import { execFileSync } from 'node:child_process';
import { chmodSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { processesOf } from '../rig/index.ts';
import { asUser as throughUser, canPlayOthers, nobody } from './support/another-user.ts';
import { bin, setUpTrial, startCommand, sweep, type Trial } from './support/trial.ts';

describe.skipIf(!canPlayOthers())(
  'a user without any rights (skipped? run as root: sudo npm run test:real, in a folder that others may read)',
  () => {
    const name = `slipway-trial-${process.pid}`;
    let trial: Trial;
    let uid: number;

    const asUser = async (words: string[]) => {
      const command = [
        'setpriv',
        `--reuid=${uid}`,
        `--regid=${uid}`,
        '--clear-groups',
        '--',
        process.execPath,
      ];
      const { text, exitCode } = await startCommand([...command, bin, ...words], {
        cwd: trial.repository.folder,
        env: trial.env,
      }).ended;
      expect(exitCode, text).toBe(0);
      return text;
    };

    beforeAll(async () => {
      execFileSync('useradd', ['--no-create-home', '--user-group', name]);
      uid = Number(execFileSync('id', ['-u', name], { encoding: 'utf8' }));
      trial = await setUpTrial();
      trial.addGate();
      trial.repository.commit('one');
      execFileSync('chown', ['-R', `${name}:${name}`, trial.root]);
      chmodSync(trial.root, 0o755);
    });

    afterAll(async () => {
      try {
        await asUser(['down', '--all']);
      } finally {
        await sweep(trial.root);
        execFileSync('userdel', [name]);
      }
    });

    it('ships, and every process is the user’s', async () => {
      await asUser(['up']);
      execFileSync('setpriv', [`--reuid=${uid}`, '--clear-groups', 'touch', join(trial.root, 'gate')]);
      await asUser(['ship']);
      expect(await trial.version()).toBe('one');
      const owners = processesOf(trial.home).map(({ pid, command }) => ({
        command,
        owner: lstatSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid ?? uid,
      }));
      expect(owners.length).toBeGreaterThanOrEqual(4);
      expect(owners.filter(({ owner }) => owner !== uid)).toEqual([]);
    });

    it('keeps a home that no other user can look into, and sockets that no other user can open', () => {
      const mode = (path: string) => lstatSync(path).mode & 0o777;
      expect(mode(trial.home)).toBe(0o700);
      const all = walk(trial.home);
      expect(all.filter((path) => lstatSync(path).uid !== uid)).toEqual([]);
      const sockets = all.filter((path) => lstatSync(path).isSocket());
      expect(
        sockets.map((path) => path.slice(trial.home.length + 1).replace(/\.\d+$/, '.<pid>')).toSorted(),
      ).toEqual(['router/control.sock', 'router/control.sock.<pid>', 'server.sock', 'supervisor.sock']);
      expect(sockets.filter((path) => mode(path) !== 0o600)).toEqual([]);
      // Should somebody open the home all the same: what proves, decrypts or may hold passwords stays closed.
      const secret = all.filter((path) =>
        /^\/(keys|heads|slipway\.db[^/]*|server\.json|supervisor\.json)$/.test(path.slice(trial.home.length)),
      );
      expect(secret.length).toBeGreaterThanOrEqual(3);
      expect(secret.filter((path) => (mode(path) & 0o077) !== 0)).toEqual([]);
    });

    it('refuses another user with a way out', async () => {
      const command = [...throughUser(nobody), process.execPath];
      const { text, exitCode } = await startCommand([...command, bin, 'status'], { cwd: '/', env: trial.env })
        .ended;
      expect(exitCode).toBe(3);
      expect(text).toContain('belongs to another user');
    });
  },
);

function walk(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).map(({ parentPath, name }) =>
    join(parentPath, name),
  );
}
