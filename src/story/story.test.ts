import { expect, test } from 'vitest';
import type { Json, StoredEvent } from '../flow/index.ts';
import { storyPage, tellStory, type Change } from './index.ts';

const startMs = Date.UTC(2026, 0, 5, 14, 0, 0);
const digest = `sha256:${'a'.repeat(64)}`;

/** Events of a chain, a second apart. */
function chain(...lines: [type: string, data: { [key: string]: Json }, actor?: string][]): StoredEvent[] {
  return lines.map(([type, data, actor = 'slipway'], index) => ({
    id: index + 1,
    sequence: index + 1,
    chain: 'shop/production',
    type,
    actor,
    data,
    atMs: startMs + index * 1_000,
    previousHash: '',
    hash: '',
  }));
}

const asked = (rollout: string, title: string) => ({
  rollout,
  kind: 'deploy',
  title,
  commit: 'c'.repeat(40),
  release: digest,
});

const events = chain(
  ['rollout.requested', asked('ro-1', 'Faster <search>'), 'ana'],
  ['rollout.started', { rollout: 'ro-1', revision: 'r2', from: 'r1', steps: [10, 50, 100] }, 'ana'],
  ['task.succeeded', { rollout: 'ro-1', task: 'migrate' }],
  ['traffic.shifted', { rollout: 'ro-1', revision: 'r2', weightPercent: 10 }],
  ['rollout.holding', { rollout: 'ro-1', weightPercent: 10, for: 'timer', ms: 60_000 }],
  ['revision.retired', { revision: 'r0' }],
  ['rollout.reverting', { rollout: 'ro-1', weightPercent: 10, reason: '9 of 100 requests failed' }],
  ['rollout.failed', { rollout: 'ro-1', reason: '9 of 100 requests failed', logTail: ['<boom>'] }],
  ['rollout.requested', asked('ro-2', 'Search again'), 'bo'],
  ['rollout.failed', { rollout: 'ro-2', reason: 'never ready' }],
  ['rollout.requested', asked('ro-3', 'Search, mended'), 'bo'],
  ['rollout.succeeded', { rollout: 'ro-3', reason: 'r4 serves shop/production' }],
  ['rollout.requested', asked('ro-4', 'Later'), 'bo'],
);
const change: Change = {
  base: 'b'.repeat(40),
  commits: [{ commit: 'c'.repeat(40), title: 'Faster <search>', author: 'Ana' }],
  files: [{ path: 'src/search.ts', added: 12, removed: 3 }],
  moreCommits: 0,
  moreFiles: 2,
};
const place = { app: 'shop', environment: 'production', events, change };

test('a rollout that went back: its moments, its share over time, and what came of it', () => {
  const story = tellStory({ ...place, rollout: 'ro-1' });
  expect(story).toMatchObject({
    outcome: 'failed',
    revision: 'r2',
    from: 'r1',
    actor: 'ana',
    logTail: ['<boom>'],
  });
  expect(story?.moments.map(({ says }) => says)).toEqual([
    'ana asked for “Faster <search>”',
    'r2 began beside r1, to get 10, 50, 100 % of the traffic',
    'the task migrate succeeded',
    'r2 got 10 % of the traffic',
    'it was to stay at 10 % for 1m',
    'it was taken back from 10 %: 9 of 100 requests failed',
    'its copies had ended, and what served before it goes on',
  ]);
  expect(story?.shares).toEqual([
    { atMs: startMs + 3_000, weightPercent: 10 },
    { atMs: startMs + 6_000, weightPercent: 0 },
  ]);
  expect(story?.sequels.map(({ rollout, outcome }) => [rollout, outcome])).toEqual([
    ['ro-2', 'failed'],
    ['ro-3', 'succeeded'],
  ]);
});

