import { expect, test } from 'vitest';
import { parseSettings } from './settings.ts';

const needed = ['--router', 'haproxy', '--state', '/h/routes', '--control', 'c', '--listen', '[::]:80'];

test('flags become settings with defaults', () => {
  expect(parseSettings(needed)).toEqual({
    kind: 'haproxy',
    stateFile: '/h/routes',
    controlSocket: 'c',
    folder: '/h/haproxy',
    listen: { host: '::', port: 80 },
    tls: null,
    program: null,
    ownConfig: [],
    drainTimeoutMs: 300_000,
    responseTimeoutMs: 60_000,
    maxBodyBytes: 1_073_741_824,
    trustedProxies: [],
    acmeThumbprint: null,
  });
});

test.each([
  [[]],
  [[...needed, '--router', 'squid']],
  [[...needed, '--listen', 'x']],
  [[...needed, '--listen', 'a:0']],
  [[...needed, '--listen-tls', '[::]:443']],
  [[...needed, '--drain-timeout-ms', '1s']],
  [[...needed, '--unknown']],
])('the command line %j is refused with what is allowed', (argv) => {
  expect(() => parseSettings(argv)).toThrow(expect.objectContaining({ code: 'traffic/invalid-arguments' }));
});
