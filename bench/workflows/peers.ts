import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Another local engine, as this machine can run it. */
export interface Peer {
  name: 'act' | 'gitlab-ci-local';
  version: string;
  argv: string[];
}

const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'slipway-bench');
const versions = { act: 'v0.2.89', 'gitlab-ci-local': '4.75.1' } as const;

/**
 * The peers that are here; a missing one is said with the command that brings it. `install` brings them: act from the Go
 * module proxy (three minutes of compiling), gitlab-ci-local from npm, into a folder of the user's cache.
 */
export function findPeers(options: { install: boolean }): { found: Peer[]; missing: string[] } {
  mkdirSync(folder, { recursive: true });
  const missing: string[] = [];
  const found = [act(options, missing), gitlab(options, missing)].filter((peer) => peer !== null);
  return { found, missing };
}

function act({ install }: { install: boolean }, missing: string[]): Peer | null {
  const program = join(folder, 'bin', `act-${versions.act}`);
  if (!existsSync(program) && install && isProgram('go')) {
    const built = tryRun(['go', 'install', `github.com/nektos/act@${versions.act}`], {
      GOBIN: join(folder, 'bin'),
    });
    if (built) renameSync(join(folder, 'bin', 'act'), program);
  }
  if (existsSync(program)) {
    return {
      name: 'act',
      version: versions.act,
      argv: [program, 'push', '-P', 'ubuntu-latest=-self-hosted'],
    };
  }
  missing.push('act: needs Go, then `npm run bench:workflows -- --install-peers`');
  return null;
}

function gitlab({ install }: { install: boolean }, missing: string[]): Peer | null {
  const name = 'gitlab-ci-local';
  const entry = join(folder, 'node_modules', name, 'dist', 'index.js');
  if (!existsSync(entry) && install)
    tryRun(['npm', 'install', '--prefix', folder, '--no-audit', '--no-fund', `${name}@${versions[name]}`]);
  if (!existsSync(entry)) missing.push(`${name}: \`npm run bench:workflows -- --install-peers\``);
  else if (!isProgram('rsync')) missing.push(`${name}: needs rsync: apt-get install rsync`);
  else {
    const flags = ['--force-shell-executor', '--shell-executor-no-image', '--concurrency', '50'];
    return { name, version: versions[name], argv: [process.execPath, entry, ...flags] };
  }
  return null;
}

/** A peer that cannot be had is said to be missing; it does not stop the bench. */
function tryRun([program = '', ...args]: string[], env: Record<string, string> = {}): boolean {
  const options = { env: { ...process.env, ...env }, stdio: 'inherit' as const };
  return spawnSync(program, args, options).status === 0;
}

function isProgram(name: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((directory) => existsSync(join(directory, name)));
}
