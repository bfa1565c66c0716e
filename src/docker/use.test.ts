import { expect, test } from 'vitest';
import { useOf } from './use.ts';

const cpu_stats = { cpu_usage: { total_usage: 2_500_000_000 } };

test.each([
  ['cgroup v1', { usage: 900, stats: { total_inactive_file: 300, inactive_file: 100 } }, 600],
  ['cgroup v2', { usage: 900, stats: { inactive_file: 100 } }, 800],
  ['a kernel that counts less used than inactive', { usage: 900, stats: { inactive_file: 1_000 } }, 900],
  ['a kernel that counts no memory', {}, null],
])('memory as %s tells it is without inactive files', (_, memory_stats, memoryBytes) =>
  expect(useOf({ cpu_stats, memory_stats })).toEqual({ cpuMs: 2_500, memoryBytes }),
);
