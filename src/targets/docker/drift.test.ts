import type { ContainerInspectInfo } from 'dockerode';
import { expect, test } from 'vitest';
import { describeDrift, expectedOf } from './drift.ts';
import { label } from './names.ts';

const settings = {
  Memory: 100,
  PidsLimit: 50,
  RestartPolicy: { Name: 'unless-stopped', MaximumRetryCount: 0 },
};

function container(
  change: { settings?: object; networks?: string[]; state?: object } = {},
): ContainerInspectInfo {
  const networks = change.networks ?? ['a', 'b'];
  return {
    Config: { Labels: { [label.expected]: JSON.stringify(expectedOf(settings, ['a', 'b'])) } },
    // The engine fills in what was not asked for.
    HostConfig: { ...settings, MemorySwap: 200, CpuShares: 0, NanoCpus: 0, ...change.settings },
    NetworkSettings: { Networks: Object.fromEntries(networks.map((name) => [name, {}])) },
    State: { Status: 'running', Paused: false, ...change.state },
  } as unknown as ContainerInspectInfo;
}

test('a container as it was made has not drifted', () => {
  expect(describeDrift(container())).toBeNull();
  expect(describeDrift(container({ settings: { PidsLimit: 50, CpuQuota: null } }))).toBeNull();
});

test.each([
  [{ settings: { Memory: 300 } }, 'its memory limit was 100 and is 300'],
  [{ settings: { PidsLimit: null } }, 'its limit of processes was 50 and is none'],
  [{ settings: { NanoCpus: 5e8 } }, 'its CPU limit was none and is 500000000'],
  [{ settings: { RestartPolicy: { Name: 'no' } } }, 'its restart policy was unless-stopped and is no'],
  [{ networks: ['a'] }, 'it was disconnected from the network b'],
  [{ networks: ['a', 'b', 'c'] }, 'it was connected to the network c'],
  [{ state: { Status: 'paused', Paused: true } }, 'it was paused'],
  [{ state: { Status: 'exited' } }, 'it was stopped by hand'],
])('%o is told', (change, text) => {
  expect(describeDrift(container(change))).toBe(text);
});

test('one that has come to its own end has not drifted', () => {
  const ended = { settings: { RestartPolicy: { Name: 'on-failure' } }, state: { Status: 'exited' } };
  expect(describeDrift(container(ended))).not.toContain('stopped by hand');
});
