import { unreachable } from '../diagnostics/index.ts';
import { copiesInRole, seenAs, sharedCopy, webCopies } from './copies.ts';
import { candidateCopies } from './desired.ts';
import { routedCopies } from './routes.ts';
import { spoken } from './machines.ts';
import type { EnvironmentState, Gate, Rollout } from './environment.ts';
import type { Observed } from './observed.ts';
import type { DesiredInstance, Revision } from './revision.ts';

/**
 * A copy whose readiness matters now: of the web process by its revision's health rules, of another by its own
 * healthcheck, or that it runs.
 */
export interface ProbeWish extends DesiredInstance {
  /** Once it is ready, the revision's smoke requests must be answered, too. */
  smoke: boolean;
  /** Names the stage that asks. What a healthcheck said before the stage began is no answer. */
  moment: string;
}

/** The copies that should be probed for the next look. */
export function probeWishes(state: EnvironmentState): ProbeWish[] {
  const { rollout, replacing, shared } = state;
  const replaced = shared.filter(({ service }) => service.name === replacing?.service).map(sharedCopy);
  const ofRollout = rollout ? rolloutWishes(state, rollout) : [];
  const others = ofRollout.filter(({ id }) => !replaced.some((copy) => copy.id === id));
  const moment = rollout ? momentOf(rollout) : `replacing ${replacing?.service}`;
  return [...asWishes(replaced, false), ...others].map((wish) => ({ ...wish, moment }));
}

/** Copies of the stable revision that must stay well while data changes: the web copies, and the companions that they ask. */
export function stableCopies({ stable }: EnvironmentState): DesiredInstance[] {
  return stable ? [...copiesInRole(stable, 'companion'), ...webCopies(stable, Infinity)] : [];
}

/** Copies of the stable revision that a way back waits for: no rollout ends its companions, and users come back whatever ails them. */
export function restoredCopies({ stable }: EnvironmentState): DesiredInstance[] {
  return stable ? webCopies(stable, Infinity) : [];
}

/** Shared services that the candidate needs. */
export function neededShared({ shared }: EnvironmentState, candidate: Revision): DesiredInstance[] {
  const names = candidate.shared.map(({ name }) => name);
  return shared.filter(({ service }) => names.includes(service.name)).map(sharedCopy);
}

/** Copies of the candidate that must be ready before traffic moves on. */
export function gatedCopies(rollout: Rollout): DesiredInstance[] {
  const { candidate } = rollout;
  return [...copiesInRole(candidate, 'companion'), ...webCopies(candidate, candidateCopies(rollout))];
}

function momentOf({ id, phase }: Rollout): string {
  const { index, stage } = { index: 0, stage: '', ...phase };
  return [id, phase.at, index, stage].join(' ');
}

type Wish = Omit<ProbeWish, 'moment'>;

function rolloutWishes(state: EnvironmentState, rollout: Rollout): Wish[] {
  const { phase, candidate } = rollout;
  switch (phase.at) {
    case 'waiting':
    case 'migrating':
      return [];
    case 'preparing':
      return [
        ...asWishes(neededShared(state, candidate), false),
        ...(rollout.tasks.length > 0 ? asWishes(stableCopies(state), true) : []),
      ];
    case 'checking-stable':
      return asWishes(stableCopies(state), true);
    case 'stepping': {
      const routed = webCopies(candidate, routedCopies(rollout)).map(({ id }) => id);
      return gatedCopies(rollout).map((copy) => ({
        ...copy,
        smoke: phase.stage === 'starting' && !routed.includes(copy.id),
      }));
    }
    case 'draining':
    case 'stopping-workers':
    case 'starting-workers':
    case 'baking':
      return asWishes(gatedCopies(rollout), false);
    case 'reverting':
      return phase.stage === 'restoring' ? asWishes(restoredCopies(state), false) : [];
    default:
      return unreachable(phase);
  }
}

function asWishes(copies: DesiredInstance[], smoke: boolean): Wish[] {
  return copies.map((copy) => ({ ...copy, smoke: smoke && copy.process.role === 'web' }));
}

/** Notes what the probes say of copies that are waited for. Looks may come closer together than probes are to count. */
export function countProbes(gate: Gate, copies: DesiredInstance[], observed: Observed): void {
  for (const { id, process, revision } of copies) {
    const seen = seenAs(observed, id);
    const running = process.role !== 'web' && seen?.phase === 'running' && seen.probe === 'not-probed';
    const probe = running ? 'ready' : (seen?.probe ?? 'not-probed');
    if (typeof probe === 'object')
      gate.lastFailure = process.role === 'web' ? probe.failed : `${spoken(id)}: ${probe.failed}`;
    const { streaks, failures } = gate;
    const [streak = 0, failed = 0] = [streaks[id], failures[id]];
    const isReady = probe === 'ready';
    const isFailure = (typeof probe === 'object' && !probe.undecided) || !seen;
    const repeats = (isReady && streak > 0) || (isFailure && failed > 0);
    if (repeats && isSooner(gate, id, revision.health.intervalMs)) continue;
    streaks[id] = isReady ? streak + 1 : 0;
    failures[id] = isFailure ? failed + 1 : 0;
    gate.countedAtMs = { ...gate.countedAtMs, [id]: gate.deadline.elapsedMs };
  }
}

/** Whether an instance's probe was counted less than an interval ago; not after the deadline began anew. */
function isSooner({ countedAtMs, deadline }: Gate, id: string, intervalMs: number): boolean {
  const agoMs = deadline.elapsedMs - (countedAtMs?.[id] ?? -Infinity);
  return agoMs >= 0 && agoMs < intervalMs;
}

/** Whether all have been ready so often in a row. */
export function allReady({ streaks }: Gate, copies: DesiredInstance[], times: number): boolean {
  return copies.every(({ id }) => (streaks[id] ?? 0) >= times);
}
