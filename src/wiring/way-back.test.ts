import { expect, test } from 'vitest';
import { emptyEnvironment, type EnvironmentState, type Revision } from '../delivery/index.ts';
import type { RolloutRecord } from './rollout-log.ts';
import { oneBefore, trailOf } from './way-back.ts';

/** `r3=c` brought release c as r3; `<r2=b` went back to it. */
function told(...story: string[]): RolloutRecord[] {
  return story.map((line) => {
    const [revision, release] = line.replace('<', '').split('=');
    const kind = line.startsWith('<') ? 'rollback' : 'deploy';
    return { kind, revision, release, outcome: 'succeeded' } as unknown as RolloutRecord;
  });
}

function revision(text: string, fingerprint = 'f'): Revision {
  const [id, digest] = text.split('=');
  const configuration = { fingerprint };
  return {
    id,
    release: { digest },
    machines: ['here'],
    project: null,
    shared: [],
    processes: [],
    configuration,
  } as unknown as Revision;
}

function state(stable: Revision, standby: Revision | null = null, past: Revision[] = []): EnvironmentState {
  const window = { elapsedMs: 0, lastSeenMs: 0 };
  return {
    ...emptyEnvironment('shop/production'),
    stable,
    standby: standby && { revision: standby, window, windowMs: 1 },
    past,
  };
}

const before = (now: EnvironmentState, ...story: string[]) =>
  oneBefore(trailOf(told(...story)), now)?.revision;

test('a second rollback looks further back than the first, whatever stands by', () => {
  const fled = revision('r3=c');
  expect(before(state(fled, revision('r2=b')), 'r1=a', 'r2=b', 'r3=c')).toBe('r2');
  expect(before(state(revision('r2=b'), fled), 'r1=a', 'r2=b', 'r3=c', '<r2=b')).toBe('r1');
  // It has ended meanwhile, and so has a new name.
  expect(before(state(revision('r4=a')), 'r1=a', 'r2=b', 'r3=c', '<r2=b', '<r4=a')).toBeUndefined();
});

test('after going forward again, or shipping, the one before is the one before', () => {
  const story = ['r1=a', 'r2=b', '<r1=a'];
  expect(before(state(revision('r2=b'), revision('r1=a')), ...story, '<r2=b')).toBe('r1');
  expect(before(state(revision('r3=c'), revision('r1=a')), ...story, 'r3=c')).toBe('r1');
  expect(trailOf(told(...story)).left.map((one) => one.revision)).toEqual(['r2']);
});

test('a repair is no other version; another configuration of the same release is', () => {
  const story = ['r1=a', 'r2=b', 'r3=b'];
  expect(before(state(revision('r3=b'), revision('r2=b')), ...story)).toBe('r1');
  expect(before(state(revision('r3=b', 'new'), revision('r2=b', 'old')), ...story)).toBe('r2');
  // Nobody knows any more what the other one was.
  expect(before(state(revision('r3=b', 'new')), ...story)).toBe('r1');
});

test('what failed, and what ran already, is no step of the way', () => {
  const records = told('r1=a', 'r2=b', 'r3=c');
  const failed = { ...records[1], outcome: 'failed' } as RolloutRecord;
  const nothing = { ...records[1], revision: null } as RolloutRecord;
  const trail = trailOf([records[0]!, failed, nothing, records[2]!]);
  expect(trail.served.map((one) => one.revision)).toEqual(['r1', 'r3']);
});
