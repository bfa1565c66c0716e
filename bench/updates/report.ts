import type { Contender } from './contender.ts';
import type { LoadResult } from './load-result.ts';
import type { Memory } from './memory.ts';

/** One update, as it was seen. */
export interface Update {
  /** The app's own start a moment before, with the same users. */
  ownStartMs: number;
  /** From the command to its end. */
  tookMs: number;
  /** Of that, the update of the app: without the pipeline and the making of a release. */
  rolloutMs: number;
  /** From the command to the last answer of the old version. */
  lastOldMs: number;
  seen: LoadResult;
  memory: Memory;
}

/** All that was measured in a run. */
export interface Report {
  updates: Map<Contender, Update[]>;
  /** The app's own start with nobody there, in each round. */
  idleStarts: number[];
  missing: string[];
  /** Of the machine in the last 1, 5 and 15 minutes. */
  load: string[];
  json: boolean;
}

/** Prints medians over the rounds; failures are sums. Sets the exit code when a request to Slipway failed. */
export function printReport({ updates, idleStarts, missing, load, json }: Report): void {
  const idleMs = median(idleStarts);
  const rows = [...updates].map(([contender, each]) => rowOf(contender, each));
  for (const row of rows) if (json) console.log(JSON.stringify(row));
  if (json) console.log(JSON.stringify({ row: "the app's own start, no users", seconds: seconds(idleMs) }));
  else {
    console.table(Object.fromEntries(rows.map(({ row, ...rest }) => [row, rest])));
    console.log(
      '  own start: of the app, until its healthcheck calls it healthy, a moment before with the same users',
    );
    console.log(`  own start with no users: ${seconds(idleMs)} s`);
    console.log('  x least: over (own start x starts in turn + configured waits), within each round');
    console.log("  rollout: without what Slipway does before it, the commit's pipeline and its release");
    for (const [{ name, what }] of updates) console.log(`  ${name}: ${what}`);
    for (const [{ name }, each] of updates) console.log(`  ${name}: ${failuresOf(each)}`);
    console.log(`  load of the machine in the last 1, 5 and 15 minutes: ${load.join(', ')}`);
  }
  for (const line of missing) console.log(`  not measured: ${line}`);
  for (const { row, failed } of rows) {
    if (!row.startsWith('slipway') || failed === 0) continue;
    console.error(`FAILED: ${failed} requests failed while ${row} updated the app`);
    process.exitCode = 1;
  }
}

function rowOf({ name, startsInTurn, waitsMs }: Contender, each: Update[]) {
  const tookMs = median(each.map((one) => one.tookMs));
  const rolloutMs = median(each.map((one) => one.rolloutMs));
  const overLeast = (whole: (one: Update) => number) =>
    ratio(median(each.map((one) => whole(one) / (one.ownStartMs * startsInTurn + waitsMs))));
  const requests = sum(each.map(({ seen }) => seen.requests));
  return {
    row: name,
    seconds: seconds(tookMs),
    'rollout s': seconds(rolloutMs),
    'last old answer s': seconds(median(each.map((one) => one.lastOldMs))),
    'own start s': seconds(median(each.map((one) => one.ownStartMs))),
    'x least': overLeast((one) => one.tookMs),
    'rollout x least': overLeast((one) => one.rolloutMs),
    requests,
    failed: sum(each.flatMap(({ seen }) => Object.values(seen.failures))),
    'nobody answered ms': Math.max(...each.map(({ seen }) => seen.longestGapMs)),
    'tool MiB': mebibytes(each.map(({ memory }) => memory.toolBytes)),
    'app MiB': mebibytes(each.map(({ memory }) => memory.appBytes)),
    'copies at peak': Math.max(...each.map(({ memory }) => memory.copies)),
  };
}

function failuresOf(each: Update[]): string {
  const kinds = new Map<string, number>();
  for (const [kind, count] of each.flatMap(({ seen }) => Object.entries(seen.failures)))
    kinds.set(kind, (kinds.get(kind) ?? 0) + count);
  const told = [...kinds].map(([kind, count]) => `${count} ${kind}`);
  return told.length === 0 ? 'no request failed' : `failed: ${told.join(', ')}`;
}

function ratio(times: number): number {
  return Number(times.toFixed(2));
}

function mebibytes(each: number[]): number {
  return Math.round(Math.max(...each) / 2 ** 20);
}

function seconds(ms: number): number {
  return Number((ms / 1000).toFixed(2));
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

function median(numbers: number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
