import { judgeLevels } from '../../src/app/index.ts';
import {
  playBesidePeers,
  playUntilStopped,
  steadyTraffic,
  usualBursts,
  usualStalls,
  waldSessions,
  type Candidate,
  type PeerName,
  type Plan,
  type Summary,
  type Traffic,
} from '../../src/simulation/index.ts';

const minuteMs = 60_000;
const timed = (weights: number[], holdMs: number) =>
  weights.map((weightPercent) => ({ weightPercent, holdMs }));

/** How the rollout goes. */
export const settings: Record<'default' | 'patient', { title: string; plan: Plan }> = {
  default: {
    title: '10 % and 50 % for a minute each (the defaults)',
    plan: { steps: timed([10, 50], minuteMs), bakeMs: 10_000 },
  },
  patient: {
    title: '10 %, 30 % and 50 % for five minutes each',
    plan: { steps: timed([10, 30, 50], 5 * minuteMs), bakeMs: 10 * minuteMs },
  },
};

export const rates = [10, 50, 500, 5_000] as const;

/** Kinds of traffic: what differs from requests that fail by themselves, five of them a session. */
export const kinds: Record<string, Partial<Traffic>> = {
  'each request by itself': {},
  'bad sessions of 5 requests': { failures: 'together' },
  'bad sessions of 20 requests': { failures: 'together', requestsPerSession: 20 },
  'failures double on both': { drift: 2 },
  'bursts on both': { bursts: usualBursts },
  'each stands still by itself': { stalls: usualStalls },
  'sessions of 20, doubling, bursts, cold caches': {
    failures: 'together',
    requestsPerSession: 20,
    drift: 2,
    bursts: usualBursts,
    coldStart: { forMs: 10_000, times: 2 },
  },
};

export const good: Candidate = { name: 'as good as the old revision', errorShare: 0.002, slowdown: 1 };
export const bad: readonly Candidate[] = [
  { name: '2 % of requests fail, 0.2 % on the old', errorShare: 0.02, slowdown: 1 },
  { name: '0.5 % of requests fail, 0.2 % on the old', errorShare: 0.005, slowdown: 1 },
  { name: 'every request takes 1.6 times as long', errorShare: 0.002, slowdown: 1.6 },
];

/** The shares at which bad candidates are held until they are stopped, beside Wald's bound. */
export const heldAt = [10, 50] as const;

/** What one worker plays at a time. */
export type Cell =
  | { of: 'rollouts'; setting: keyof typeof settings; kind: string; rate: number; candidate: Candidate }
  | { of: 'wald'; weightPercent: number; rate: number; candidate: Candidate };

export type Played =
  | { of: 'rollouts'; ours: Summary; peers: Record<PeerName, Summary> }
  | {
      of: 'wald';
      /** Each session counts by itself. */
      ours: Summary;
      /** With the default `stall`; null where that changes nothing. */
      lasting: Summary | null;
      boundSessions: number;
    };

/** All cells of the page, the long ones first. */
export function allCells(): Cell[] {
  const candidates = [good, ...bad];
  return rates
    .toReversed()
    .flatMap((rate) => [
      ...heldAt.flatMap((weightPercent) =>
        bad.map((candidate): Cell => ({ of: 'wald', weightPercent, rate, candidate })),
      ),
      ...(['patient', 'default'] as const).flatMap((setting) =>
        Object.keys(kinds).flatMap((kind) =>
          candidates.map((candidate): Cell => ({ of: 'rollouts', setting, kind, rate, candidate })),
        ),
      ),
    ]);
}

const rules = judgeLevels.balanced;

/** Plays a cell. The same cell, number and seed give the same result. */
export function play(cell: Cell, repetition: { rollouts: number; seed: number }): Played {
  const { rate, candidate } = cell;
  if (cell.of === 'rollouts') {
    const { plan } = settings[cell.setting];
    const traffic = { ...steadyTraffic(rate), ...kinds[cell.kind] };
    // A look a second is four times as quick to play, and stops at most a second later.
    const simulation = { plan, rules, traffic, candidate, lookMs: 1_000 };
    return { of: 'rollouts', ...playBesidePeers(simulation, repetition) };
  }
  const simulation = { ...held, traffic: steadyTraffic(rate), candidate };
  const played = (stallMs: number) =>
    playUntilStopped({ ...simulation, rules: { ...rules, stallMs } }, cell.weightPercent, {
      ...repetition,
      longestMs: yearMs,
    });
  return {
    of: 'wald',
    ours: played(0),
    lasting: candidate.slowdown > 1 ? played(rules.stallMs) : null,
    boundSessions: waldSessions(simulation, cell.weightPercent / 100, rules.falseAlarm),
  };
}

/** Whose plan does not matter: it is held at one share. */
const held = { plan: settings.default.plan, rules, lookMs: 250 };
const yearMs = 365 * 24 * 60 * minuteMs;
