import { execFileSync } from 'node:child_process';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What a version does; see app/server.ts. */
export type Behaviour =
  'good' | 'never-ready' | 'crashes' | 'migration-fails' | 'sick-with-users' | 'fails-users';

/** A version of the app, and how it is to be rolled out. */
export interface Version {
  name: string;
  behaves: Behaviour;
  /** As in slipway.yml. */
  strategy: string;
  bake: string;
  drainTimeout: string;
  rollbackWindow: string;
}

/** A git repository with one app. */
export interface Repository<V = Version> {
  folder: string;
  /** Commits a version; returns its hash. */
  commit(version: V): string;
}

/** Makes the repository of the soak's app; nothing is committed yet. */
export function createRepository(folder: string): Repository {
  // The tests' own Node runs the app: the machine need not have another.
  const node = `exec '${process.execPath}'`;
  return repositoryOf<Version>(folder, new URL('app', import.meta.url), (version) => {
    const { name, behaves } = version;
    // Only a version whose migration fails has one: each rollout is a process shorter.
    const release = behaves === 'migration-fails' ? `release: ${node} release.ts\n` : '';
    return {
      'version.json': JSON.stringify({ version: name, behaves }),
      Procfile: `web: ${node} server.ts\n${release}`,
      'slipway.yml': slipwayYml(version),
    };
  });
}

/**
 * Makes a repository of a folder's files.
 *
 * @param filesOf - What a version has of its own, by path.
 */
export function repositoryOf<V extends { name: string }>(
  folder: string,
  app: URL,
  filesOf: (version: V) => Record<string, string>,
): Repository<V> {
  cpSync(fileURLToPath(app), folder, { recursive: true });
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=Ana', '-c', 'user.email=ana@example.com', ...args], {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: folder, GIT_CONFIG_NOSYSTEM: '1' },
    }).trim();
  git('init', '-q', '-b', 'main');
  return {
    folder,
    commit(version) {
      for (const [file, text] of Object.entries(filesOf(version))) writeFileSync(join(folder, file), text);
      git('add', '-A');
      git('commit', '-q', '-m', version.name);
      return git('rev-parse', 'HEAD');
    },
  };
}

function slipwayYml({ behaves, strategy, bake, drainTimeout, rollbackWindow }: Version): string {
  // What never becomes ready need not be waited for.
  const deadline = behaves === 'never-ready' ? '1s' : '60s';
  return `name: soak
environments:
  production:
    branches: [main]
    host: '*'
    strategy: ${strategy}
    replicas: { web: 2 }
    health: { path: /ready, interval: 100ms, timeout: 2s, successes: 2, deadline: ${deadline} }
    drain-timeout: ${drainTimeout}
    bake: ${bake}
    rollback-window: ${rollbackWindow}
`;
}
