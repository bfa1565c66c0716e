import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { defaults, judgeLevels } from '../app/index.ts';
import { judge, type Totals } from './index.ts';

const docs = join(import.meta.dirname, '../../docs');
const example =
  /(?<bad>[\d,]+) of (?<of>[\d,]+) sessions failed on the new revision, (?<oldBad>[\d,]+) of (?<oldOf>[\d,]+) on the old; odds against chance [\d,]+ : 1/;

test.each(['judge.md', 'how-it-works.md'])('the example in docs/%s is what the judge says of it', (page) => {
  const found = example.exec(readFileSync(join(docs, page), 'utf8'));
  const count = (name: string) => Number(found?.groups?.[name]?.replaceAll(',', ''));
  const candidate = { sessions: count('of'), failed: count('bad'), slow: [] };
  const stable = { sessions: count('oldOf'), failed: count('oldBad'), slow: [] };
  const verdict = judge(judgeLevels[defaults.judge], {
    edgesMs: [],
    drawn: [{ chance: 0.1, candidate, stable }],
    stretches: null,
    dealt: null,
    probed: null,
    candidate: totals(candidate),
    stable: totals(stable),
    earlier: [],
    shares: defaults.canaryWeights.length,
    metrics: [],
    sessionsPerMinute: null,
  });
  expect(verdict).toMatchObject({ is: 'failed', reason: found?.[0] });
});

function totals({ sessions, failed }: { sessions: number; failed: number }): Totals {
  return { requests: sessions, errors: failed, sessions, failedSessions: failed, slow: 0 };
}
