import { expect, test } from 'vitest';
import { judgeLevels } from '../../app/index.ts';
import {
  checkHeader,
  emptyEnvironment,
  type EnvironmentState,
  type RouterState,
} from '../../delivery/index.ts';
import type { CopyUse } from '../machines/model.ts';
import { Measuring } from './measuring.ts';

const web = { name: 'web', role: 'web', replicas: 1, command: '', overlap: false, alone: false, after: [] };
const revision = (id: string) => ({ id, machines: ['here'], processes: [web], hosts: ['shop.example'] });
const judge = {
  ...judgeLevels.balanced,
  metrics: [
    {
      name: 'memory',
      source: { kind: 'resource', of: 'memory' },
      below: 5,
      above: null,
      times: null,
      intervalMs: 60_000,
      failures: 3,
    },
  ],
  probes: { perMinute: 1, requests: [{ path: '/', status: 200, headers: {}, body: null, json: {} }] },
};
const shares: EnvironmentState = {
  ...emptyEnvironment('shop/production'),
  stable: revision('r7'),
  rollout: {
    id: 'ro-8',
    candidate: revision('r8'),
    steps: [{ ready: 1, weightPercent: 10, taken: 0, hold: { kind: 'approval' } }],
    settings: { judge, checks: { before: [], after: [] } },
    phase: { at: 'stepping', index: 0, stage: 'holding' },
  },
} as unknown as EnvironmentState;
const pin = (id: string, value: string) => ({
  revision: id,
  by: { kind: 'header', name: checkHeader, value },
});
const router = {
  unsure: false,
  routes: {
    hosts: ['shop.example'],
    pins: [pin('r8', 'ro-8'), pin('r7', 'ro-8:stable')],
    revisions: ['r7', 'r8'].map((id) => ({ id, endpoints: [{}] })),
  },
} as unknown as RouterState;
const observed = { routers: { here: router } };

const sizes: Record<string, number> = { 'r7-web-1': 3, 'r8-web-1': 4 };
const machine = {
  use: (_: string, ids: string[]): Promise<CopyUse[]> =>
    Promise.resolve(ids.map((id) => ({ id, start: 'a', cpuMs: 0, memoryBytes: sizes[id] ?? 0 }))),
};
const machines = { of: () => machine as never };

test('a look waits for nothing, and what was measured is there at a later one until the rollout ends', async () => {
  const measuring = new Measuring({ machines, path: '' });
  const idle = { ...shares, rollout: null };
  expect(measuring.look(idle, observed)).toEqual({ metrics: {}, probed: null });
  expect(measuring.look(shares, observed)).toMatchObject({
    metrics: {},
    probed: { chance: 0.5, candidate: { sessions: 0 }, stable: { sessions: 0 } },
  });
  await expect
    .poll(() => measuring.look(shares, observed).metrics)
    .toMatchObject({ memory: { candidate: 4, stable: 3, trouble: null } });
  expect(measuring.look(idle, observed)).toEqual({ metrics: {}, probed: null });
  expect(measuring.look(shares, observed).metrics).toEqual({});
  measuring.close();
});
