import { expect, test } from 'vitest';
import { emptyEnvironment, type EnvironmentState, type Revision, type Rollout } from '../delivery/index.ts';
import { describeNow } from './describe-rollout.ts';

const candidate = { id: 'r2', machines: ['here', 'vps'], health: { deadlineMs: 60_000 } } as Revision;
const draining = { candidate, phase: { at: 'draining' }, paused: null, standing: false } as Rollout;
const silent = (machine: string): EnvironmentState => ({
  ...emptyEnvironment('shop/production'),
  silent: { [machine]: { elapsedMs: 4_200, lastSeenMs: 0 } },
});

test('a rollout says which machine it waits for, since when, and what comes of it', () => {
  expect(describeNow(draining, silent('vps'))).toBe(
    'the old revision finishes the requests that it has; vps does not answer for 5s, and after 1m all go back',
  );
});

test('a machine that it can do without is not its concern', () => {
  const now = 'the old revision finishes the requests that it has';
  expect(describeNow(draining, silent('left'))).toBe(now);
  expect(describeNow({ ...draining, standing: true }, silent('vps'))).toBe(now);
});
