import { unreachable } from '../diagnostics/index.ts';
import { checkCommand, checkedProcess, checkKeys, dueCheck } from './checks.ts';
import { isUp, knownRevisions, seenAs, sharedRevision } from './copies.ts';
import { desiredInstances, desiredShared, mayOverlap, tolerated } from './desired.ts';
import { flagEffects, type FlagsEffect } from './flags.ts';
import { isHeld, lacksRoom } from './room.ts';
import { mayRunUnseen } from './silence.ts';
import { desiredRoutes } from './routes.ts';
import type { EnvironmentState, Rollout } from './environment.ts';
import { homeOf, localId, machineOf, machinesOf, nameOn } from './machines.ts';
import { mayEndTask, taskRuns } from './migrations.ts';
import { routerOf, type InstanceObservation, type Observed } from './observed.ts';
import type { Pin, Routes } from './ports.ts';
import type { DesiredInstance, Revision, RevisionProcess, Task } from './revision.ts';

/** Something to do to the world. All are absolute, so that doing one twice is doing it once. */
export type Effect =
  | { do: 'prepare'; revision: Revision; machine: string }
  | { do: 'run-command'; key: string; revision: Revision; name: string; command: string }
  | { do: 'start'; instance: DesiredInstance }
  /** Undoes what was changed by hand, without a restart where it runs; starts what has ended. */
  | { do: 'repair'; instance: DesiredInstance }
  | { do: 'route'; routes: Routes; machine: string }
  | { do: 'stop'; instance: string }
  | FlagsEffect;

/** What is done on a machine. */
export type MachineEffect = Exclude<Effect, FlagsEffect>;

/** Where an effect happens: a command on the first machine of its revision. */
export function machineOfEffect(effect: MachineEffect): string {
  switch (effect.do) {
    case 'prepare':
    case 'route':
      return effect.machine;
    case 'run-command':
      return homeOf(effect.revision);
    case 'start':
    case 'repair':
      return effect.instance.machine;
    case 'stop':
      return machineOf(effect.instance);
    default:
      return unreachable(effect);
  }
}

/** Names an effect for as long as it is wanted; `machineOf` tells its machine. */
export function effectKey(effect: Effect): string {
  switch (effect.do) {
    case 'prepare':
      return nameOn(effect.machine, `prepare ${effect.revision.id}`);
    case 'run-command':
      return nameOn(homeOf(effect.revision), `run ${effect.key}`);
    case 'start':
    case 'repair':
      return `${effect.do} ${effect.instance.id}`;
    case 'stop':
      return `stop ${effect.instance}`;
    case 'route':
      return nameOn(effect.machine, 'route');
    case 'set-flags':
      return 'set flags';
    default:
      return unreachable(effect);
  }
}

/**
 * What must be done for the world to agree with the phase; empty when it agrees already, or nothing may be done yet. On a
 * machine that does not answer nothing is tried.
 */
export function planEffects(state: EnvironmentState, observed: Observed): Effect[] {
  const onMachines: MachineEffect[] = [
    ...preparation(state, observed),
    ...commands(state, observed),
    ...repairs(state, observed),
    ...starts(state, observed),
    ...routing(state, observed),
    ...stops(state, observed),
  ];
  return [
    ...flagEffects(state.rollout, observed),
    ...onMachines.filter((effect) => !observed.silent.includes(machineOfEffect(effect))),
  ];
}

/**
 * Names one run of a task. Its success is remembered for release and environment (`migrated`), so it succeeds once there;
 * after a failure the next rollout, with a revision of its own, may try again.
 */
export function commandKey(revision: Pick<Revision, 'id'>, task: Pick<Task, 'name'>): string {
  return `${task.name}-${revision.id}`;
}

