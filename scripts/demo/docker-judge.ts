import type { Outcome } from './act.ts';
import { phaseOf, versions, type DockerEvidence, type Stack } from './docker-evidence.ts';
import type { LoadTotals, PhaseTotals } from './load-totals.ts';
import { promise } from './promise.ts';

/** How each act must end. */
const expected: Readonly<Record<string, string>> = {
  v1: 'live',
  v2: 'live',
  v5: 'stopped in production',
  'back to v1': 'live',
  v6: 'stopped in production',
};
/** Versions that may answer while an act goes on. */
const mayAnswer: Readonly<Record<string, readonly string[]>> = {
  v2: [versions.v1, versions.v2],
  v5: [versions.v2, versions.v5],
  'back to v1': [versions.v2, versions.v1],
  v6: [versions.v1],
};
const steps = [10, 30, 50, 100];
/** Where the smoke request that v1 fails after v6's migration leads. */
const smokePath = '/api/posters';

/** Compares what users and the engine saw with what was promised. */
export function judgeDocker(
  evidence: DockerEvidence,
  totals: LoadTotals,
): Pick<Outcome, 'answersByRevision' | 'promises' | 'facts'> {
  const { acts, shares, stacks, shared, leftovers } = evidence;
  for (const act of acts) act.requests = act.name === 'v1' ? null : requestsOf(totals, act.name);
  const own = requestsOf(totals, 'v5').failedBy[`production ${versions.v5}`] ?? 0;
  const promises = [
    promise('on Docker every act ended as told', wrongEndings(evidence)),
    promise('v2 got 10, 30, 50, then 100 % of users', wrongShares(shares, totals)),
    promise(
      `not one request failed but ${own} that v5 answered itself before it was taken back`,
      strangeFailures(totals, own),
    ),
    promise('v6 never took traffic, and no version answered out of its turn', outOfTurn(totals)),
    promise("the way back brought v1's image, settings and secrets together", wrongStacks(stacks)),
    promise(
      'PostgreSQL and Redis were started once and never touched',
      shared.first === shared.last ? [] : [`then ${shared.first}`, `now ${shared.last}`],
    ),
    ...(leftovers === null ? [] : [promise('nothing of it is left on the engine', leftovers)]),
  ];
  return { answersByRevision: answersBy(totals), facts: [sharesText(totals)], promises };
}

/** All requests of an act, with those of its canary's steps. */
function requestsOf(totals: LoadTotals, name: string): PhaseTotals {
  const phases = Object.entries(totals.phases).filter(
    ([phase]) => phase === name || phase.startsWith(`${name}: `),
  );
  const sum: PhaseTotals = { answered: 0, failed: 0, revisions: {}, failedBy: {} };
  for (const [, { answered, failed, revisions, failedBy }] of phases) {
    sum.answered += answered;
    sum.failed += failed;
    addTo(sum.revisions, revisions);
    addTo(sum.failedBy, failedBy);
  }
  return sum;
}

function addTo(sums: Record<string, number>, more: Record<string, number>): void {
  for (const [key, count] of Object.entries(more)) sums[key] = (sums[key] ?? 0) + count;
}

function wrongEndings({ acts }: DockerEvidence): string[] {
  const wrong = acts
    .filter(({ name, became }) => became !== expected[name])
    .map(({ name, became, why }) => `${name} became "${became}" instead of "${expected[name]}": ${why}`);
  const unasked = acts
    .filter(({ requests }) => requests !== null && requests.answered === 0)
    .map(({ name }) => `nobody asked anything during ${name}`);
  const missing = Object.keys(expected).filter((name) => !acts.some((act) => act.name === name));
  const v6 = acts.find(({ name }) => name === 'v6');
  const otherwise = v6?.why.includes(smokePath)
    ? []
    : [`v6 was not stopped for what its migration did to v1: ${v6?.why}`];
  return [...wrong, ...unasked, ...missing.map((name) => `${name} was not played`), ...otherwise];
}

/** How many of a step's answers came from the new version. */
function shareAt(totals: LoadTotals, step: number): { asked: number; fromNew: number } {
  const { revisions } = requestsOf(totals, phaseOf('v2', step));
  const asked = Object.values(revisions).reduce((sum, count) => sum + count, 0);
  return { asked, fromNew: revisions[`production ${versions.v2}`] ?? 0 };
}

function wrongShares(shares: readonly number[], totals: LoadTotals): string[] {
  const order = shares.join() === steps.join() ? [] : [`it was held at ${shares.join(', ')} %`];
  const wrong = steps.flatMap((step) => {
    const { asked, fromNew } = shareAt(totals, step);
    const share = asked === 0 ? 0 : (100 * fromNew) / asked;
    return asked > 0 && Math.abs(share - step) <= tolerance(step, asked)
      ? []
      : [`at ${step} % it gave ${fromNew} of ${asked} answers`];
  });
  return [...order, ...wrong];
}

/**
 * Points of a hundred by which a share may be off: four standard deviations of drawing lots, and ten for requests that
 * are booked to the step before, because the demo hears of a step a moment after it began.
 */
function tolerance(step: number, asked: number): number {
  return 10 + 4 * Math.sqrt((step * (100 - step)) / asked);
}

function strangeFailures(totals: LoadTotals, own: number): string[] {
  const allowed = `production ${versions.v5}`;
  const failed = Object.values(totals.phases).flatMap(({ failedBy }) => Object.entries(failedBy));
  const strange = failed.filter(([by]) => by !== allowed).reduce((sum, [, count]) => sum + count, 0);
  const told = totals.failures
    .filter(({ by }) => by !== allowed)
    .slice(0, 10)
    .map(
      ({ atMs, phase, request, reason }) => `${new Date(atMs).toISOString()} ${phase}: ${request}: ${reason}`,
    );
  return [
    ...told,
    ...(strange > told.length ? [`and ${strange - told.length} more`] : []),
    ...(own > 0 ? [] : ['nobody met the mistake of v5, so this proves nothing']),
  ];
}

function outOfTurn(totals: LoadTotals): string[] {
  return Object.entries(mayAnswer).flatMap(([name, allowed]) => {
    const { revisions, failedBy } = requestsOf(totals, name);
    const seen = new Set([...Object.keys(revisions), ...Object.keys(failedBy)]);
    return [...seen]
      .map((key) => key.replace('production ', ''))
      .filter((version) => version !== 'none' && !allowed.includes(version))
      .map((version) => `version ${version} answered during ${name}`);
  });
}

function wrongStacks({ before, between, after }: DockerEvidence['stacks']): string[] {
  const parts = Object.keys(before) as (keyof Stack)[];
  return parts.flatMap((part) => [
    ...(after[part] === before[part] ? [] : [`${part} was ${before[part]} and is ${after[part]}`]),
    ...(between[part] !== before[part] ? [] : [`v2 had the same ${part} as v1, so this proves nothing`]),
  ]);
}

function answersBy(totals: LoadTotals): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { revisions } of Object.values(totals.phases)) addTo(sums, revisions);
  const nameOf = (version: string) =>
    Object.entries(versions).find(([, known]) => known === version)?.[0] ?? version;
  return Object.fromEntries(
    Object.entries(sums).map(([key, count]) => [nameOf(key.replace('production ', '')), count]),
  );
}

function sharesText(totals: LoadTotals): string {
  const texts = steps.map((step) => {
    const { asked, fromNew } = shareAt(totals, step);
    return `${fromNew} of ${asked} at ${step} %`;
  });
  return `answers that v2 gave as its share grew: ${texts.join(', ')}`;
}
