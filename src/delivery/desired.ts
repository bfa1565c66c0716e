import { unreachable } from '../diagnostics/index.ts';
import { copiesInRole, sharedCopy, webCopies, webReplicas } from './copies.ts';
import type { EnvironmentState, Rollout } from './environment.ts';
import { inFlight, type Observed } from './observed.ts';
import type { DesiredInstance, Revision, RevisionProcess } from './revision.ts';

/** Every copy that should run in the environment's present phase. What runs and is not here should end. */
export function desiredInstances(state: EnvironmentState): DesiredInstance[] {
  const { stable, standby, rollout } = state;
  const wanted = desiredShared(state);
  if (stable) {
    wanted.push(...serving(stable, keptCopies(stable, rollout)));
    wanted.push(...copiesInRole(stable, 'worker', (worker) => stableWorkerRuns(state, worker)));
  }
  if (standby && standby.revision.id !== rollout?.candidate.id)
    wanted.push(...serving(standby.revision, Infinity));
  if (rollout) {
    if (candidateRuns(rollout)) wanted.push(...serving(rollout.candidate, candidateCopies(rollout)));
    wanted.push(...copiesInRole(rollout.candidate, 'worker', () => candidateWorkersRun(rollout)));
  }
  return wanted;
}

/** Shared services outlive every rollout; only one that is replaced on request is away for a while. */
export function desiredShared({ shared, replacing }: EnvironmentState): DesiredInstance[] {
  const away = replacing?.stage === 'stopping' ? replacing.service : null;
  return shared.filter(({ service }) => service.name !== away).map(sharedCopy);
}

/** Web copies of the stable revision that may run on each of its machines: a step may have taken some away. */
export function keptCopies(stable: Revision, rollout: Rollout | null): number {
  return Math.max(0, webReplicas(stable) - (rollout ? takenFromMachine(rollout) : 0));
}

/** How many old copies the present phase has ended, or is about to. */
export function takenFromMachine({ phase, steps }: Rollout): number {
  switch (phase.at) {
    case 'waiting':
    case 'preparing':
    case 'migrating':
    case 'checking-stable':
    case 'reverting':
      return 0;
    case 'stepping':
      return steps[phase.stage === 'making-room' ? phase.index - 1 : phase.index]?.taken ?? 0;
    case 'draining':
    case 'stopping-workers':
    case 'starting-workers':
    case 'baking':
      return steps.at(-1)?.taken ?? 0;
    default:
      return unreachable(phase);
  }
}

/** Revisions whose copies are neither started nor stopped: they finish what they have. */
export function tolerated(
  state: EnvironmentState,
  observed: Pick<Observed, 'routers' | 'silent'>,
): Set<string> {
  const kept = new Set<string>();
  for (const { revision, stage } of state.retiring) if (stage === 'draining') kept.add(revision.id);
  const { rollout } = state;
  if (rollout?.phase.at !== 'reverting' || rollout.phase.stage === 'stopping') return kept;
  const { candidate, alone, phase } = rollout;
  // Where only one may run, what is old comes back only when the candidate is gone.
  const drained = phase.timer.elapsedMs >= candidate.drainTimeoutMs || inFlight(observed, candidate.id) === 0;
  if (!(alone && phase.stage === 'restoring' && drained)) kept.add(candidate.id);
  return kept;
}

/** Whether a worker of that name may run in two revisions at once: only where both say so. */
export function mayOverlap({ stable, rollout }: EnvironmentState, name: string): boolean {
  return [stable, rollout?.candidate].every(
    (revision) =>
      revision?.processes.find((process) => process.role === 'worker' && process.name === name)?.overlap ??
      true,
  );
}

/** Web copies with the companions that they need. */
function serving(revision: Revision, atMost: number): DesiredInstance[] {
  return [...copiesInRole(revision, 'companion'), ...webCopies(revision, atMost)];
}

/** Whether the candidate has copies beside workers. */
function candidateRuns({ phase, standing }: Rollout): boolean {
  switch (phase.at) {
    case 'waiting':
    case 'preparing':
    case 'migrating':
    case 'checking-stable':
    case 'reverting':
      return standing;
    // While old web copies make room, its companions may come up already.
    case 'stepping':
    case 'draining':
    case 'stopping-workers':
    case 'starting-workers':
    case 'baking':
      return true;
    default:
      return unreachable(phase);
  }
}

/** Web copies of the candidate that should run on each machine: capacity follows the weight. */
export function candidateCopies({ phase, steps, standing }: Rollout): number {
  if (standing || phase.at !== 'stepping') return Infinity;
  return steps[phase.stage === 'making-room' ? phase.index - 1 : phase.index]?.ready ?? 0;
}

function candidateWorkersRun({ phase }: Rollout): boolean {
  return phase.at === 'starting-workers' || phase.at === 'baking';
}

function stableWorkerRuns(state: EnvironmentState, worker: RevisionProcess): boolean {
  const { rollout } = state;
  if (!rollout) return true;
  switch (rollout.phase.at) {
    case 'waiting':
    case 'preparing':
    case 'migrating':
    case 'checking-stable':
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
