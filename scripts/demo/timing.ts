import type { RolloutView, ShipView } from '../../src/wiring/index.ts';

/** Where the time from a commit to its end went; the parts add up to the total. Milliseconds. */
export interface Split {
  /** From the commit until it was live, or until it was stopped. */
  totalMs: number;
  /** Some step of the workflow ran: the pipeline's own work. */
  pipelineMs: number;
  /** Waiting that `slipway.yml` asks for (bake, health deadline), and the time in which the demo left no server. */
  waitedMs: number;
  /** Everything else: scheduling, releases, migrations, starting, health checks, moving traffic. */
  slipwayMs: number;
}

/** From inclusive, to exclusive. */
export type Interval = readonly [fromMs: number, toMs: number];

export interface SplitInput {
  ship: ShipView;
  committedAtMs: number;
  /** When it was live, or had been stopped. */
  endedAtMs: number;
  waits: readonly Interval[];
}

/** Shares out the time. What both a step and a wait claim is the pipeline's. */
export function splitOf({ ship, committedAtMs, endedAtMs, waits }: SplitInput): Split {
  const within = ([from, to]: Interval): Interval => [Math.max(from, committedAtMs), Math.min(to, endedAtMs)];
  const work = stepIntervals(ship, endedAtMs).map(within);
  const totalMs = endedAtMs - committedAtMs;
  const pipelineMs = lengthOfUnion(work);
  const waitedMs = lengthOfUnion([...work, ...waits.map(within)]) - pipelineMs;
  return { totalMs, pipelineMs, waitedMs, slipwayMs: totalMs - pipelineMs - waitedMs };
}

/** When steps ran; a deploy step only waits for Slipway. */
function stepIntervals(ship: ShipView, endedAtMs: number): Interval[] {
  return ship.runs
    .flatMap(({ jobs }) => jobs.flatMap(({ steps }) => steps))
    .filter(({ name }) => !name.includes('slipway/deploy'))
    .flatMap(({ startedAtMs, finishedAtMs }) =>
      startedAtMs === null ? [] : [[startedAtMs, finishedAtMs ?? endedAtMs] as const],
    );
}

/** How much time intervals cover together. */
export function lengthOfUnion(intervals: readonly Interval[]): number {
  let [covered, reached] = [0, -Infinity];
  for (const [from, to] of intervals.toSorted(([a], [b]) => a - b)) {
    covered += Math.max(0, to - Math.max(from, reached));
    reached = Math.max(reached, to);
  }
  return covered;
}

/** Settings of an environment that make a rollout wait. Milliseconds. */
export interface ConfiguredWaits {
  bakeMs: number;
  healthDeadlineMs: number;
}

/** The waits of a rollout that `slipway.yml` asks for: the bake after it was live, the deadline of one never healthy. */
export function waitsOf(
  rollout: RolloutView,
  startingAtMs: number | null,
  configured: ConfiguredWaits,
): Interval[] {
  const endMs = rollout.finishedAtMs ?? Infinity;
  if (rollout.liveAtMs !== null) {
    // Counted back from the end: between being live and the bake, workers start.
    return [[Math.max(rollout.liveAtMs, endMs - configured.bakeMs), endMs]];
  }
  if (startingAtMs === null) return [];
  return [[startingAtMs, Math.min(endMs, startingAtMs + configured.healthDeadlineMs)]];
}

/** `1s`, `200ms`, `2m` as slipway.yml writes them. */
export function durationMs(text: string): number {
  const found = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text.trim());
  const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
  return found ? Number(found[1]) * units[found[2] as keyof typeof units] : 0;
}
