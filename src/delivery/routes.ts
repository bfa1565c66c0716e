import { unreachable } from '../diagnostics/index.ts';
import { checkPins } from './checks.ts';
import { copiesInRole, seenAs, webCopies, webProcess, webReplicas } from './copies.ts';
import { takenFromMachine } from './desired.ts';
import type { EnvironmentState, Rollout } from './environment.ts';
import { localId } from './machines.ts';
import type { Observed } from './observed.ts';
import type { Endpoint, Pin, RouteRevision, Routes } from './ports.ts';
import type { DesiredInstance, Revision } from './revision.ts';

/** One machine, and what is seen. */
interface Place {
  observed: Pick<Observed, 'instances'>;
  machine: string;
}

/** Percent of traffic for the candidate in the present phase. */
export function candidateWeight(rollout: Rollout): number {
  const { phase, steps } = rollout;
  switch (phase.at) {
    case 'waiting':
    case 'preparing':
    case 'migrating':
    case 'checking-stable':
      return 0;
    case 'reverting':
      return phase.stage === 'restoring' ? phase.from.weightPercent : 0;
    case 'stepping':
      return steps[lastShift(phase)]?.weightPercent ?? 0;
    case 'draining':
    case 'stopping-workers':
    case 'starting-workers':
    case 'baking':
      return 100;
    default:
      return unreachable(phase);
  }
}

/**
 * Whom the router of a machine should send to in the present phase, at the addresses seen now: copies of that machine
 * only, by the ids that it knows. Null when nothing of the environment takes traffic.
 */
export function desiredRoutes(
  state: EnvironmentState,
  observed: Pick<Observed, 'instances'>,
  machine: string,
): Routes | null {
  const { stable, rollout } = state;
  const weight = rollout ? candidateWeight(rollout) : 0;
  const fronts = weight === 100 || !stable ? [rollout?.candidate, stable] : [stable, rollout?.candidate];
  // What only leaves has to lose its traffic where it was not seen until now.
  const leaving = state.retiring.map(({ revision }) => revision);
  const front = [...fronts, ...leaving].find((revision) => revision && webProcess(revision));
  if (!front) return null;
  const all: RouteRevision[] = [];
  const place = { observed, machine };
  const away = rollout !== null && usersWait(rollout);
  if (stable) all.push(route(stable, away ? 0 : 100 - weight, routedStable(stable, rollout), place));
  if (rollout) all.push(route(rollout.candidate, weight, routedCopies(rollout), place));
  for (const idle of idleRevisions(state)) all.push(route(idle, 0, Infinity, place));
  const revisions = onlyReachable(all).filter(
    ({ endpoints, weightPercent }) => endpoints.length > 0 || weightPercent > 0,
  );
  const answers = (id?: string) => revisions.some((one) => one.id === id && one.endpoints.length > 0);
  return {
    scope: state.scope,
    hosts: front.hosts,
    revisions,
    pins:
      rollout && answers(rollout.candidate.id)
        ? pinsOf(rollout, stable && answers(stable.id) ? stable : null)
        : [],
    sticky: rollout !== null && isSticky(rollout),
    maintenance: away,
    rateLimit: front.rateLimit,
  };
}

/** Whether nothing serves for now, because no two web copies may run at any time, or what they lean on is replaced. */
function usersWait(rollout: Rollout): boolean {
  const { alone, outage, phase } = rollout;
  if (!alone) return false;
  if (outage && ['preparing', 'migrating', 'checking-stable'].includes(phase.at)) return true;
  if (phase.at === 'stepping') return candidateWeight(rollout) === 0;
  return phase.at === 'reverting' && phase.stage === 'restoring';
}

/** The candidate's copies that serve, from the first shift to the end: those with traffic, and the companions that they ask. */
export function servingCopies({ rollout }: EnvironmentState): DesiredInstance[] {
  if (!rollout || candidateWeight(rollout) === 0) return [];
  const { candidate } = rollout;
  return [...copiesInRole(candidate, 'companion'), ...webCopies(candidate, routedCopies(rollout))];
}

