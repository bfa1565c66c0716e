import { expect, test } from 'vitest';
import type { DueCheck, Rollout } from '../delivery/index.ts';
import { askCheck } from './due-check.ts';
import type { Machines } from './machines/machines.ts';

const candidate = {
  id: 'r2',
  machines: ['here'],
  hosts: ['new.example.com', 'shop.example.com'],
  health: { probeTimeoutMs: 1_000 },
};
const rollout = { id: 'ro-1', candidate } as unknown as Rollout;
const due = { asks: 'public', check: { kind: 'request', request: {} } } as unknown as DueCheck & {
  check: { kind: 'request' };
};

/** As whom the public address is asked. */
async function askedAs(hosts: Partial<Record<string, string[]>>): Promise<unknown> {
  const asked: unknown[] = [];
  const machine = {
    check: ({ at }: { at: { hosts: string[] } }) => {
      asked.push(at.hosts);
      return Promise.resolve(null);
    },
  };
  const machines = { of: () => machine } as unknown as Machines;
  await askCheck(due, rollout, { instances: [], hosts, machines });
  return asked;
}

test('the public address is asked by the hosts that lead there now, which those of the candidate may not yet', async () => {
  expect(await askedAs({ here: ['shop.example.com'] })).toEqual([['shop.example.com']]);
  expect(await askedAs({})).toEqual([candidate.hosts]);
});
