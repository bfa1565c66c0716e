import { answerTimes } from './answer-times.ts';
import {
  candidateWeight,
  homeOf,
  instanceId,
  machineOf,
  sameShared,
  sharedRevision,
  type EnvironmentState,
  type InstanceObservation,
  type ProcessRole,
  type Revision,
  type RouterState,
} from '../delivery/index.ts';
import type { ProcessStatus } from '../supervisor/index.ts';
import { asksPeople, describeNext, describeNow, standsAt } from './describe-rollout.ts';
import type { Listen } from './router-process.ts';
import type { SeenMachine } from './see-machines.ts';
import type { RolloutRecord } from './rollout-log.ts';
import type {
  CopyView,
  EnvironmentView,
  MachineView,
  RevisionView,
  RolloutView,
  RolloutViewState,
  SharedView,
  TrafficView,
} from './views.ts';

/** What runs and who takes traffic, as it is seen now. */
interface Seen {
  processes: ProcessStatus[];
  /** Those of the environment. */
  machines: SeenMachine[];
  listen: Listen;
  records: RolloutRecord[];
}

/** What an environment runs now, and what is under way in it. */
export function viewEnvironment(state: EnvironmentState, seen: Seen): EnvironmentView {
  const [app = '', environment = ''] = state.scope.split('/');
  const { stable, standby, rollout } = state;
  const record = seen.records.find(({ id }) => id === (rollout?.id ?? state.queue[0]?.rolloutId));
  return {
    app,
    environment,
    urls: urlsOf((stable ?? rollout?.candidate)?.hosts ?? [], seen.listen),
    serving: stable ? viewRevision(stable, seen) : null,
    standby: standby
      ? {
          ...viewRevision(standby.revision, seen),
          standsForMs: Math.max(0, standby.windowMs - standby.window.elapsedMs),
        }
      : null,
    shared: state.shared.map((running) => viewShared(running, state, seen)),
    machines: seen.machines.map((machine) => viewMachine(machine, state)),
    broken: state.watch?.broken ?? null,
    rollout: record ? viewRollout(record, state) : null,
  };
}

function viewMachine(
  { name, router, silent }: SeenMachine,
  { stable, silent: silences = {} }: EnvironmentState,
): MachineView {
  const forMs = silences[name]?.elapsedMs ?? 0;
  return {
    name,
    silent: silent === null ? null : { reason: silent, forMs },
    traffic: stable && trafficOf(stable, router ? [router] : []),
  };
}

/** Over all routers that answer; each gives the revision the same share. */
function trafficOf({ id }: Revision, routers: RouterState[]): TrafficView | null {
  const own = routers.flatMap(({ revisions }) => revisions.filter((one) => one.id === id));
  const [first] = own;
  if (!first) return null;
  const sum = (count: (one: RouterState['revisions'][number]) => number) =>
    own.reduce((total, one) => total + count(one), 0);
  return {
    weightPercent: first.weightPercent,
    inFlight: sum(({ inFlight }) => inFlight),
    requests: sum(({ requests }) => requests),
    errors: sum(({ errors }) => errors),
    sessions: sum(({ sessions }) => sessions),
    ...answerTimes(own),
  };
}

function viewShared(
  { service, revision }: EnvironmentState['shared'][number],
  { stable, replacing }: EnvironmentState,
  seen: Seen,
): SharedView {
  const { name } = service;
  const id = instanceId(sharedRevision, name, 1, homeOf(revision));
  const copy = seen.machines.flatMap(({ containers }) => containers).find((one) => one.id === id);
  const wanted = stable?.shared.find((one) => one.name === name);
  const absent = { id, process: name, phase: 'gone', port: null, restarts: 0, drift: null };
  return {
    ...copyOf(copy ?? absent, 'shared'),
    name,
    changed: wanted !== undefined && !sameShared(wanted, service),
    replacing: replacing?.service === name,
  };
}

/** A rollout as its events tell it, and, while it is under way, as its environment's flow stands. */
export function viewRollout(
  record: RolloutRecord,
  state: EnvironmentState | null,
  problem: string | null = null,
): RolloutView {
  const [app = '', environment = ''] = record.scope.split('/');
  const live = state?.rollout?.id === record.id ? state.rollout : null;
  const phase: RolloutViewState = record.outcome ?? (live ? standsAt(live) : 'queued');
  const detail = record.outcome
    ? record.reason
    : live
      ? describeNow(live, state)
      : state?.rollout
        ? 'waits for the rollout before it'
        : 'is about to begin';
  return {
    id: record.id,
    app,
    environment,
    kind: record.kind,
    state: phase,
    detail: problem === null ? detail : `${detail}; held up: ${problem}`,
    next: live && problem === null ? describeNext(live) : null,
    asks: live ? asksPeople(live) : null,
    revision: record.revision,
    from: record.from,
    commit: record.commit,
    title: record.title,
    release: record.release,
    weightPercent: live ? candidateWeight(live) : record.weightPercent,
    actor: record.actor,
    requestedAtMs: record.requestedAtMs,
    liveAtMs: record.liveAtMs,
    finishedAtMs: record.finishedAtMs,
    unproven: record.unproven,
    logTail: record.logTail,
  };
}

function viewRevision(revision: Revision, { processes, machines, records }: Seen): RevisionView {
  const plain = processes.map(({ id, scope, ...status }) => ({
    ...status,
    id: id.slice(scope.length + 1),
    process: /^r\d+-(.+)-\d+$/.exec(id.slice(scope.length + 1))?.[1] ?? id,
    drift: null,
  }));
  const containers = machines.flatMap((machine) => machine.containers);
  const own = [...plain, ...containers].filter(({ id }) => id.startsWith(`${revision.id}-`));
  const roles = new Map(revision.processes.map(({ name, role }) => [name, role]));
  return {
    revision: revision.id,
    commit: revision.release.commit,
    title: revision.release.title,
    release: revision.release.digest,
    liveAtMs: records.findLast((record) => record.revision === revision.id)?.liveAtMs ?? null,
    instances: own.map((copy) => copyOf(copy, roles.get(copy.process) ?? 'worker')),
    traffic: trafficOf(
      revision,
      machines.flatMap(({ router }) => router ?? []),
    ),
  };
}

type Copy = Pick<InstanceObservation, 'id' | 'process' | 'phase' | 'port' | 'restarts' | 'drift'>;

function copyOf(
  copy: Omit<Copy, 'phase'> & { phase: string; pid?: number | null },
  role: ProcessRole,
): CopyView {
  const { id, process, phase, port, restarts, pid = null, drift } = copy;
  return { id, machine: machineOf(id), process, role, phase, port, restarts, pid, drift };
}

/** Addresses by which users reach hosts, over TLS where there is a certificate; `*` stands for the bare address. */
export function urlsOf(hosts: string[], { host, port, https }: Listen): string[] {
  const address = port === 80 ? '' : `:${port}`;
  const secure = https?.port === 443 ? '' : `:${https?.port}`;
  const named = hosts
    .filter((name) => name !== '*')
    .map((name) => (https?.covers(name) ? `https://${name}${secure}/` : `http://${name}${address}/`));
  const bare = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return hosts.includes('*') ? [...named, `http://${bare}${address}/`] : named;
}
