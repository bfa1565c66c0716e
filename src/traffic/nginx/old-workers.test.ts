import { expect, test } from 'vitest';
import { beyond } from './old-workers.ts';

const worker = (pid: number, leaving: boolean) => ({ pid, leaving, startTicks: 1000 - pid });

test('the oldest workers on their way out are too many once there are more than may be', () => {
  const old = [3, 1, 4, 2, 5].map((pid) => worker(pid, true));
  expect(beyond([...old, worker(9, false)], 5)).toEqual([]);
  expect(beyond([...old, worker(9, false)], 3)).toEqual([5, 4]);
});

test('two generations may always finish, however many workers each has', () => {
  const old = [1, 2, 3, 4, 5].map((pid) => worker(pid, true));
  expect(beyond([...old, worker(8, false), worker(9, false)], 1)).toEqual([5]);
});
