import type { ExpressionBuilder } from 'kysely';
import type { Claim, Json, Signal } from '../flow/index.ts';
import type { Database, Tx } from './database.ts';
import { toFlow } from './flow-rows.ts';
import type { Lease, LeaseWatch } from './leases.ts';
import type { OwnerProcess } from './owner.ts';
import type { FlowRow, Tables } from './schema.ts';

interface ClaimRequest {
  database: Database;
  leases: LeaseWatch;
  /** What the row will say of the new holder. */
  lease: { owner: string; process: string };
  nowMs: number;
  leaseMs: number;
}

/**
 * Claims one flow: first one whose holder is gone, else the one that is due and waited longest.
 *
 * Looks before it opens a transaction, so that idle servers do not take turns in locking the database.
 */
export async function claimFlow(request: ClaimRequest): Promise<Claim | null> {
  const { database, leases, leaseMs } = request;
  for (const ended of leases.look(await currentLeases(database), leaseMs)) {
    const claim = await database.write((tx) => takeOver(tx, ended, request));
    if (claim) return claim;
  }
  const due = await database.read((db) =>
    db.selectFrom('flows').select('id').where(isDue(request.nowMs)).limit(1).executeTakeFirst(),
  );
  return due ? database.write((tx) => claimDue(tx, request)) : null;
}

async function currentLeases(database: Database): Promise<Lease[]> {
  const rows = await database.read((db) =>
    db
      .selectFrom('flows')
      .select(['id', 'fence', 'lease_owner', 'lease_process'])
      .where('lease_owner', 'is not', null)
      .orderBy('touched_at_ms')
      .execute(),
  );
  return rows.map((row) => ({
    flowId: row.id,
    owner: row.lease_owner ?? '',
    fence: row.fence,
    process: row.lease_process === null ? null : (JSON.parse(row.lease_process) as OwnerProcess),
  }));
}

/** Whoever else saw the same end first has raised the fence, and this matches no row. */
async function takeOver(tx: Tx, ended: Lease, request: ClaimRequest): Promise<Claim | null> {
  const row = await tx
    .updateTable('flows')
    .set((flow) => newLease(flow, request))
    .where('id', '=', ended.flowId)
    .where('fence', '=', ended.fence)
    .where('lease_owner', '=', ended.owner)
    .returningAll()
    .executeTakeFirst();
  return row ? withSignals(tx, row) : null;
}

async function claimDue(tx: Tx, request: ClaimRequest): Promise<Claim | null> {
  let select = tx
    .selectFrom('flows')
    .select('id')
    .where(isDue(request.nowMs))
    .orderBy('touched_at_ms')
    .limit(1);
  // Another server's candidate is left to it, not waited for. On SQLite this transaction is alone anyway.
  if (request.database.kind === 'postgres') select = select.forUpdate().skipLocked();
  const due = await select.executeTakeFirst();
  if (!due) return null;
  const row = await tx
    .updateTable('flows')
    .set((flow) => newLease(flow, request))
    .where('id', '=', due.id)
    .returningAll()
    .executeTakeFirstOrThrow();
  return withSignals(tx, row);
}

function newLease(flow: ExpressionBuilder<Tables, 'flows'>, { lease }: ClaimRequest) {
  return {
    fence: flow('fence', '+', 1),
    lease_owner: lease.owner,
    lease_process: lease.process,
    rest_until_ms: null,
  };
}

/** Clocks of servers that share a state may differ by so much; a row from later than that is from before a jump back. */
const clockSlackMs = 10_000;

function isDue(nowMs: number) {
  return (flow: ExpressionBuilder<Tables, 'flows'>) => {
    const signals = flow
      .selectFrom('signals')
      .select('signals.id')
      .whereRef('signals.flow_id', '=', 'flows.id');
    // The clock was set back since: when to look again says nothing any more, and could be hours away.
    const isFromLater = flow('flows.touched_at_ms', '>', nowMs + clockSlackMs);
    return flow.and([
      flow('flows.done', '=', 0),
      flow('flows.lease_owner', 'is', null),
      flow.or([
        flow('flows.rest_until_ms', 'is', null),
        flow('flows.rest_until_ms', '<=', nowMs),
        isFromLater,
      ]),
      flow.or([
        flow('flows.wake_at_ms', '<=', nowMs),
        flow.and([flow('flows.wake_at_ms', 'is not', null), isFromLater]),
        flow.exists(signals),
      ]),
    ]);
  };
}

/** Read after the claim stands: what arrives later is unread, and makes the flow due again. */
async function withSignals(tx: Tx, row: FlowRow): Promise<Claim> {
  const rows = await tx
    .selectFrom('signals')
    .selectAll()
    .where('flow_id', '=', row.id)
    .orderBy('id')
    .execute();
  const signals: Signal[] = rows.map(({ id, flow_id, name, payload }) => ({
    id,
    flowId: flow_id,
    name,
    payload: JSON.parse(payload) as Json,
  }));
  return { flow: toFlow(row), signals, failures: row.failures };
}
