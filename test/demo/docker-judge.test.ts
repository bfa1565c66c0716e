import { describe, expect, it } from 'vitest';
import type { Act } from '../../scripts/demo/act.ts';
import { phaseOf, type DockerEvidence, type Stack } from '../../scripts/demo/docker-evidence.ts';
import { judgeDocker } from '../../scripts/demo/docker-judge.ts';
import { noTotals, type LoadTotals, type PhaseTotals } from '../../scripts/demo/load-totals.ts';

const phase = (revisions: Record<string, number>, failedBy: Record<string, number> = {}): PhaseTotals => ({
  answered: Object.values(revisions).reduce((sum, count) => sum + count, 0),
  failed: Object.values(failedBy).reduce((sum, count) => sum + count, 0),
  revisions,
  failedBy,
});

function totals(changes: Record<string, PhaseTotals> = {}): LoadTotals {
  const v1 = 'production 1.0.0';
  const v2 = 'production 1.1.0';
  const bad = 'production 1.3.0';
  const phases = {
    v2: phase({ [v1]: 500 }),
    [phaseOf('v2', 10)]: phase({ [v1]: 270, [v2]: 30 }),
    [phaseOf('v2', 30)]: phase({ [v1]: 140, [v2]: 60 }),
    [phaseOf('v2', 50)]: phase({ [v1]: 100, [v2]: 100 }),
    [phaseOf('v2', 100)]: phase({ [v2]: 200 }),
    v5: phase({ [v2]: 500 }),
    [phaseOf('v5', 10)]: phase({ [v2]: 200, [bad]: 20 }, { [bad]: 5 }),
    'back to v1': phase({ [v1]: 50, [v2]: 50 }),
    v6: phase({ [v1]: 500 }),
    ...changes,
  };
  return { ...noTotals, phases };
}

const act = (name: string, became: string, why = ''): Act => ({
  name,
  commit: name,
  became,
  why,
  live: became === 'live',
  split: { totalMs: 0, pipelineMs: 0, waitedMs: 0, slipwayMs: 0 },
  stateMs: {},
  requests: null,
});

function evidence(changes: Partial<DockerEvidence> = {}): DockerEvidence {
  const before: Stack = { version: '1.0.0', image: 'sha256:a', library: 'MediaNest', keyId: '01' };
  const between: Stack = { version: '1.1.0', image: 'sha256:b', library: 'Stars', keyId: '02' };
  return {
    acts: [
      act('v1', 'live'),
      act('v2', 'live'),
      act('v5', 'stopped in production'),
      act('back to v1', 'live'),
      act('v6', 'stopped in production', 'smoke request GET /api/posters?limit=1 answered 500, not 200'),
    ],
    commits: {},
    shares: [10, 30, 50, 100],
    stacks: { before, between, after: before },
    shared: { first: 'a b', last: 'a b' },
    leftovers: [],
    ...changes,
  };
}

const broken = (given: DockerEvidence, seen: LoadTotals) =>
  judgeDocker(given, seen).promises.flatMap(({ kept, text, because }) => (kept ? [] : [[text, ...because]]));

describe('the judge of the act on Docker', () => {
  it('finds nothing where all went as told, and says how the share grew', () => {
    expect(broken(evidence(), totals())).toEqual([]);
    const { facts, promises } = judgeDocker(evidence(), totals());
    expect(facts).toEqual([
      'answers that v2 gave as its share grew: 30 of 300 at 10 %, 60 of 200 at 30 %, 100 of 200 at 50 %, 200 of 200 at 100 %',
    ]);
    expect(promises).toHaveLength(7);
  });

  it('takes a failure that another version answered, or nobody, for one of the users', () => {
    const byOld = totals({ v6: phase({ 'production 1.0.0': 10 }, { 'production 1.0.0': 1 }) });
    expect(broken(evidence(), byOld)).toEqual([
      ['not one request failed but 5 that v5 answered itself before it was taken back', 'and 1 more'],
    ]);
    const byNobody = totals({ v5: phase({ 'production 1.1.0': 10 }, { 'production none': 2 }) });
    expect(broken(evidence(), byNobody)[0]?.[1]).toBe('and 2 more');
  });

  it.each([
    ['a version that answers out of its turn', totals({ v6: phase({ 'production 1.4.0': 1 }) }), /1\.4\.0/],
    ['a bad version that comes back', totals({ v6: phase({ 'production 1.3.0': 1 }) }), /1\.3\.0/],
    [
      'a share that is far from what it should be',
      totals({ [phaseOf('v2', 10)]: phase({ 'production 1.1.0': 300 }) }),
      /at 10 % it gave 300 of 300/,
    ],
    ['an act during which nobody asked', totals({ 'back to v1': phase({}) }), /nobody asked/],
  ])('finds %s', (_, seen, reason) => {
    expect(broken(evidence(), seen).flat().join('\n')).toMatch(reason);
  });

  it.each<[string, Partial<DockerEvidence>, RegExp]>([
    ['an act that ended otherwise', { acts: [act('v1', 'failed', 'because')] }, /v1 became "failed"/],
    ['a step that was left out', { shares: [10, 50, 100] }, /held at 10, 50, 100 %/],
    ['a database that was started anew', { shared: { first: 'a', last: 'b' } }, /now b/],
    ['what is left on the engine', { leftovers: ['volume x'] }, /volume x/],
    [
      'a secret that did not come back',
      { stacks: { ...evidence().stacks, after: { ...evidence().stacks.before, keyId: '02' } } },
      /keyId was 01 and is 02/,
    ],
    [
      'a way back that proves nothing',
      { stacks: { ...evidence().stacks, between: { ...evidence().stacks.between, library: 'MediaNest' } } },
      /the same library/,
    ],
  ])('finds %s', (_, change, reason) => {
    expect(broken(evidence(change), totals()).flat().join('\n')).toMatch(reason);
  });

  it('promises nothing about the engine when everything was to be kept', () => {
    expect(judgeDocker(evidence({ leftovers: null }), totals()).promises).toHaveLength(6);
  });
});
