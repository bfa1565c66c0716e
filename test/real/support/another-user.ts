import { spawnSync } from 'node:child_process';
import { bin } from './trial.ts';

/** The words before a command that run it as a user without rights; as root alone. */
export function asUser(uid: number): string[] {
  return ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--'];
}

/** The user that Debian calls nobody. */
export const nobody = 65_534;

/** Whether this is root, and others may read this checkout and start its Node: one below /root they may not. */
export function canPlayOthers(): boolean {
  if (process.getuid?.() !== 0) return false;
  const words = [...asUser(nobody), process.execPath, bin, '--version'];
  return spawnSync('/usr/bin/env', words, { cwd: '/', env: { PATH: '/usr/bin:/bin' } }).status === 0;
}
