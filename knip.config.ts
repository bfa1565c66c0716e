import type { KnipConfig } from 'knip';

export default {
  entry: [
    'bin/slipway.js',
    'src/*/main.ts',
    'src/traffic/embedded/main.ts',
    'scripts/*.ts',
    'scripts/demo/*.ts',
    'bench/*.ts',
    'test/**/*.test.ts',
  ],
  project: ['src/**/*.ts', 'scripts/**/*.ts', 'bench/**/*.ts', 'test/**/*.ts', 'bin/*.js'],
  ignore: ['test/house/wrong/**', 'test/**/app/**'],
  // A room's index.ts is its public face: what it exports is for other rooms, today or tomorrow.
  ignoreExportsUsedInFile: true,
  ignoreDependencies: ['node', 'oxlint-tsgolint', '@changesets/cli'],
  ignoreBinaries: ['nginx', 'haproxy', 'wrk', 'useradd', 'userdel', 'setpriv', 'ssh-keygen'],
} satisfies KnipConfig;
