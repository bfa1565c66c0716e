import { expect, test } from 'vitest';
import type { Observed } from '../delivery/index.ts';
import { maskSecrets, maskTraces, quotesProcesses } from './mask-secrets.ts';

const seen: Observed = {
  instances: [
    {
      id: 'r1-web-1',
      revision: 'r1',
      process: 'web',
      phase: 'running',
      port: 20_001,
      host: '127.0.0.1',
      drift: null,
      restarts: 0,
      exitCode: null,
      probe: { failed: 'GET /ready answered 503: postgres://app:hunter2-long@db' },
      logTail: ['cannot connect with hunter2-long', 'hunter2 alone'],
    },
  ],
  routers: { here: null },
  silent: [],
  taken: null,
  metrics: {
    queue: { id: 'e-1', candidate: null, stable: null, trouble: 'the command said: hunter2-long' },
    memory: { id: 'e-2', candidate: 7, stable: 6, trouble: null },
  },
  probed: null,
  flags: null,
  command: { state: 'exited', code: 1, logTail: ['password hunter2-long refused'] },
  prepared: { here: { failed: 'no login with hunter2-long', logTail: [] } },
};

test('no secret is left in reasons and log tails, the longer one first', () => {
  expect(quotesProcesses(seen)).toBe(true);
  expect(maskSecrets(seen, ['hunter2', 'hunter2-long'])).toMatchObject({
    instances: [
      {
        probe: { failed: 'GET /ready answered 503: postgres://app:***@db' },
        logTail: ['cannot connect with ***', '*** alone'],
      },
    ],
    command: { logTail: ['password *** refused'] },
    prepared: { here: { failed: 'no login with ***' } },
    metrics: {
      queue: { trouble: 'the command said: ***' },
      memory: { id: 'e-2', candidate: 7, stable: 6, trouble: null },
    },
  });
});

test('what quotes nobody needs no mask', () => {
  const quiet: Observed = { ...seen, instances: [], command: { state: 'none' }, prepared: { here: 'done' } };
  expect(quotesProcesses(quiet)).toBe(true);
  expect(quotesProcesses({ ...quiet, metrics: {} })).toBe(false);
});

test('no secret is left in what a candidate leaves behind', () => {
  const request = { atMs: 1, method: 'GET', path: '/reset/hunter2', status: 500, latencyMs: 1, copy: null };
  const ends = [{ copy: 'r2-web-1', times: 1, exitCode: 1 }];
  expect(maskTraces({ requests: [request], logTail: ['hunter2 is wrong'], ends }, ['hunter2'])).toEqual({
    requests: [{ ...request, path: '/reset/***' }],
    logTail: ['*** is wrong'],
    ends,
  });
});
