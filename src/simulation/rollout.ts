import { slowQuantiles } from '../delivery/index.ts';
import type { JudgeDefinition } from '../app/index.ts';
import { judge, provesHarm, type Evidence } from '../judge/index.ts';
import { lengthOf, type Plan } from './plan.ts';
import type { Random } from './random.ts';
import { startTally, type Tally } from './tally.ts';
import { drawTrace, type Counts } from './trace.ts';
import { quantileMs, type Candidate, type Traffic } from './traffic.ts';
import { worthALook } from './worth-a-look.ts';

/** One rollout, as often as one likes. */
export interface Simulation {
  plan: Plan;
  rules: JudgeDefinition;
  traffic: Traffic;
  candidate: Candidate;
  /** Time between two looks; the engine looks as often as it probes copies: 250 by default. */
  lookMs: number;
}

/** How a rollout ended for the judge. */
export interface Outcome {
  /** `undecided`: it still waits for proof after a day. */
  end: 'stopped' | 'through' | 'undecided';
  /** Since the candidate's first traffic. */
  ms: number;
  /** Of both revisions, up to then. */
  sessions: number;
  /** What stopped it. */
  about: Evidence['about'] | null;
}

/** Somebody else who looks at the same users. */
export interface Onlooker {
  see(counts: { candidate: Counts; stable: Counts }, atMs: number): void;
}

/** Those who look on, and the times by which they want slow requests counted. */
export interface Audience {
  marksMs: readonly number[];
  onlookers: readonly Onlooker[];
}

/** Somebody who waits for proof gives up after so long. */
const patienceMs = 86_400_000;

/** Routers know four edges an octave. */
const edgesAnOctave = 4;

/** The times that slow sessions are counted by: of those that routers know the next above. */
export function edgesOf({ latency }: Traffic): number[] {
  const edges = slowQuantiles.map((share) => {
    const time = quantileMs(share, latency);
    const octave = 2 ** Math.floor(Math.log2(time));
    return (octave * Math.ceil((time / octave) * edgesAnOctave)) / edgesAnOctave;
  });
  return [...new Set(edges)];
}

/**
 * Plays one rollout and asks the judge at every look, as the engine would.
 *
 * @param audience - With one, users go on to come after the judge has stopped it, as long as both revisions have some.
 */
export function playRollout(
  simulation: Simulation,
  random: Random,
  audience: Audience | null = null,
): Outcome {
  const { plan, rules } = simulation;
  const run = begin(simulation, random, audience);
  for (const { weightPercent, holdMs } of sharesOf(plan, rules)) {
    run.tally.begin(weightPercent / 100);
    goOn(run, weightPercent / 100, holdMs);
    if (rules.undecided === 'hold' && weightPercent < 100) waitForProof(run, weightPercent / 100);
  }
  return run.outcome ?? { end: 'through', ms: run.ms, sessions: run.sessions, about: null };
}

interface Run {
  simulation: Simulation;
  tally: Tally;
  outcome: Outcome | null;
  ms: number;
  sessions: number;
  /** Draws the next users and shows them to all who look. */
  look(weight: number): void;
  watched: boolean;
}

function begin(simulation: Simulation, random: Random, audience: Audience | null): Run {
  const { plan, rules, traffic, lookMs } = simulation;
  const edgesMs = edgesOf(traffic);
  const lengthMs = lengthOf(plan);
  const marksMs = audience ? audience.marksMs : rules.p95Ms === null ? [] : [rules.p95Ms];
  const trace = drawTrace({ ...simulation, edgesMs, marksMs, tickMs: lookMs, lengthMs }, random);
  const run: Run = {
    simulation,
    tally: startTally(rules, edgesMs, {
      shares: plan.steps.length + 1,
      p95: marksMs.indexOf(rules.p95Ms ?? 0),
    }),
    outcome: null,
    ms: 0,
    sessions: 0,
    watched: audience !== null,
    look(weight) {
      const counts = trace.next(run.ms, weight);
      run.ms += lookMs;
      for (const onlooker of audience?.onlookers ?? []) onlooker.see(counts, run.ms);
      if (!run.outcome) see(run, counts);
    },
  };
  return run;
}

/** Without a bound of its own the judge has nothing to look at once all users are on the candidate. */
function sharesOf({ steps, bakeMs }: Plan, { errorRate, p95Ms }: JudgeDefinition): Plan['steps'] {
  return errorRate === null && p95Ms === null
    ? steps.filter(({ weightPercent }) => weightPercent < 100)
    : [...steps, { weightPercent: 100, holdMs: bakeMs }];
}

function goOn(run: Run, weight: number, holdMs: number): void {
  const end = run.ms + holdMs;
  while (run.ms < end && (run.watched || !run.outcome)) run.look(weight);
}

function see(run: Run, counts: { candidate: Counts; stable: Counts }): void {
  const { simulation, tally } = run;
  const { rules } = simulation;
  tally.add(counts, run.ms);
  run.sessions += counts.candidate.sessions + counts.stable.sessions;
  // Evidence against it grows by its own bad sessions alone.
  const { failedSessions, slowSessions } = counts.candidate;
  if (failedSessions === 0 && !slowSessions.some((count) => count > 0)) return;
  if (!worthALook(rules, tally.seen.drawn, tally.seen.edgesMs.length)) return;
  if (!provesHarm(rules, tally.seen)) return;
  const about = judge(rules, tally.seen).evidence.find(({ says }) => says === 'harm')?.about ?? null;
  run.outcome = { end: 'stopped', ms: run.ms, sessions: run.sessions, about };
}

/** `undecided: hold` stays at a share until it is proven that the candidate does no harm; that is asked every minute. */
function waitForProof(run: Run, weight: number): void {
  const begin = run.ms;
  while (!run.outcome && judge(run.simulation.rules, run.tally.seen).is !== 'passed') {
    if (run.ms - begin >= patienceMs) {
      run.outcome = { end: 'undecided', ms: run.ms, sessions: run.sessions, about: null };
      return;
    }
    goOn(run, weight, Math.max(60_000, run.simulation.lookMs));
  }
}
