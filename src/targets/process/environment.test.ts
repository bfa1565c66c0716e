import { expect, test } from 'vitest';
import { processEnvironment } from './environment.ts';

test('an app gets a path, a home, a language and what its configuration says, and nothing else', () => {
  process.env['HTTPS_PROXY'] ??= 'http://127.0.0.1:1';
  const env = processEnvironment({
    toolchainBin: ['/opt/node-22/bin'],
    homeDirectory: '/srv/medianest',
    env: { LOG_LEVEL: 'debug' },
  });
  expect(env).toEqual({
    PATH: '/opt/node-22/bin:/usr/local/bin:/usr/bin:/bin',
    HOME: '/srv/medianest',
    LANG: 'C.UTF-8',
    LOG_LEVEL: 'debug',
  });
});

test('the configuration has the last word', () => {
  const env = processEnvironment({
    toolchainBin: [],
    homeDirectory: '/srv/a',
    env: { LANG: 'C', HOME: '/b' },
  });
  expect(env).toMatchObject({ LANG: 'C', HOME: '/b' });
});
