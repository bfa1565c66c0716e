import { unreachable } from '../diagnostics/index.ts';
import type { EnvironmentState, Rollout } from './environment.ts';
import { instanceId, type Observed } from './observed.ts';
import type { Endpoint, RouteRevision, Routes } from './ports.ts';
import type { DesiredInstance, Revision, RevisionProcess } from './revision.ts';

/** Every copy that should run in the environment's present phase. What runs and is not here should end. */
export function desiredInstances(state: EnvironmentState): DesiredInstance[] {
  const { stable, standby, rollout } = state;
  const wanted: DesiredInstance[] = [];
  if (stable) {
    wanted.push(...webCopies(stable, Infinity));
    wanted.push(...workerCopies(stable, (worker) => stableWorkerRuns(state, worker)));
  }
  if (standby && standby.revision.id !== rollout?.candidate.id)
    wanted.push(...webCopies(standby.revision, Infinity));
  if (rollout) {
    wanted.push(...webCopies(rollout.candidate, candidateCopies(rollout)));
    wanted.push(...workerCopies(rollout.candidate, () => candidateWorkersRun(rollout)));
  }
  return wanted;
}

/** Percent of traffic for the candidate in the present phase. */
export function candidateWeight(rollout: Rollout): number {
  const { phase, steps } = rollout;
  switch (phase.at) {
    case 'migrating':
    case 'reverting':
      return 0;
    case 'stepping':
      return steps[phase.shifting ? phase.index : phase.index - 1]?.weightPercent ?? 0;
    case 'draining':
    case 'stopping-workers':
    case 'starting-workers':
    case 'baking':
      return 100;
    default:
      return unreachable(phase);
  }
}

/** Who should get traffic in the present phase, at the addresses seen now; null when nothing here takes traffic. */
export function desiredRoutes(state: EnvironmentState, observed: Observed): Routes | null {
  const { stable, rollout } = state;
  const weight = rollout ? candidateWeight(rollout) : 0;
  const fronts = weight === 100 || !stable ? [rollout?.candidate, stable] : [stable, rollout?.candidate];
  const front = fronts.find((revision) => revision && webProcess(revision));
  if (!front) return null;
  const revisions: RouteRevision[] = [];
  if (stable) revisions.push(route(stable, 100 - weight, Infinity, observed));
  if (rollout) revisions.push(route(rollout.candidate, weight, routedCopies(rollout), observed));
  for (const idle of idleRevisions(state)) revisions.push(route(idle, 0, Infinity, observed));
  return {
    scope: state.scope,
    hosts: front.hosts,
    revisions: onlyReachable(revisions).filter(
      ({ endpoints, weightPercent }) => endpoints.length > 0 || weightPercent > 0,
    ),
    pins: [],
    sticky: false,
    maintenance: false,
    rateLimit: front.rateLimit,
  };
}

/** Nobody is sent to a revision without a copy: its share goes to the one that has some, else nothing serves. */
function onlyReachable(revisions: RouteRevision[]): RouteRevision[] {
  const weighted = revisions.filter(({ weightPercent }) => weightPercent > 0);
  if (weighted.every(({ endpoints }) => endpoints.length > 0)) return revisions;
  const [rest] = weighted.filter(({ endpoints }) => endpoints.length > 0);
  return revisions.map((revision) => ({ ...revision, weightPercent: revision === rest ? 100 : 0 }));
}

/** Revisions whose copies are neither started nor stopped: they finish what they have. */
export function tolerated(state: EnvironmentState): Set<string> {
  const kept = new Set<string>();
  for (const { revision, stage } of state.retiring) if (stage === 'draining') kept.add(revision.id);
  const { rollout } = state;
  if (rollout?.phase.at === 'reverting' && rollout.phase.stage !== 'stopping') kept.add(rollout.candidate.id);
  return kept;
}

/** Ids of the copies whose readiness matters now. */
export function instancesToProbe(state: EnvironmentState): string[] {
  const { rollout } = state;
  if (!rollout || rollout.phase.at === 'migrating' || rollout.phase.at === 'reverting') return [];
  return webCopies(rollout.candidate, candidateCopies(rollout)).map(({ id }) => id);
}

