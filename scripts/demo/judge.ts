import type { RolloutView } from '../../src/wiring/index.ts';
import { sumOf, type LoadTotals } from './load-totals.ts';
import { shortOf } from './narrator.ts';
import { promise } from './promise.ts';
import type { Slipway } from './slipway.ts';
import type { Act } from './act.ts';

export interface Evidence {
  slipway: Slipway;
  acts: readonly Act[];
  totals: LoadTotals;
  /** By name: `v1`. */
  commits: Readonly<Record<string, string>>;
}

interface AuditReport {
  intact: boolean;
  chains: { message: string }[];
}

/** How each act must end, or the demo shows something else than it says. */
const expected: Readonly<Record<string, string>> = {
  v1: 'live',
  v2: 'live',
  v3: 'stopped in staging',
  v4: 'stopped by a job',
  'back to v1': 'live',
  'forward to v2': 'live',
};
const good = ['v1', 'v2'];
const bad = ['v3', 'v4'];

/** Compares what users saw with what was promised. */
export async function judge({ slipway, acts, totals, commits }: Evidence) {
  const nameOf = (commit: string) =>
    Object.entries(commits).find(([, known]) => known === commit)?.[0] ?? shortOf(commit);
  const revisions = await revisionsOf(slipway, nameOf);
  const answersByRevision = answersBy(totals, revisions);
  const audit = await slipway.call<AuditReport>({ args: ['audit', 'verify'] });
  const records = audit.last?.chains.map(({ message }) => message) ?? [audit.stderr];
  const promises = [
    promise('every act ended as told', wrongEndings(acts)),
    promise(`v3 and v4 never took traffic`, strangers(answersByRevision, totals, nameOf)),
    promise('not one request failed', failuresOf(totals)),
    promise('the audit log is whole', audit.exitCode === 0 && audit.last?.intact === true ? [] : records),
  ];
  return { answersByRevision, promises };
}

/** `production r2` → `v2`, from the history of both environments. */
async function revisionsOf(
  slipway: Slipway,
  nameOf: (commit: string) => string,
): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  for (const environment of ['production', 'staging']) {
    const onView = ({ revision, commit }: RolloutView) => {
      if (revision !== null && revision !== undefined)
        names.set(`${environment} ${revision}`, nameOf(commit));
    };
    await slipway.call<RolloutView>({ args: ['history', environment, '--limit', '100'], onView });
  }
  return names;
}

function answersBy(totals: LoadTotals, revisions: ReadonlyMap<string, string>): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const phase of Object.values(totals.phases)) {
    for (const [key, count] of Object.entries(phase.revisions)) {
      const [environment, revision] = key.split(' ');
      const name = `${revisions.get(key) ?? `an unknown revision (${revision})`} on ${environment}`;
      sums[name] = (sums[name] ?? 0) + count;
    }
  }
  return sums;
}

/** Answers from anything but v1 and v2: by the header of every answer, and by the commit that `/version` names. */
function strangers(answers: Record<string, number>, totals: LoadTotals, nameOf: (commit: string) => string) {
  const byRevision = Object.entries(answers)
    .filter(([name]) => !good.includes(name.split(' on ')[0]!))
    .map(([name, count]) => `${count} answers from ${name}`);
  const byCommit = Object.entries(totals.commits).flatMap(([environment, seen]) =>
    seen
      .filter((commit) => !good.includes(nameOf(commit)))
      .map((one) => `${environment} named commit ${nameOf(one)}`),
  );
  const unseen = good
    .filter((name) => !(answers[`${name} on production`]! > 0))
    .map((name) => `no answer came from ${name}, so the traffic proves nothing`);
  return [...byRevision, ...byCommit, ...unseen];
}

function failuresOf(totals: LoadTotals): string[] {
  const { failed } = sumOf(totals);
  const lines = totals.failures
    .slice(0, 10)
    .map(
      ({ atMs, phase, request, reason }) => `${new Date(atMs).toISOString()} ${phase}: ${request}: ${reason}`,
    );
  return failed > lines.length ? [...lines, `and ${failed - lines.length} more`] : lines;
}

function wrongEndings(acts: readonly Act[]): string[] {
  const wrong = acts
    .filter(({ name, became }) => became !== expected[name])
    .map(({ name, became, why }) => `${name} became "${became}" instead of "${expected[name]}": ${why}`);
  const without = acts
    .filter(({ name, requests }) => name !== 'v1' && (requests?.answered ?? 0) === 0)
    .map(({ name }) => `nobody asked anything during ${name}`);
  const missing = [...good, ...bad].filter((name) => !acts.some((act) => act.name === name));
  return [...wrong, ...without, ...missing.map((name) => `${name} was not shipped`)];
}
