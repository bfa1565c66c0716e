import type { ExpressionBuilder } from 'kysely';
import {
  canonicalJson,
  type Claim,
  type Clock,
  type CommitResult,
  type Flow,
  type FlowStore,
  type Json,
  type NewEvent,
  type StoredEvent,
  type Transition,
} from '../flow/index.ts';
import { claimFlow } from './claims.ts';
import type { Database, Tx } from './database.ts';
import { appendEvents } from './events.ts';
import { toFlow } from './flow-rows.ts';
import { LeaseWatch } from './leases.ts';
import { ownerProcess, type Owner } from './owner.ts';
import type { Tables } from './schema.ts';

/** What the flows need around them. */
export interface FlowPorts {
  database: Database;
  clock: Clock;
  owner: Owner;
  /** Called after each commit, with the events that it wrote. */
  committed(events: readonly StoredEvent[]): void;
}

/** `FlowStore` over a database. */
export class DatabaseFlows implements FlowStore {
  readonly #ports: FlowPorts;
  readonly #leases: LeaseWatch;

  constructor(ports: FlowPorts) {
    this.#ports = ports;
    this.#leases = new LeaseWatch(ownerProcess(ports.owner), () => ports.clock.monotonicMs());
  }

  async create(flow: Omit<Flow, 'fence' | 'done'>, events: NewEvent[] = []): Promise<void> {
    const atMs = this.#ports.clock.wallMs();
    await this.#write(async (tx) => {
      const isNew = await insertFlow(tx, flow, atMs);
      return { result: undefined, events: isNew ? events : [], atMs };
    });
  }

  async claim(owner: string, nowMs: number, leaseMs: number): Promise<Claim | null> {
    const { database, owner: self } = this.#ports;
    const lease = { owner, process: canonicalJson(ownerProcess(self)) };
    return claimFlow({ database, leases: this.#leases, lease, nowMs, leaseMs });
  }

  async commit(claim: Claim, transition: Transition, nowMs: number): Promise<CommitResult> {
    return this.#write<CommitResult>(async (tx) => {
      if (!(await writeTransition(tx, claim, { transition, nowMs })))
        return { result: 'stale', events: [], atMs: nowMs };
      await consume(tx, claim.flow.id, transition.consumed);
      for (const flow of transition.create ?? []) await insertFlow(tx, flow, nowMs);
      for (const signal of transition.send ?? []) await insertSignal(tx, signal);
      return { result: 'committed', events: transition.events, atMs: nowMs };
    });
  }

  async release(claim: Claim, wakeAtMs: number): Promise<void> {
    const touchedAtMs = this.#ports.clock.wallMs();
    await this.#write(async (tx) => {
      const newer = tx.selectFrom('signals').select('id').where('flow_id', '=', claim.flow.id);
      const known = claim.signals.map((signal) => signal.id);
      const unread = await (known.length > 0 ? newer.where('id', 'not in', known) : newer).executeTakeFirst();
      await tx
        .updateTable('flows')
        .set((row) => ({
          lease_owner: null,
          lease_process: null,
          wake_at_ms: Math.trunc(wakeAtMs),
          // A signal that the tick has not seen may change everything: no rest then.
          rest_until_ms: unread ? null : Math.trunc(wakeAtMs),
          failures: row('failures', '+', 1),
          touched_at_ms: touchedAtMs,
        }))
        .where(mine(claim))
        .execute();
      return { result: undefined, events: [], atMs: touchedAtMs };
    });
  }

  async signal(flowId: string, name: string, payload: Json): Promise<void> {
    await this.#write(async (tx) => {
      await insertSignal(tx, { flowId, name, payload });
      return { result: undefined, events: [], atMs: 0 };
    });
  }

  async get(id: string): Promise<Flow | null> {
    const { database } = this.#ports;
    const row = await database.read((db) =>
      db.selectFrom('flows').selectAll().where('id', '=', id).executeTakeFirst(),
    );
    return row ? toFlow(row) : null;
  }

  async list(filter: { kind?: string; done?: boolean; newest?: number } = {}): Promise<Flow[]> {
    const rows = await this.#ports.database.read((db) => {
      let select = db.selectFrom('flows').selectAll();
      if (filter.kind !== undefined) select = select.where('kind', '=', filter.kind);
      if (filter.done !== undefined) select = select.where('done', '=', filter.done ? 1 : 0);
      if (filter.newest === undefined) return select.orderBy('id').execute();
      return select.orderBy('touched_at_ms', 'desc').orderBy('id').limit(filter.newest).execute();
    });
    return rows.map(toFlow);
  }

  /** One transaction: what `work` does, then its events, which come last (see `appendEvents`). */
  async #write<T>(
    work: (tx: Tx) => Promise<{ result: T; events: readonly NewEvent[]; atMs: number }>,
  ): Promise<T> {
    const { database } = this.#ports;
    const written = await database.write(async (tx) => {
      const { result, events, atMs } = await work(tx);
      return { result, events: await appendEvents(database, tx, { events, atMs }) };
    });
    this.#ports.committed(written.events);
    return written.result;
  }
}

/** The condition of every write of a claim's holder: its fence stands, and it has not been committed or given back. */
function mine(claim: Claim) {
  return (flow: ExpressionBuilder<Tables, 'flows'>) =>
    flow.and([
      flow('id', '=', claim.flow.id),
      flow('fence', '=', claim.flow.fence),
      flow('lease_owner', 'is not', null),
    ]);
}

async function writeTransition(
  tx: Tx,
  claim: Claim,
  { transition, nowMs }: { transition: Transition; nowMs: number },
): Promise<boolean> {
  const updated = await tx
    .updateTable('flows')
    .set({
      phase: transition.phase,
      data: canonicalJson(transition.data),
      wake_at_ms: whole(transition.wakeAtMs),
      rest_until_ms: null,
      done: transition.done === true ? 1 : 0,
      lease_owner: null,
      lease_process: null,
      failures: 0,
      touched_at_ms: Math.trunc(nowMs),
    })
    .where(mine(claim))
    .executeTakeFirst();
  return updated.numUpdatedRows === 1n;
}

async function consume(tx: Tx, flowId: string, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  await tx
    .deleteFrom('signals')
    .where('flow_id', '=', flowId)
    .where('id', 'in', [...ids])
    .execute();
}

type FlowSeed = Omit<Flow, 'fence' | 'done'>;

async function insertFlow(tx: Tx, flow: FlowSeed, nowMs: number): Promise<boolean> {
  const { id, kind, phase } = flow;
  const data = canonicalJson(flow.data);
  const times = { wake_at_ms: whole(flow.wakeAtMs), rest_until_ms: null, touched_at_ms: Math.trunc(nowMs) };
  const free = { fence: 0, done: 0, failures: 0, lease_owner: null, lease_process: null };
  const inserted = await tx
    .insertInto('flows')
    .values({ id, kind, phase, data, ...times, ...free })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .executeTakeFirst();
  return (inserted.numInsertedOrUpdatedRows ?? 0n) > 0n;
}

async function insertSignal(tx: Tx, signal: { flowId: string; name: string; payload: Json }): Promise<void> {
  const { flowId, name, payload } = signal;
  await tx
    .insertInto('signals')
    .values({ flow_id: flowId, name, payload: canonicalJson(payload) })
    .execute();
  await tx
    .updateTable('flows')
    .set({ rest_until_ms: null })
    .where('id', '=', flowId)
    .where('rest_until_ms', 'is not', null)
    .execute();
}

/** Columns of times hold whole numbers; an engine may have divided. */
function whole(ms: number | null): number | null {
  return ms === null ? null : Math.trunc(ms);
}
