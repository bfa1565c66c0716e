import {
  candidateWeight,
  type EnvironmentState,
  type Revision,
  type RouterState,
} from '../delivery/index.ts';
import type { ProcessStatus } from '../supervisor/index.ts';
import { asksPeople, describeNext, describeNow, standsAt } from './describe-rollout.ts';
import type { Listen } from './router-process.ts';
import type { RolloutRecord } from './rollout-log.ts';
import type { EnvironmentView, RevisionView, RolloutView, RolloutViewState } from './views.ts';

interface Seen {
  processes: ProcessStatus[];
  router: RouterState | null;
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
    rollout: record ? viewRollout(record, state) : null,
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
    logTail: record.logTail,
  };
}

function viewRevision(revision: Revision, { processes, router, records }: Seen): RevisionView {
  const own = processes.filter(({ id, scope }) => id.slice(scope.length + 1).startsWith(`${revision.id}-`));
  const traffic = router?.revisions.find(({ id }) => id === revision.id);
  return {
    revision: revision.id,
    commit: revision.release.commit,
    title: revision.release.title,
    release: revision.release.digest,
    liveAtMs: records.findLast((record) => record.revision === revision.id)?.liveAtMs ?? null,
    instances: own.map(({ id, scope, phase, port, restarts, pid }) => ({
      id: id.slice(scope.length + 1),
      phase,
      port,
      restarts,
      pid,
    })),
    traffic: traffic
      ? {
          weightPercent: traffic.weightPercent,
          inFlight: traffic.inFlight,
          requests: traffic.requests,
          errors: traffic.errors,
        }
      : null,
  };
}

/** Addresses by which users reach hosts; `*` stands for the bare address. */
export function urlsOf(hosts: string[], { host, port }: Listen): string[] {
  const address = port === 80 ? '' : `:${port}`;
  const named = hosts.filter((name) => name !== '*').map((name) => `http://${name}${address}/`);
  const bare = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return hosts.includes('*') ? [...named, `http://${bare}${address}/`] : named;
}
