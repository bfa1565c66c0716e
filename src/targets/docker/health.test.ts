import type { ContainerInspectInfo } from 'dockerode';
import { expect, test } from 'vitest';
import type { Engine } from '../../docker/index.ts';
import { probeContainer } from './health.ts';
import type { Healthchecks, Unwell } from './healthcheck.ts';

/** What is said of a copy whose command ends with `code`, when its healthcheck says that. */
function probed({ unwell = null, code = 0, paused = false }: Partial<Word>) {
  const engine = { containers: { exec: () => Promise.resolve(code) } } as unknown as Engine;
  const healthchecks = { judge: () => Promise.resolve(unwell) } as unknown as Healthchecks;
  const container = { Id: 'c1', State: { Paused: paused } } as ContainerInspectInfo;
  const check = { kind: 'command', command: 'ready' } as const;
  const asked = { instance: 'r1-web-1', port: null, moment: 'm', check, probeTimeoutMs: 1_000 };
  return probeContainer({ engine, healthchecks }, { container, host: null, asked });
}

interface Word {
  unwell: Unwell | null;
  code: number;
  paused: boolean;
}

const undecided: Unwell = { failed: 'its healthcheck has not passed yet', undecided: true };
const notReady = { failed: '"ready" ended with exit code 1' };

test('a copy is ready when its healthcheck and the probe say so', async () => {
  expect(await probed({})).toBe('ready');
  expect(await probed({ unwell: { failed: 'its healthcheck fails' } })).toEqual({
    failed: 'its healthcheck fails',
  });
  expect(await probed({ code: 1 })).toEqual(notReady);
});

test('a healthcheck that is undecided excuses no probe that fails', async () => {
  expect(await probed({ unwell: undecided })).toEqual(undecided);
  expect(await probed({ unwell: undecided, code: 1 })).toEqual(notReady);
});

test('one that is paused is not ready, whatever it said before', async () => {
  expect(await probed({ paused: true })).toEqual({ failed: 'it is paused' });
});
