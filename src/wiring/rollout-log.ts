import type { StoredEvent } from '../flow/index.ts';
import type { RolloutOutcome } from '../delivery/index.ts';

/** One rollout as the events of its environment tell it. */
export interface RolloutRecord {
  id: string;
  scope: string;
  kind: 'deploy' | 'rollback';
  release: string;
  commit: string;
  title: string;
  actor: string;
  requestedAtMs: number;
  startedAtMs: number | null;
  revision: string | null;
  from: string | null;
  weightPercent: number;
  liveAtMs: number | null;
  finishedAtMs: number | null;
  outcome: RolloutOutcome | null;
  reason: string;
  logTail: string[];
}

type Data = Record<string, unknown>;

/** Folds the events of one environment, oldest first, into its rollouts, oldest first. */
export function foldRollouts(events: readonly StoredEvent[]): RolloutRecord[] {
  const records = new Map<string, RolloutRecord>();
  for (const event of events) {
    const data = event.data as Data;
    const id = text(data['rollout']);
    if (event.type === 'rollout.requested') records.set(id, begun(event, data));
    const record = records.get(id);
    if (record) apply(record, event, data);
  }
  return [...records.values()];
}

function begun(event: StoredEvent, data: Data): RolloutRecord {
  return {
    id: text(data['rollout']),
    scope: event.chain,
    kind: data['kind'] === 'rollback' ? 'rollback' : 'deploy',
    release: text(data['release']),
    commit: text(data['commit']),
    title: text(data['title']),
    actor: event.actor,
    requestedAtMs: event.atMs,
    startedAtMs: null,
    revision: null,
    from: null,
    weightPercent: 0,
    liveAtMs: null,
    finishedAtMs: null,
    outcome: null,
    reason: '',
    logTail: [],
  };
}

function apply(record: RolloutRecord, event: StoredEvent, data: Data): void {
  switch (event.type) {
    case 'rollout.started':
      record.startedAtMs = event.atMs;
      record.revision = text(data['revision']);
      record.from = typeof data['from'] === 'string' ? data['from'] : null;
      return;
    case 'traffic.shifted':
      record.weightPercent = Number(data['weightPercent']);
      if (record.weightPercent === 100) record.liveAtMs = event.atMs;
      return;
    case 'rollout.succeeded':
    case 'rollout.failed':
    case 'rollout.aborted':
    case 'rollout.superseded':
      record.outcome = event.type.slice('rollout.'.length) as RolloutOutcome;
      record.finishedAtMs = event.atMs;
      record.reason = text(data['reason']);
      record.logTail = (data['logTail'] as string[] | undefined) ?? [];
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
