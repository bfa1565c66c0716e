import type { JudgeDefinition } from '../app/index.ts';
import { playUntilStopped } from './held.ts';
import { playMany, type Repetition } from './many.ts';
import { lengthOf, type Plan } from './plan.ts';
import type { Simulation } from './rollout.ts';
import type { Share, Summary } from './summary.ts';
import type { Candidate, Traffic } from './traffic.ts';
import { waldSessions } from './wald.ts';

/** What a judge would do to rollouts of an environment, for people and programs. */
export interface SimulationReport {
  app: string;
  environment: string;
  plan: Plan;
  judge: Pick<JudgeDefinition, 'level' | 'falseAlarm' | 'undecided' | 'errorRate' | 'p95Ms'>;
  traffic: Traffic;
  rollouts: number;
  seed: number;
  candidates: CandidateReport[];
}

/** What came of the rollouts of one candidate. */
export interface CandidateReport {
  candidate: Candidate;
  /** As good as the stable revision: whoever stops it errs. */
  good: boolean;
  stopped: Share;
  /** Rollouts that still waited for proof after a day. */
  undecided: number;
  /** On average, of those that were stopped; null where none was. */
  stopMs: number | null;
  stopSessions: number | null;
  /** Share of the rollouts that was stopped by the end of each of equal parts of the rollout, 0-1. */
  overTime: number[];
  /** How many sessions it takes on average, at the last share that both revisions have; null for a good one, and past all patience. */
  needs: { sessions: number; minutes: number } | null;
}

/** What a report is made of. */
export interface Question {
  app: string;
  environment: string;
  simulation: Omit<Simulation, 'candidate'>;
  candidates: readonly Candidate[];
}

const parts = 24;
/** So many rollouts tell well enough how many sessions are needed. */
const neededRollouts = 50;
/** More sessions than these nobody waits for. */
const patience = 1_000_000;

/** Plays all candidates. */
export function report(question: Question, repetition: Repetition): SimulationReport {
  const { app, environment, simulation, candidates } = question;
  const { plan, rules, traffic } = simulation;
  const { level, falseAlarm, undecided, errorRate, p95Ms } = rules;
  return {
    app,
    environment,
    plan,
    judge: { level, falseAlarm, undecided, errorRate, p95Ms },
    traffic,
    ...repetition,
    candidates: candidates.map((candidate) => reportOf({ ...simulation, candidate }, repetition)),
  };
}

function reportOf(simulation: Simulation, repetition: Repetition): CandidateReport {
  const { candidate, traffic, plan } = simulation;
  const played = playMany(simulation, repetition);
  return {
    candidate,
    good: candidate.errorShare <= traffic.errorShare && candidate.slowdown <= 1,
    stopped: played.stopped,
    undecided: played.undecided,
    stopMs: played.meanStopMs,
    stopSessions: played.meanStopSessions,
    overTime: overTime(played, lengthOf(plan)),
    needs: needsOf(simulation, repetition),
  };
}

function overTime({ stopMs, rollouts }: Summary, lengthMs: number): number[] {
  return Array.from({ length: parts }, (_, part) => {
    const untilMs = (lengthMs * (part + 1)) / parts;
    return stopMs.filter((ms) => ms <= untilMs || part === parts - 1).length / rollouts;
  });
}

function needsOf(simulation: Simulation, { rollouts, seed }: Repetition): CandidateReport['needs'] {
  const { plan, traffic, rules } = simulation;
  const last = plan.steps.findLast(({ weightPercent }) => weightPercent < 100);
  if (!last) return null;
  const bound = waldSessions(simulation, last.weightPercent / 100, rules.falseAlarm);
  if (bound * 3 > patience) return null;
  const sessionsPerMinute = traffic.requestsPerMinute / traffic.requestsPerSession;
  const longestMs = Math.ceil(((bound * 20) / sessionsPerMinute) * 60_000);
  const played = playUntilStopped(simulation, last.weightPercent, {
    rollouts: Math.min(rollouts, neededRollouts),
    seed,
    longestMs,
  });
  const sessions = played.meanStopSessions;
  if (sessions === null || played.stopped.count < played.rollouts) return null;
  return { sessions: Math.round(sessions), minutes: sessions / sessionsPerMinute };
}
