import type { RouterState } from './ports.ts';

/** One copy of one process, as the target sees it. */
export interface InstanceObservation {
  /** `r7-web-1` */
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
  probe: 'ready' | 'not-probed' | { failed: string };
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

/** Whether the machines have all that the rollout's revision needs to start: images, networks. */
export type Preparation = 'none' | 'going' | 'done' | { failed: string; logTail: string[] };

/** Everything that a plan may look at; gathered afresh for every tick. */
export interface Observed {
  instances: InstanceObservation[];
  /** Null while the router does not answer: then nothing is stopped. */
  router: RouterState | null;
  command: CommandObservation;
  prepared: Preparation;
}

/** Requests of a revision that are not finished yet. */
export function inFlight({ revisions }: RouterState, revision: string): number {
  return revisions.find(({ id }) => id === revision)?.inFlight ?? 0;
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
export function instanceId(revision: string, process: string, index: number): string {
  return `${revision}-${process}-${index}`;
}