/** Ids of the candidate's copies that have traffic, from the first shift to the end. */
export function copiesWithTraffic({ rollout }: EnvironmentState): string[] {
  if (!rollout || candidateWeight(rollout) === 0) return [];
  return webCopies(rollout.candidate, routedCopies(rollout)).map(({ id }) => id);
}

/** Whether a worker of that name may run in two revisions at once: only where both say so. */
export function mayOverlap({ stable, rollout }: EnvironmentState, name: string): boolean {
  return [stable, rollout?.candidate].every(
    (revision) =>
      revision?.processes.find((process) => process.role === 'worker' && process.name === name)?.overlap ??
      true,
  );
}

/** The process that gets traffic, if the app has one. */
export function webProcess(revision: Revision): RevisionProcess | undefined {
  return revision.processes.find(({ role }) => role === 'web');
}

/** Revisions that run, or end, without traffic. */
function idleRevisions({ standby, retiring, rollout }: EnvironmentState): Revision[] {
  const idle = retiring.map(({ revision }) => revision);
  if (standby && standby.revision.id !== rollout?.candidate.id) idle.push(standby.revision);
  return idle;
}

/** Copies of the candidate that have passed their gate, now or when they served: only these are ever named to the router. */
function routedCopies({ phase, steps, standing }: Rollout): number {
  if (standing) return Infinity;
  if (phase.at === 'migrating') return 0;
  if (phase.at !== 'stepping') return Infinity;
  return steps[phase.shifting ? phase.index : phase.index - 1]?.ready ?? 0;
}

function route(revision: Revision, weightPercent: number, atMost: number, observed: Observed): RouteRevision {
  if (!webProcess(revision)) return { id: revision.id, weightPercent: 0, endpoints: [] };
  const endpoints: Endpoint[] = [];
  for (const { id } of webCopies(revision, atMost)) {
    const seen = observed.instances.find((instance) => instance.id === id);
    if (seen && seen.port !== null && seen.phase !== 'stopping') {
      endpoints.push({ instance: id, host: seen.host, port: seen.port });
    }
  }
  return { id: revision.id, weightPercent, endpoints };
}

function webCopies(revision: Revision, atMost: number): DesiredInstance[] {
  const process = webProcess(revision);
  return process ? copies(revision, process).slice(0, atMost) : [];
}

function workerCopies(revision: Revision, runs: (worker: RevisionProcess) => boolean): DesiredInstance[] {
  return revision.processes
    .filter((process) => process.role === 'worker' && runs(process))
    .flatMap((process) => copies(revision, process));
}

function copies(revision: Revision, process: RevisionProcess): DesiredInstance[] {
  return Array.from({ length: process.replicas }, (_, index) => ({
    id: instanceId(revision.id, process.name, index + 1),
    revision,
    process,
  }));
}

function candidateCopies({ phase, steps, standing }: Rollout): number {
  if (standing) return Infinity;
  switch (phase.at) {
    case 'migrating':
      return 0;
    case 'stepping':
      return steps[phase.index]?.ready ?? 0;
    case 'draining':
    case 'stopping-workers':
    case 'starting-workers':
    case 'baking':
      return Infinity;
    case 'reverting':
      return 0;
    default:
      return unreachable(phase);
  }
}

function candidateWorkersRun({ phase }: Rollout): boolean {
  return phase.at === 'starting-workers' || phase.at === 'baking';
}

function stableWorkerRuns(state: EnvironmentState, worker: RevisionProcess): boolean {
  const { rollout } = state;
  if (!rollout) return true;
  switch (rollout.phase.at) {
    case 'migrating':
    case 'stepping':
    case 'draining':
      return true;
    // One that runs is left alone; one that was stopped comes back once the candidate's copy is gone (effects.ts).
    case 'reverting':
      return true;
    case 'stopping-workers':
    case 'starting-workers':
      return mayOverlap(state, worker.name);
    case 'baking':
      return false;
    default:
      return unreachable(rollout.phase);
  }
}
