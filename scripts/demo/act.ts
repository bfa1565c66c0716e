import type { RolloutView, ShipView } from '../../src/wiring/index.ts';

import type { LoadTotals, PhaseTotals } from './load-totals.ts';
import { listed } from './narrator.ts';
import type { Promised } from './promise.ts';
import type { Teller } from './shipping.ts';
import { splitOf, waitsOf, type ConfiguredWaits, type Interval, type Split } from './timing.ts';

/** A row of the table: a commit on its way, or a way back. */
export interface Act {
  name: string;
  commit: string;
  /** `live`, `stopped in staging`, `stopped by a test`. */
  became: string;
  /** Whether production's users got it. */
  live: boolean;
  why: string;
  split: Split;
  /** How long its rollouts were in each state: `staging starting`. */
  stateMs: Record<string, number>;
  /** Null before there was anybody to ask. */
  requests: PhaseTotals | null;
}

/** What a part of the demo has shown. */
export interface Outcome {
  acts: Act[];
  totals: LoadTotals;
  /** `v1 on production` → answers. */
  answersByRevision: Record<string, number>;
  /** What else was counted, in sentences. */
  facts?: string[];
  promises: Promised[];
}

interface Timing {
  committedAtMs: number;
  teller: Teller;
  /** Waits that neither the pipeline nor slipway.yml's times of an environment explain. */
  waits: Interval[];
  configured: Record<string, ConfiguredWaits>;
}

/** The act that a ship was. */
export function shipAct(name: string, ship: ShipView, timing: Timing): Act {
  const { committedAtMs, teller, waits, configured } = timing;
  const production = ship.rollouts.find(({ environment }) => environment === 'production');
  const live = ship.state === 'succeeded' && production?.liveAtMs !== null && production !== undefined;
  const endedAtMs = (live ? production.liveAtMs : null) ?? ship.finishedAtMs ?? Date.now();
  const waited = ship.rollouts.flatMap((rollout) => {
    const startingAtMs = teller.statesOf(rollout.id).find(([state]) => state === 'starting')?.[1] ?? null;
    return waitsOf(
      rollout,
      startingAtMs,
      configured[rollout.environment] ?? { bakeMs: 0, healthDeadlineMs: 0 },
    );
  });
  return {
    name,
    commit: ship.commit,
    ...ending(ship, live),
    live,
    split: splitOf({ ship, committedAtMs, endedAtMs, waits: [...waited, ...waits] }),
    stateMs: Object.assign({}, ...ship.rollouts.map((rollout) => stateMsOf(rollout, teller))) as Record<
      string,
      number
    >,
    requests: null,
  };
}

function ending(ship: ShipView, live: boolean): { became: string; why: string } {
  const stopped = ship.rollouts.find(({ state }) => state === 'failed');
  const jobs = ship.runs.flatMap((run) => run.jobs);
  const failedJobs = jobs.filter(({ state, environment }) => state === 'failure' && environment === null);
  const passed = jobs.filter(({ state, environment }) => state === 'success' && environment === null);
  if (live) {
    const revision = ship.rollouts.find(({ environment }) => environment === 'production')?.revision ?? '';
    const confirmed = ship.rollouts.map(({ environment }) => environment);
    return {
      became: 'live',
      why: `${passed.length} jobs passed; ${listed(confirmed)} ${confirmed.length === 1 ? 'serves' : 'serve'} it as ${revision}`,
    };
  }
  if (failedJobs.length > 0) {
    const names = listed(failedJobs.map(({ name }) => `"${name}"`));
    return { became: 'stopped by a job', why: `job ${names} failed, so nothing was deployed anywhere` };
  }
  if (stopped) return { became: `stopped in ${stopped.environment}`, why: stopped.detail };
  return { became: ship.state, why: ship.reason ?? 'no reason was given' };
}

interface Move {
  name: string;
  /** The commit that it should lead to. */
  commit: string;
  askedAtMs: number;
  teller: Teller;
  /** What is said when it went well. */
  why: (revision: string) => string;
}

/** The act that a way back was. */
export function moveAct(rollout: RolloutView, { name, commit, askedAtMs, teller, why }: Move): Act {
  const totalMs = (rollout.liveAtMs ?? rollout.finishedAtMs ?? Date.now()) - askedAtMs;
  const live = rollout.state === 'succeeded';
  return {
    name,
    commit: rollout.commit,
    became: live && rollout.commit === commit ? 'live' : rollout.state,
    why: live ? why(rollout.revision ?? 'it') : rollout.detail,
    live,
    split: { totalMs, pipelineMs: 0, waitedMs: 0, slipwayMs: totalMs },
    stateMs: stateMsOf(rollout, teller),
    requests: null,
  };
}

/** A way back that Slipway would not go, so that the table still tells everything before it. */
export function refusedMove(name: string, commit: string, stderr: string): Act {
  const split = { totalMs: 0, pipelineMs: 0, waitedMs: 0, slipwayMs: 0 };
  const why = stderr.trim().split('\n')[0] ?? '';
  return { name, commit, became: 'refused', why, live: false, split, stateMs: {}, requests: null };
}

function stateMsOf(rollout: RolloutView, teller: Teller): Record<string, number> {
  const states = teller.statesOf(rollout.id);
  const lasted = states.slice(0, -1).map(([state, atMs], index) => {
    const nextMs = states[index + 1]?.[1] ?? atMs;
    return [`${rollout.environment} ${state}`, nextMs - atMs] as const;
  });
  return Object.fromEntries(lasted);
}