/** Key of the command that the rollout under way runs, or ran last: of a check or a task; null when it has none. */
export function currentCommand(state: EnvironmentState): string | null {
  const { rollout } = state;
  const check = checkCommand(state);
  if (check !== null) return check;
  const task = rollout?.tasks[Math.min(rollout.taskIndex, rollout.tasks.length - 1)];
  return rollout && task ? commandKey(rollout.candidate, task) : null;
}

/**
 * Keys of commands that have been taken into account, or must end: the target may forget them. Asked for in one phase that
 * every rollout passes. A task that runs is waited for, unless a person wants it to end.
 */
export function commandsToForget(
  { rollout }: EnvironmentState,
  observed: Pick<Observed, 'command'>,
): string[] {
  if (rollout?.phase.at !== 'draining' && rollout?.phase.at !== 'reverting') return [];
  if (taskRuns(rollout, observed) && !mayEndTask(rollout)) return [];
  const tasks = rollout.tasks.slice(0, rollout.taskIndex + 1);
  return [...tasks.map((task) => commandKey(rollout.candidate, task)), ...checkKeys(rollout)];
}

function preparation({ rollout }: EnvironmentState, { prepared }: Observed): MachineEffect[] {
  if (rollout?.phase.at !== 'preparing') return [];
  const { candidate } = rollout;
  return candidate.machines
    .filter((machine) => (prepared[machine] ?? 'none') === 'none')
    .map((machine) => ({ do: 'prepare', revision: candidate, machine }));
}

function commands({ rollout }: EnvironmentState, { command }: Observed): MachineEffect[] {
  if (!rollout || command.state !== 'none') return [];
  const { candidate } = rollout;
  const due = dueCheck(rollout);
  if (due?.check.kind === 'command') {
    const { key, check } = due;
    const name = checkedProcess(candidate);
    return [{ do: 'run-command', key, revision: candidate, name, command: check.command }];
  }
  const task = rollout.phase.at === 'migrating' ? rollout.tasks[rollout.taskIndex] : undefined;
  if (!task) return [];
  return [{ do: 'run-command', key: commandKey(candidate, task), revision: candidate, ...task }];
}

/** What all revisions share is never started anew beside itself: somebody's repair puts it right where it is. */
function repairs(state: EnvironmentState, observed: Observed): MachineEffect[] {
  const { rollout } = state;
  if (!rollout?.repairs || rollout.phase.at !== 'preparing') return [];
  return desiredShared(state)
    .filter(({ id }) => isOff(seenAs(observed, id)))
    .map((instance) => ({ do: 'repair', instance }));
}

function isOff(seen: InstanceObservation | undefined): boolean {
  return seen !== undefined && (seen.phase === 'exited' || seen.drift !== null);
}

function starts(state: EnvironmentState, observed: Observed): MachineEffect[] {
  const wanted = desiredInstances(state);
  const candidate = lacksRoom(state, observed) ? state.rollout?.candidate.id : null;
  return wanted
    .filter(({ revision, process }) => revision.id !== candidate || process.role !== 'web')
    .filter(({ id }) => !seenAs(observed, id))
    .filter(({ revision, process }) => process.role !== 'web' || !isHeld(state, revision, observed))
    .filter((copy) => !waitsForPredecessor(state, copy, observed))
    .filter((copy) => !waitsForOthers(state.rollout, copy, wanted, observed))
    .map((instance) => ({ do: 'start', instance }));
}

/** A worker that may not run twice waits until no other revision's copy of it is seen. */
function waitsForPredecessor(
  state: EnvironmentState,
  { process, revision }: DesiredInstance,
  observed: Observed,
): boolean {
  if (process.role !== 'worker' || mayOverlap(state, process.name)) return false;
  const isIt = ({ role, name }: RevisionProcess) => role === 'worker' && name === process.name;
  if (mayRunUnseen(state, revision, isIt, observed)) return true;
  return observed.instances.some(
    (seen) =>
      seen.process === process.name && seen.revision !== revision.id && roleOf(state, seen) === 'worker',
  );
}