test('flags that its steps turn are told apart from those that others change', () => {
  const turned = chain(
    ['rollout.requested', asked('ro-1', 'A'), 'ana'],
    ['flags.changed', { rollout: 'ro-1', version: 2, changes: ['cart: default off → on'] }],
    ['flags.changed', { version: 3, changes: ['menu: default off → on'] }, 'bo'],
    ['flags.left', { rollout: 'ro-1', flags: ['cart', 'menu'] }],
  );
  const story = tellStory({ ...place, events: turned, rollout: 'ro-1' });
  expect(story?.moments.map(({ says }) => says).slice(1)).toEqual([
    'it turned flags: cart: default off → on',
    'bo changed flags: menu: default off → on',
    'somebody else had changed cart, menu, and that was left so',
  ]);
});

test('copies that had ended by themselves stand with the way back', () => {
  const ends = [
    { copy: 'r2-web-1', times: 1, exitCode: 137 },
    { copy: 'r2-web-2', times: 3, exitCode: 1 },
    { copy: 'r2-work-1', times: 2, exitCode: null },
  ];
  const crashed = events.map((event) =>
    event.type === 'rollout.reverting' ? { ...event, data: { ...(event.data as object), ends } } : event,
  );
  const story = tellStory({ ...place, events: crashed, rollout: 'ro-1' });
  expect(story?.moments.find(({ says }) => says.startsWith('it was taken back'))?.notes).toEqual([
    'r2-web-1 had ended by itself, with exit code 137',
    'r2-web-2 had ended by itself 3 times, at last with exit code 1',
    'r2-work-1 had ended by itself 2 times',
  ]);
});

test('one that is under way has no end, and one that was never asked for no story', () => {
  expect(tellStory({ ...place, rollout: 'ro-4' })).toMatchObject({ outcome: 'under way', endedAtMs: null });
  expect(tellStory({ ...place, rollout: 'ro-9' })).toBeNull();
});

test('the page holds what apps and commits say as text, and needs nothing from elsewhere', () => {
  const story = tellStory({ ...place, rollout: 'ro-1' });
  const page = storyPage(story!, startMs + 60_000);
  expect(page).toContain('Faster &lt;search&gt;');
  expect(page).toContain('&lt;boom&gt;');
  expect(page).not.toMatch(/<boom>|<search>|<script|https?:/);
  expect(page).toContain('and 2 more files');
  expect(page).toMatch(/class="share" d="M44 136H/);
});

test('what was done to the flags of the environment meanwhile is told with it', () => {
  const ramp = { ramp: 'ra-1', flag: 'cart', variant: 'on' };
  const flags = chain(
    ['flags.changed', { changes: ['menu: default off → on'] }, 'ana'],
    ['rollout.requested', asked('ro-1', 'A'), 'ana'],
    ['flags.ramp-started', ramp, 'bo'],
    ['rollout.started', { rollout: 'ro-1', revision: 'r2', from: null, steps: [100] }, 'ana'],
    ['flags.changed', { changes: ['cart: rules none → on for 20 %, off for 80 %'] }],
    ['flags.ramp-abort', ramp, 'bo'],
    ['flags.ramp-ended', { ...ramp, end: 'aborted', reason: 'aborted by bo' }],
    ['rollout.succeeded', { rollout: 'ro-1', reason: 'r2 serves' }],
    ['flags.changed', { changes: ['help: default off → on'] }, 'ana'],
  );
  const story = tellStory({ ...place, events: flags, rollout: 'ro-1' });
  expect(story?.moments.map(({ says }) => says)).toEqual([
    'ana asked for “A”',
    'bo began to ramp cart to on',
    'r2 began where nothing ran',
    'slipway changed flags: cart: rules none → on for 20 %, off for 80 %',
    'bo took the ramp of cart back',
    'the ramp of cart is over, aborted: aborted by bo',
    'it was done: r2 serves',
  ]);
});

test('an event of a newer version is told by its name', () => {
  const newer = chain(
    ['rollout.requested', asked('ro-1', 'A'), 'ana'],
    ['rollout.dreamt', { rollout: 'ro-1' }],
  );
  expect(tellStory({ ...place, events: newer, rollout: 'ro-1' })?.moments.at(-1)?.says).toBe(
    'rollout.dreamt',
  );
});