/** Copies of the candidate that have passed their gate, now or when they served: only these are ever named to the router. */
export function routedCopies({ phase, steps, standing }: Rollout): number {
  if (standing) return Infinity;
  switch (phase.at) {
    case 'waiting':
    case 'preparing':
    case 'migrating':
    case 'checking-stable':
      return 0;
    case 'stepping':
      return steps[lastShift(phase)]?.ready ?? 0;
    case 'reverting':
      return phase.from.routed;
    case 'draining':
    case 'stopping-workers':
    case 'starting-workers':
    case 'baking':
      return Infinity;
    default:
      return unreachable(phase);
  }
}

/** Where testers reach a blue-green candidate before the switch; null when the app has no named host. */
export function previewHost(hosts: string[]): string | null {
  const named = hosts.find((host) => host !== '*');
  return named === undefined ? null : `preview.${named}`;
}

/** Index of the step whose share of traffic stands, or is being taken. */
function lastShift({ index, stage }: Extract<Rollout['phase'], { at: 'stepping' }>): number {
  return ['shifting', 'flagging', 'verifying', 'holding'].includes(stage) ? index : index - 1;
}

/** Copies of the stable revision that are named to each router: a step takes old ones out before it ends them. */
export function routedStable(stable: Revision, rollout: Rollout | null): number {
  const copies = webReplicas(stable);
  // One that stands alone gives up its weight, and keeps its copies in the routes while they finish what they have.
  if (!rollout || rollout.alone) return copies;
  const { phase, steps } = rollout;
  if (phase.at === 'stepping') return copies - (steps[phase.index]?.taken ?? 0);
  if (phase.at === 'reverting' && phase.stage === 'restoring') return copies - phase.from.taken;
  return copies - takenFromMachine(rollout);
}

/** Testers' from the candidate's first routed copy until it has all traffic, Slipway's own until its bake ends. */
function pinsOf(rollout: Rollout, stable: Revision | null): Pin[] {
  const testers = rollout.phase.at === 'stepping' ? strategyPins(rollout) : [];
  return [...testers, ...checkPins(rollout, { weightPercent: candidateWeight(rollout), stable })];
}

function strategyPins({ candidate, settings: { strategy } }: Rollout): Pin[] {
  const revision = candidate.id;
  switch (strategy.kind) {
    case 'rolling':
      return [];
    case 'blue-green': {
      const host = strategy.preview ? previewHost(candidate.hosts) : null;
      return host === null ? [] : [{ revision, by: { kind: 'host', host } }];
    }
    case 'canary': {
      const { header, cookie } = strategy.testers ?? { header: null, cookie: null };
      return [
        ...(header ? [{ revision, by: { kind: 'header' as const, ...header } }] : []),
        ...(cookie ? [{ revision, by: { kind: 'cookie' as const, ...cookie } }] : []),
      ];
    }
    default:
      return unreachable(strategy);
  }
}

function isSticky(rollout: Rollout): boolean {
  const { strategy } = rollout.settings;
  const weight = candidateWeight(rollout);
  return strategy.kind === 'canary' && strategy.sticky && weight > 0 && weight < 100;
}

/** Nobody is sent to a revision without a copy: its share goes to the one that has some, else nothing serves. */
function onlyReachable(revisions: RouteRevision[]): RouteRevision[] {
  const weighted = revisions.filter(({ weightPercent }) => weightPercent > 0);
  if (weighted.every(({ endpoints }) => endpoints.length > 0)) return revisions;
  const [rest] = weighted.filter(({ endpoints }) => endpoints.length > 0);
  return revisions.map((revision) => ({ ...revision, weightPercent: revision === rest ? 100 : 0 }));
}

/** Revisions that run, or end, without traffic. */
function idleRevisions({ standby, retiring, rollout }: EnvironmentState): Revision[] {
  const idle = retiring.map(({ revision }) => revision);
  if (standby && standby.revision.id !== rollout?.candidate.id) idle.push(standby.revision);
  return idle;
}

function route(revision: Revision, weightPercent: number, atMost: number, place: Place): RouteRevision {
  if (!webProcess(revision)) return { id: revision.id, weightPercent: 0, endpoints: [] };
  return {
    id: revision.id,
    weightPercent,
    endpoints: webCopies(revision, atMost).flatMap((copy) => endpoint(copy, place)),
  };
}

function endpoint(copy: DesiredInstance, { observed, machine }: Place): Endpoint[] {
  const seen = copy.machine === machine ? seenAs(observed, copy.id) : undefined;
  if (!seen || seen.port === null || seen.phase === 'stopping') return [];
  return [{ instance: localId(copy.id), host: seen.host, port: seen.port }];
}
