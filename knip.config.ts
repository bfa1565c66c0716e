import type { KnipConfig } from 'knip';

export default {
  entry: [
    // A room's public face: what it exports is for other rooms, today or tomorrow.
    'src/*/index.ts',
    'test/rig/index.ts',
    'test/docker/index.ts',
    'src/*/main.ts',
    'src/traffic/embedded/main.ts',
    'src/targets/docker/act.ts',
    'src/traffic/agent/main.ts',
    'scripts/*.ts',
    'scripts/demo/*.ts',
    'bench/*.ts',
    'bench/updates/load.ts',
    'test/**/*.test.ts',
    // Started as processes of their own.
    'test/rig/load.ts',
    'test/soak/load/main.ts',
    'test/soak/app/server.ts',
    'test/soak/app/release.ts',
    'test/judging/load/main.ts',
    'test/judging/app/server.ts',
    'test/store/ticker.ts',
  ],
  project: ['src/**/*.ts', 'scripts/**/*.ts', 'bench/**/*.ts', 'test/**/*.ts', 'bin/*.js'],
  ignore: ['test/house/wrong/**', 'examples/**'],
  // The examples are repositories of their own, with tests and dependencies of their own.
  ignoreIssues: { 'examples/**': ['unlisted', 'unresolved', 'files'] },
  ignoreExportsUsedInFile: true,
  ignoreDependencies: ['@changesets/cli', '@changesets/changelog-git'],
  ignoreBinaries: [
    'taskset',
    'mount',
    'umount',
    'useradd',
    'usermod',
    'userdel',
    'setpriv',
    'ssh-keygen',
    'mkfifo',
    'ip',
    'iptables',
    'ldd',
    'nsenter',
  ],
} satisfies KnipConfig;
