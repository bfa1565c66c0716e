/**
 * What a durable tick costs: claim, commit with one event in its signed chain, all on the disk; heads are signed meanwhile. Run
 * `node bench/ticks.ts`; PostgreSQL 15, where installed, stands beside SQLite. One JSON line a row with `--json`.
 */
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { tickOnce, type FlowHandler } from '../src/flow/index.ts';
import { currentOwner, openStore, type Store } from '../src/store/index.ts';
import { isPostgresInstalled, postgresHelp, PostgresServer } from '../test/real/postgres-server.ts';

const { values } = parseArgs({ options: { ticks: { type: 'string' }, json: { type: 'boolean' } } });
const tickCount = Number(values.ticks ?? 300);
const clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() };

interface Row {
  what: string;
  medianMs: number;
  p99Ms: number;
}

function rowOf(what: string, samplesMs: number[]): Row {
  const sorted = [...samplesMs].sort((a, b) => a - b);
  const at = (share: number) =>
    Number((sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN).toFixed(2));
  return { what, medianMs: at(0.5), p99Ms: at(0.99) };
}

async function sample(count: number, work: () => unknown): Promise<number[]> {
  const samplesMs: number[] = [];
  for (let n = 0; n < count; n++) {
    const startMs = performance.now();
    await work();
    samplesMs.push(performance.now() - startMs);
  }
  return samplesMs;
}

const handler: FlowHandler = {
  kind: 'bench',
  tick: (flow, context) =>
    Promise.resolve({
      phase: 'baking',
      data: { ...(flow.data as object), fence: context.fence },
      wakeAtMs: 0,
      events: [
        { chain: 'bench/production', type: 'weight-changed', actor: 'slipway', data: { weightPercent: 30 } },
      ],
      consumed: context.signals.map((signal) => signal.id),
    }),
};

async function benchStore(name: string, store: Store): Promise<Row[]> {
  const id = `bench-${process.pid}`;
  await store.flows.create({
    id,
    kind: 'bench',
    phase: 'new',
    data: { notes: 'x'.repeat(2000) },
    wakeAtMs: 0,
  });
  const onError = (error: unknown) => {
    throw error;
  };
  const tick = () =>
    tickOnce({ store: store.flows, handlers: [handler], owner: 'bench', clock, leaseMs: 60_000, onError });
  await sample(20, tick);
  const ticks = await sample(tickCount, tick);
  const claim = await store.flows.claim('bench', clock.wallMs(), 60_000);
  const idle = await sample(tickCount, tick);
  if (claim)
    await store.flows.commit(
      claim,
      { phase: 'done', data: null, wakeAtMs: null, done: true, events: [], consumed: [] },
      0,
    );
  return [rowOf(`${name}: tick`, ticks), rowOf(`${name}: nothing due`, idle)];
}

/** The floor: what this disk takes for one small durable write. */
function benchDisk(home: string): Promise<number[]> {
  const handle = openSync(join(home, 'floor'), 'w');
  return sample(tickCount, () => {
    writeSync(handle, Buffer.alloc(4096));
    fsyncSync(handle);
  }).finally(() => closeSync(handle));
}

const home = mkdtempSync(join(tmpdir(), 'slipway-bench-'));
const owner = currentOwner('bench');
const rows = [rowOf('disk: write 4 KiB and fsync (a tick needs two)', await benchDisk(home))];
const sqlite = await openStore({ home, clock, owner });
rows.push(...(await benchStore('SQLite', sqlite)));
await sqlite.close();
if (isPostgresInstalled) {
  const server = await PostgresServer.start();
  const postgres = await openStore({ home, ...(await server.freshDatabase()), clock, owner });
  rows.push(...(await benchStore('PostgreSQL', postgres)));
  await postgres.close();
  server.stop();
}
rmSync(home, { recursive: true });

if (values.json) for (const row of rows) console.log(JSON.stringify(row));
else console.table(rows);
if (!isPostgresInstalled && !values.json) console.log(`PostgreSQL is not here: ${postgresHelp}`);
