import { unreachable } from '../diagnostics/index.ts';
import { desiredInstances, desiredRoutes, mayOverlap, tolerated } from './desired.ts';
import type { EnvironmentState } from './environment.ts';
import type { InstanceObservation, Observed } from './observed.ts';
import type { Routes } from './ports.ts';
import type { DesiredInstance, Revision, Task } from './revision.ts';

/** Something to do to the world. All are absolute, so that doing one twice is doing it once. */
export type Effect =
  | { do: 'run-command'; key: string; revision: Revision; name: string; command: string }
  | { do: 'start'; instance: DesiredInstance }
  | { do: 'route'; routes: Routes }
  | { do: 'stop'; instance: string };

/** Names an effect for as long as it is wanted. */
export function effectKey(effect: Effect): string {
  switch (effect.do) {
    case 'run-command':
      return `run ${effect.key}`;
    case 'start':
      return `start ${effect.instance.id}`;
    case 'stop':
      return `stop ${effect.instance}`;
    case 'route':
      return 'route';
    default:
      return unreachable(effect);
  }
}

/** What must be done for the world to agree with the phase; empty when it agrees already, or nothing may be done yet. */
export function planEffects(state: EnvironmentState, observed: Observed): Effect[] {
  return [
    ...commands(state, observed),
    ...starts(state, observed),
    ...routing(state, observed),
    ...stops(state, observed),
  ];
}

/**
 * Names one run of the release command. Its success is remembered for release and environment (`migrated`), so it
 * succeeds once there; after a failure the next rollout, with a revision of its own, may try again.
 */
export function commandKey(revision: Revision, task: Pick<Task, 'name'> = { name: 'release' }): string {
  return `${task.name}-${revision.id}`;
}

function commands({ rollout }: EnvironmentState, { command }: Observed): Effect[] {
  if (rollout?.phase.at !== 'migrating' || command.state !== 'none') return [];
  const { candidate } = rollout;
  return candidate.tasks.map((task) => ({
    do: 'run-command',
    key: commandKey(candidate, task),
    revision: candidate,
    ...task,
  }));
}

function starts(state: EnvironmentState, { instances }: Observed): Effect[] {
  return desiredInstances(state)
    .filter(({ id }) => !instances.some((seen) => seen.id === id))
    .filter((wanted) => !waitsForPredecessor(state, wanted, instances))
    .map((instance) => ({ do: 'start', instance }));
}

/** A worker that may not run twice waits until no other revision's copy of it is seen. */
function waitsForPredecessor(
  state: EnvironmentState,
  { process, revision }: DesiredInstance,
  instances: InstanceObservation[],
): boolean {
  if (process.role !== 'worker' || mayOverlap(state, process.name)) return false;
  // A copy with a port is no worker, whatever a former revision called it.
  return instances.some(
    (seen) => seen.process === process.name && seen.revision !== revision.id && seen.port === null,
  );
}

function routing(state: EnvironmentState, observed: Observed): Effect[] {
  if (!observed.router) return [];
  const routes = desiredRoutes(state, observed);
  if (!routes || sameRoutes(routes, observed.router.routes)) return [];
  return [{ do: 'route', routes }];
}

function stops(state: EnvironmentState, observed: Observed): Effect[] {
  const wanted = new Set(desiredInstances(state).map(({ id }) => id));
  const kept = tolerated(state);
  return observed.instances
    .filter(({ id, revision, phase }) => !wanted.has(id) && !kept.has(revision) && phase !== 'stopping')
    .filter((instance) => !mayBeRouted(instance, observed))
    .map(({ id }) => ({ do: 'stop', instance: id }));
}

/** A copy is stopped only when the router itself says that it gets no traffic. */
function mayBeRouted({ id, port }: InstanceObservation, { router }: Observed): boolean {
  if (port === null) return false;
  if (!router) return true;
  const revisions = router.routes?.revisions ?? [];
  return revisions.some(
    ({ weightPercent, endpoints }) => weightPercent > 0 && endpoints.some(({ instance }) => instance === id),
  );
}

/** Whether two routes mean the same, whatever the order of keys and lists. */
export function sameRoutes(a: Routes, b: Routes | null): boolean {
  return b !== null && canonical(a) === canonical(b);
}

function canonical(routes: Routes): string {
  const revisions = routes.revisions
    .map(({ id, weightPercent, endpoints }) => [
      id,
      weightPercent,
      endpoints.map(({ instance, host, port }) => `${instance}=${host}:${port}`).toSorted(),
    ])
    .toSorted((left, right) => String(left[0]).localeCompare(String(right[0])));
  const { scope, hosts, sticky, maintenance, rateLimit } = routes;
  const limit = rateLimit ? [rateLimit.perMinute, rateLimit.burst] : null;
  return JSON.stringify([scope, hosts.toSorted(), revisions, sticky, maintenance, limit]);
}
