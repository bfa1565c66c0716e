import type { StoredEvent } from '../flow/index.ts';
import type { Store } from '../store/index.ts';
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
  /** What its judge still lacked when it went on without a proof; null when it was proven, or has no judge. */
  unproven: string | null;
  logTail: string[];
}

type Data = Record<string, unknown>;

/** The rollouts of one environment, folded from its events; each event is read once. */
class RolloutLog {
  readonly #records = new Map<string, RolloutRecord>();
  #lastId = 0;
  /** One reader at a time. */
  #reading: Promise<void> = Promise.resolve();

  async read(store: Store, scope: string): Promise<RolloutRecord[]> {
    this.#reading = this.#reading.catch(() => {}).then(() => this.#catchUp(store, scope));
    await this.#reading;
    return [...this.#records.values()];
  }

  async #catchUp(store: Store, scope: string): Promise<void> {
    for await (const event of eventsOf(store, scope, this.#lastId)) this.#add(event);
  }

  #add(event: StoredEvent): void {
    this.#lastId = event.id;
    const data = event.data as Data;
    const id = text(data['rollout']);
    if (event.type === 'rollout.requested') this.#records.set(id, begun(event, data));
    const record = this.#records.get(id);
    if (record) this.#records.set(id, apply({ ...record }, event, data));
  }
}

const pageSize = 1_000;

/** Events of an environment from one on, oldest first, a page at a time. @param afterId - 0 for all. */
export async function* eventsOf(store: Store, chain: string, afterId: number): AsyncGenerator<StoredEvent> {
  for (let last = afterId; ;) {
    const page = await store.events.list({ chain, afterId: last, limit: pageSize });
    yield* page;
    last = page.at(-1)?.id ?? last;
    if (page.length < pageSize) return;
  }
}

const logs = new WeakMap<Store, Map<string, RolloutLog>>();

/** All rollouts of an environment, oldest first. */
export function rolloutsOf(store: Store, scope: string): Promise<RolloutRecord[]> {
  const ofStore = logs.get(store) ?? new Map<string, RolloutLog>();
  logs.set(store, ofStore);
  const log = ofStore.get(scope) ?? new RolloutLog();
  ofStore.set(scope, log);
  return log.read(store, scope);
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
    unproven: null,
    logTail: [],
  };
}

function apply(record: RolloutRecord, event: StoredEvent, data: Data): RolloutRecord {
  switch (event.type) {
    case 'rollout.started':
      record.startedAtMs = event.atMs;
      record.revision = text(data['revision']);
      record.from = typeof data['from'] === 'string' ? data['from'] : null;
      break;
    case 'traffic.shifted':
      record.weightPercent = Number(data['weightPercent']);
      if (record.weightPercent === 100) record.liveAtMs = event.atMs;
      break;
    case 'rollout.judged':
      record.unproven = null;
      break;
    // Comes with the verdict, behind it.
    case 'rollout.unproven':
      record.unproven = text(data['reason']);
      break;
    case 'rollout.succeeded':
    case 'rollout.failed':
    case 'rollout.aborted':
    case 'rollout.superseded':
      record.outcome = event.type.slice('rollout.'.length) as RolloutOutcome;
      record.finishedAtMs = event.atMs;
      record.reason = text(data['reason']);
      record.logTail = (data['logTail'] as string[] | undefined) ?? [];
  }
  return record;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
