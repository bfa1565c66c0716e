import { expect, test } from 'vitest';
import { emptyEnvironment, type EnvironmentState, type Revision } from '../delivery/index.ts';
import { asWantedToday } from './rollback-place.ts';

function revision(id: string, machines: string[], more: object = {}): Revision {
  return { id, machines, project: {}, shared: [], processes: [], ...more } as unknown as Revision;
}

function serving(stable: Revision, standby: Revision | null = null): EnvironmentState {
  const window = { elapsedMs: 0, lastSeenMs: 0 };
  return {
    ...emptyEnvironment('shop/production'),
    stable,
    standby: standby && { revision: standby, window, windowMs: 1 },
  };
}

test('a way back keeps the machines that users are sent to today', () => {
  const { id, machines } = asWantedToday(revision('r1', ['here']), serving(revision('r3', ['here', 'two'])));
  expect(machines).toEqual(['here', 'two']);
  // The environment names it anew.
  expect(id).toBeUndefined();
});

test('a machine that was left since is not waited for', () => {
  const { machines } = asWantedToday(revision('r1', ['here', 'dead']), serving(revision('r3', ['here'])));
  expect(machines).toEqual(['here']);
});

test('what stands by on all of them takes its traffic back as it is', () => {
  const standing = revision('r2', ['here', 'two']);
  expect(asWantedToday(standing, serving(revision('r3', ['here']), standing))).toBe(standing);
  const elsewhere = revision('r2', ['here']);
  expect(asWantedToday(elsewhere, serving(revision('r3', ['here', 'two']), elsewhere)).id).toBeUndefined();
});

test('what can only be where it was stays there', () => {
  const state = serving(revision('r3', ['here', 'two']));
  for (const more of [
    { project: null },
    { shared: [{ name: 'db' }] },
    { processes: [{ name: 'web', alone: true }] },
  ]) {
    const old = revision('r1', ['here'], more);
    expect(asWantedToday(old, state)).toBe(old);
  }
});
