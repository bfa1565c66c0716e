import { seconds, tint } from './narrator.ts';
import type { Act, Outcome } from './act.ts';
import { sumOf } from './load-totals.ts';
import type { Part } from './options.ts';

/** A part of the demo that was played. */
export interface Played {
  part: Part;
  outcome: Outcome;
}

/** The table at the end: every act of every part. */
export function tableLines(played: readonly Played[]): string[] {
  const heads = ['WHAT', 'BECAME', 'TO LIVE', 'PIPELINE', 'WAITED', 'SLIPWAY', 'REQUESTS', 'FAILED'];
  const acts = played.flatMap(({ part, outcome }) =>
    outcome.acts.map((act) => ({ ...act, name: part === 'docker' ? `${act.name} on Docker` : act.name })),
  );
  const rows = acts.map((act) => [
    act.name,
    act.became,
    act.live ? seconds(act.split.totalMs) : `(${seconds(act.split.totalMs)})`,
    seconds(act.split.pipelineMs),
    seconds(act.split.waitedMs),
    seconds(act.split.slipwayMs),
    act.requests === null ? '-' : String(act.requests.answered + act.requests.failed),
    act.requests === null ? '-' : String(act.requests.failed),
  ]);
  const widths = heads.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => row[column]!.length)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd();
  return [
    tint('bold', line(heads)),
    ...rows.flatMap((row, index) => [line(row), tint('dim', `  ${acts[index]!.why}`)]),
    '',
    ...legend,
  ];
}

const legend = [
  'To live: from git commit until all users of production are on it; in brackets, until it was stopped.',
  'Pipeline: time in which a step of the workflow ran. Waited: bake, the steps of a canary and health deadline as',
  'slipway.yml asks for, and the time in which the demo left no server. Slipway: all the rest, the start of the app included.',
];

/** What was served, and every promise with its answer. */
export function verdictLines({ outcome }: Played): string[] {
  const { totals } = outcome;
  const { answered, failed } = sumOf(totals);
  return [
    `${answered + failed} requests on kept and fresh connections, ${failed} failed;` +
      ` half within ${totals.p50Ms} ms, 99 % within ${totals.p99Ms} ms, the slowest ${Math.round(totals.slowestMs)} ms;` +
      ` longest time without an answer ${Math.round(totals.longestGapMs)} ms`,
    `answers by revision: ${Object.entries(outcome.answersByRevision)
      .map(([revision, count]) => `${revision} ${count}`)
      .join(', ')}`,
    ...(outcome.facts ?? []),
    '',
    ...outcome.promises.map(({ kept, text, because }) =>
      kept
        ? `${tint('green', '✓')} ${text}`
        : `${tint('red', '✗')} ${text}${because.map((line) => `\n    ${line}`).join('')}`,
    ),
  ];
}

/** One row of the table for programs: seconds instead of milliseconds, nothing cut. */
export function rowForPrograms(act: Act) {
  const inSeconds = (ms: number) => Math.round(ms) / 1000;
  return {
    name: act.name,
    commit: act.commit,
    became: act.became,
    why: act.why,
    live: act.live,
    totalSeconds: inSeconds(act.split.totalMs),
    pipelineSeconds: inSeconds(act.split.pipelineMs),
    waitedSeconds: inSeconds(act.split.waitedMs),
    slipwaySeconds: inSeconds(act.split.slipwayMs),
    stateSeconds: Object.fromEntries(
      Object.entries(act.stateMs).map(([state, ms]) => [state, inSeconds(ms)]),
    ),
    requests: act.requests,
  };
}
