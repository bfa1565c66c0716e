import { expect, test } from 'vitest';
import { emptyEnvironment, type EnvironmentState, type Revision, type Rollout } from '../delivery/index.ts';
import { describeNext, describeNow } from './describe-rollout.ts';

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

test('a step says which flags it turns, before and meanwhile', () => {
  const hold = { kind: 'none' } as const;
  const step = { ready: 1, taken: 0, hold };
  const steps = [
    { ...step, weightPercent: 10 },
    { ...step, weightPercent: 50, flags: { 'new-cart': 'on', theme: 'dark' } },
  ];
  const at = (stage: 'holding' | 'flagging', index: number) =>
    ({ ...draining, steps, phase: { at: 'stepping', stage, index } }) as Rollout;
  const known = emptyEnvironment('shop/production');
  expect(describeNext(at('holding', 0))).toBe('50 % of traffic on r2, then new-cart is on, theme is dark');
  expect(describeNow(at('flagging', 1), known)).toBe('turns flags, so that new-cart is on, theme is dark');
});