/** What a copy is to its own revision, whatever others call it. One of no known revision counts as a worker. */
function roleOf(state: EnvironmentState, seen: InstanceObservation): RevisionProcess['role'] {
  if (seen.revision === sharedRevision) return 'shared';
  return processOf(state, seen)?.role ?? 'worker';
}

function processOf(state: EnvironmentState, seen: InstanceObservation): RevisionProcess | undefined {
  const revision = knownRevisions(state).find(({ id }) => id === seen.revision);
  return revision?.processes.find(({ name }) => name === seen.process);
}

/** Copies come up after those that they need. What served already is started at once, whatever else is ill. */
function waitsForOthers(
  rollout: Rollout | null,
  { process, revision }: DesiredInstance,
  wanted: DesiredInstance[],
  observed: Observed,
): boolean {
  if (process.role !== 'shared' && revision.id !== rollout?.candidate.id) return false;
  return wanted
    .filter((other) => other.process.role === 'shared' || other.revision.id === revision.id)
    .filter((other) => process.after.includes(other.process.name))
    .some(({ id }) => !isUp(seenAs(observed, id)));
}

function routing(state: EnvironmentState, observed: Observed): MachineEffect[] {
  return machinesOf(state).flatMap((machine): MachineEffect[] => {
    const router = routerOf(observed, machine);
    const routes = router && desiredRoutes(state, observed, machine);
    const isServed = routes && !router.unsure && sameRoutes(routes, router.routes);
    return !routes || isServed ? [] : [{ do: 'route', routes, machine }];
  });
}

function stops(state: EnvironmentState, observed: Observed): MachineEffect[] {
  const wanted = new Set(desiredInstances(state).map(({ id }) => id));
  const kept = tolerated(state, observed);
  const leaving = observed.instances.filter(
    (copy) => !wanted.has(copy.id) && !kept.has(copy.revision) && mayEnd(state, copy),
  );
  return leaving
    .filter(({ phase }) => phase !== 'stopping')
    .filter((copy) => !mayBeRouted(copy, observed))
    .filter((copy) => !isNeeded(state, copy, observed))
    .map(({ id }) => ({ do: 'stop', instance: id }));
}

/** A shared service ends only while it is being replaced on request. */
function mayEnd({ replacing }: EnvironmentState, copy: InstanceObservation): boolean {
  if (copy.revision !== sharedRevision) return true;
  return replacing?.stage === 'stopping' && replacing.service === copy.process;
}

/** A copy is stopped only when the router itself says that it gets no traffic. */
function mayBeRouted({ id, port }: InstanceObservation, observed: Observed): boolean {
  if (port === null) return false;
  const router = routerOf(observed, machineOf(id));
  if (!router || router.unsure) return true;
  const { revisions = [], pins = [] } = router.routes ?? {};
  const pinned = new Set(pins.map(({ revision }) => revision));
  return revisions.some(
    (revision) =>
      (revision.weightPercent > 0 || pinned.has(revision.id)) &&
      revision.endpoints.some(({ instance }) => instance === localId(id)),
  );
}

/** Companions end after the copies that ask them. */
function isNeeded(state: EnvironmentState, copy: InstanceObservation, { instances }: Observed): boolean {
  if (roleOf(state, copy) !== 'companion') return false;
  return instances.some(
    (other) =>
      other.revision === copy.revision &&
      machineOf(other.id) === machineOf(copy.id) &&
      other.id !== copy.id &&
      processOf(state, other)?.after.includes(copy.process),
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
  const pins = routes.pins.map(pinText).toSorted();
  return JSON.stringify([scope, hosts.toSorted(), revisions, pins, sticky, maintenance, limit]);
}

function pinText({ revision, by }: Pin): string {
  return by.kind === 'host' ? `${revision} host ${by.host}` : `${revision} ${by.kind} ${by.name}=${by.value}`;
}
