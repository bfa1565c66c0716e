import { describe, expect, test } from 'vitest';
import type { Evidence } from '../judge/index.ts';
import type { Json, StoredEvent } from '../flow/index.ts';
import { nextCommands, storyPage, tellStory, type Story } from './index.ts';

const startMs = Date.UTC(2026, 0, 5, 14, 0, 0);

function errors(says: Evidence['says'], [bad, of]: [number, number], odds: number): Evidence {
  const text = `${bad} of ${of} sessions failed on the new revision, 3 of 2,790 on the old`;
  const counts = { candidate: { bad, of }, stable: { bad: 3, of: 2_790 } };
  return { about: 'errors', name: null, says, text, odds, counts };
}

const memory: Evidence = {
  about: 'metric',
  name: 'memory',
  says: 'unknown',
  text: 'memory: the source did not answer',
  odds: null,
  counts: null,
};

function judged(weightPercent: number, verdict: string, evidence: Evidence[], reason: string | null = null) {
  return ['rollout.judged', { weightPercent, verdict, reason, evidence, needed: null }] as const;
}

/** The story of events a second apart. */
function told(...lines: (readonly [type: string, data: object])[]): Story {
  const asked = [
    'rollout.requested',
    { kind: 'deploy', title: 'Faster', commit: 'c', release: 'd' },
  ] as const;
  const events = [asked, ...lines].map(([type, data], index): StoredEvent => ({
    id: index,
    sequence: index,
    chain: 'shop/production',
    type,
    actor: 'slipway',
    data: { rollout: 'ro-1', ...data } as Json,
    atMs: startMs + index * 1_000,
    previousHash: '',
    hash: '',
  }));
  const story = tellStory({ app: 'shop', environment: 'production', rollout: 'ro-1', events, change: null });
  if (!story) throw new Error('no story');
  return story;
}

const lines = ({ moments }: Story) =>
  moments
    .slice(1)
    .flatMap(({ says, tone, notes }) => [`${tone}: ${says}`, ...notes.map((note) => `  ${note}`)]);

describe('what the judge said', () => {
  test('is told in words, with all that it rests on', () => {
    const story = told(
      judged(1, 'inconclusive', [errors('open', [0, 31], 0.9)], 'about 290 more sessions are needed'),
      ['rollout.unproven', { weightPercent: 1, reason: 'about 290 more sessions are needed' }],
      judged(5, 'errored', [memory], 'memory: the source did not answer'),
      judged(10, 'passed', [errors('good', [1, 402], 0.4)]),
      judged(50, 'failed', [errors('harm', [12, 310], 4_100), memory], '12 of 310 failed'),
      ['rollout.reverting', { weightPercent: 50, reason: '12 of 310 failed' }],
    );
    expect(lines(story)).toEqual([
      'plain: judged at 1 %: unproven; about 290 more sessions are needed',
      '  undecided: 0 of 31 sessions failed on the new revision, 3 of 2,790 on the old',
      'plain: judged at 5 %: there was no telling; memory: the source did not answer',
      '  no answer: memory: the source did not answer',
      'good: judged at 10 %: it does no harm',
      '  for it: 1 of 402 sessions failed on the new revision, 3 of 2,790 on the old',
      'bad: judged at 50 %: it does harm',
      '  against it: 12 of 310 sessions failed on the new revision, 3 of 2,790 on the old; odds against chance 4,100 : 1',
      '  no answer: memory: the source did not answer',
      'bad: it was taken back from 50 %',
    ]);
    expect(story.verdicts.map(({ weightPercent, verdict }) => [weightPercent, verdict])).toEqual([
      [1, 'inconclusive'],
      [5, 'errored'],
      [10, 'passed'],
      [50, 'failed'],
    ]);
  });

  test('what was unproven without a verdict is told as before', () => {
    const story = told([
      'rollout.unproven',
      { weightPercent: 10, reason: 'no request has reached it at this share yet' },
    ]);
    expect(lines(story)).toEqual([
      'plain: nothing spoke against it at 10 %, and nothing proved it: no request has reached it at this share yet',
    ]);
  });

  test('is a dot in the picture, and its numbers are bars beside each other', () => {
    const page = storyPage(
      told(
        ['traffic.shifted', { revision: 'r2', weightPercent: 10 }],
        judged(10, 'failed', [errors('harm', [31, 310], 4_100)], 'harm'),
      ),
      startMs + 4_000,
    );
    expect(page).toContain('<title>judged at 10 %: it does harm</title></circle>');
    expect(page).toContain('<i class="bad" style="width:100%"></i></td><td>10 %</td><td>31 of 310</td>');
    expect(page).toContain('<i class="old" style="width:1.1%"></i></td><td>0.11 %</td><td>3 of 2,790</td>');
  });

  test('bars are left out where no session had trouble', () => {
    const none = {
      ...errors('good', [0, 400], 0.1),
      counts: { candidate: { bad: 0, of: 400 }, stable: { bad: 0, of: 900 } },
    };
    expect(storyPage(told(judged(10, 'passed', [none])), startMs)).not.toContain('class="bars"');
  });
});

test('requests that failed, and lines of the log, are told of the way back even while it is under way', () => {
  const request = {
    atMs: startMs,
    method: 'GET',
    path: '/<search>',
    status: 500,
    latencyMs: 41,
    copy: 'r2-web-1',
  };
  const story = told([
    'rollout.reverting',
    { weightPercent: 10, reason: 'x', requests: [request], logTail: ['boom'] },
  ]);
  expect(story).toMatchObject({ outcome: 'under way', requests: [request], logTail: ['boom'] });
  expect(storyPage(story, startMs)).toContain(
    '<td>14:00:00</td><td><code>GET /&lt;search&gt;</code></td><td>500</td><td>41 ms</td><td>r2-web-1</td>',
  );
});

test('where to look next depends on how it ended', () => {
  const story = told();
  expect(nextCommands(story)).toEqual([
    'slipway status --watch',
    'slipway logs production --app shop --follow',
  ]);
  expect(nextCommands({ ...story, outcome: 'succeeded' })).toEqual(['slipway status']);
  expect(nextCommands({ ...story, outcome: 'failed' })).toEqual([
    'slipway status',
    'slipway logs production --app shop',
  ]);
});
