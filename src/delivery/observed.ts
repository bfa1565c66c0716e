import type { Json } from '../flow/index.ts';
import { nameOn } from './machines.ts';
import type { LotCounts, RouterState } from './ports.ts';

/** One copy of one process, as the target sees it. */
export interface InstanceObservation {
  /** `r7-web-1`, elsewhere `r7-web-1@deploy@10.0.0.6`. */
  id: string;
  revision: string;
  process: string;
  phase: 'starting' | 'running' | 'backoff' | 'exited' | 'stopping';
  /** Where it answers: `127.0.0.1` for a process, the container's own address for Docker. */
  host: string;
  port: number | null;
  /** Times it ended by itself and was started again. */
  restarts: number;
  exitCode: number | null;
  /** `undecided`: it has not passed, nor failed for good; that is waited for, and never counts as a failure. */
  probe: 'ready' | 'not-probed' | { failed: string; undecided?: true };
  /** What somebody changed by hand, for people; null when it runs as it was started. */
  drift: string | null;
  /** Last lines of its log, when something is wrong. */
  logTail: string[];
}

/** The task or check that the rollout is at. */
export type CommandObservation =
  | { state: 'none' }
  /** The tail is read when the time of a check is nearly over. */
  | { state: 'running'; logTail: string[] }
  /** A request that was not answered as it should be; it is asked again at the next look. */
  | { state: 'unmet'; why: string; logTail: string[] }
  /** Code null: it ended, and nobody saw how. */
  | { state: 'exited'; code: number | null; logTail: string[] };

/** Whether a machine has all that the rollout's revision needs to start: images, networks. */
export type Preparation = 'none' | 'going' | 'done' | { failed: string; logTail: string[] };

/** The newest reading of a metric. */
export interface MetricReading {
  /** Tells readings apart: one that was counted at an earlier look is not counted again. */
  id: string;
  /** Null when there was no value. */
  candidate: number | null;
  stable: number | null;
  /** Why the candidate's value is not there; null when it is. */
  trouble: string | null;
  /** The one of the candidate's machines that its value comes from; absent where that is not known, or it is of several. */
  machine?: string;
}

/** What came of the requests that Slipway sends itself; counts only grow within an epoch. */
export interface ProbedTraffic {
  epoch: string;
  /** Of the candidate at each lot of this epoch: 0.5, or 1 while nobody else can be asked; then nothing is compared. */
  chance: 0.5 | 1;
  candidate: LotCounts;
  stable: LotCounts;
}

/** A flag of the environment; what it is inside says nothing to the engine of rollouts. */
export interface FlagSeen {
  flag: string;
  /** As it stands; null where there is none of that name. */
  now: Json | null;
  /** As the next step that names it makes it; null when none does, or none can. */
  wanted: Json | null;
  /** Why a step to come cannot turn it, for people; null when all can. */
  problem: string | null;
}

/** The flags that a rollout has to do with, at one version. */
export interface FlagSight {
  version: number;
  seen: FlagSeen[];
}

/** Everything that a plan may look at; gathered afresh for every tick. */
export interface Observed {
  /** Of every machine that answers. */
  instances: InstanceObservation[];
  /** By machine; null while the router there does not answer: then nothing is stopped there. Those of `machinesOf`. */
  routers: Record<string, RouterState | null>;
  /** On the first machine of the rollout's revision. */
  command: CommandObservation;
  /** By machine of the rollout's revision. */
  prepared: Record<string, Preparation>;
  /** Machines whose copies could not be looked at. Nothing is known of them, and nothing is done there. */
  silent: string[];
  /**
   * While a rollout is being prepared: why a shared service of it may not start, as its data is another's, here or in
   * another environment. Null when all may.
   */
  taken: string | null;
  /** By the metric's name; those that the rollout's judge asks for and that were read by now. */
  metrics: Record<string, MetricReading>;
  /** Null while none are sent. They draw no lot at the routers, but are in their counts of requests and errors. */
  probed: ProbedTraffic | null;
  /** Those of `flagWishes`; null without any. */
  flags: FlagSight | null;
}

/** The router of the machine that a copy is on; null while it does not answer. */
export function routerOf({ routers }: Pick<Observed, 'routers'>, machine: string): RouterState | null {
  return routers[machine] ?? null;
}

/** Whether the router of every machine that answers does so, too. */
export function routersAnswer({ routers, silent }: Pick<Observed, 'routers' | 'silent'>): boolean {
  return Object.entries(routers).every(([machine, router]) => router !== null || silent.includes(machine));
}

/** Requests of a revision that are not finished yet, on all machines that answer; null while a router there does not. */
export function inFlight(
  { routers, silent }: Pick<Observed, 'routers' | 'silent'>,
  revision: string,
): number | null {
  let sum = 0;
  for (const [machine, router] of Object.entries(routers)) {
    if (silent.includes(machine)) continue;
    if (!router) return null;
    sum += router.revisions.find(({ id }) => id === revision)?.inFlight ?? 0;
  }
  return sum;
}

/**
 * Requests of one copy that are not finished yet; those of its whole revision where the router cannot tell whose they are.
 * Of a copy without an address nobody can have any.
 */
export function inFlightOf(router: RouterState, copy: InstanceObservation): number {
  const traffic = router.revisions.find(({ id }) => id === copy.revision);
  if (!traffic || copy.port === null) return 0;
  return traffic.inFlightAt ? (traffic.inFlightAt[`${copy.host}:${copy.port}`] ?? 0) : traffic.inFlight;
}

/** The copy's id: unique within a scope, and the same however often it is computed. */
export function instanceId(revision: string, process: string, index: number, machine: string): string {
  return nameOn(machine, `${revision}-${process}-${index}`);
}
