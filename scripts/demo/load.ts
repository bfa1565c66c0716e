import { setTimeout as sleep } from 'node:timers/promises';
import { askInTurn, createSender, type Client } from './load-client.ts';
import { createTally } from './load-tally.ts';
import type { LoadOrder, LoadPlan, LoadReport } from './load-totals.ts';

/*
 * The traffic, in a process of its own so that nothing the demo does can slow it down or hide a gap. It takes orders
 * over IPC (LoadOrder), reports as often (LoadReport), and ends with the demo, however that ends.
 */
const clients: Client[] = [
  ...Array.from(
    { length: 4 },
    () => ({ environment: 'production', connection: 'kept', perSecond: 12 }) as const,
  ),
  ...Array.from(
    { length: 2 },
    () => ({ environment: 'production', connection: 'fresh', perSecond: 10 }) as const,
  ),
  { environment: 'staging', connection: 'kept', perSecond: 4 },
];
const reportEveryMs = 250;

const tally = createTally();
let phase = '';
const work = { stopped: false };

function report(last: boolean, then?: () => void): void {
  const message: LoadReport = { last, totals: tally.totals(performance.now()) };
  if (process.connected) process.send?.(message, undefined, undefined, then);
}

async function runClient(plan: LoadPlan, client: Client): Promise<void> {
  const send = createSender(plan, client);
  const everyMs = 1000 / client.perSecond;
  let dueMs = performance.now() + Math.random() * everyMs;
  for (let turn = Math.floor(Math.random() * 100); !work.stopped; turn++) {
    await sleep(Math.max(0, dueMs - performance.now()));
    const startedMs = performance.now();
    const asked = askInTurn(turn);
    const atPhase = phase;
    const answer = await send(asked, turn);
    const endedMs = performance.now();
    tally.add({ client, asked, phase: atPhase, startedMs, endedMs, answer });
    // Someone who was kept waiting does not ask twice as fast afterwards.
    dueMs = Math.max(dueMs + everyMs, endedMs);
  }
}

async function run(plan: LoadPlan): Promise<void> {
  phase = plan.phase;
  const timer = setInterval(() => report(false), reportEveryMs);
  const asking = clients.filter(({ environment }) => plan.hosts[environment] !== undefined);
  await Promise.all(asking.map((client) => runClient(plan, client)));
  clearInterval(timer);
  report(true, () => process.exit(0));
}

process.on('message', (order: LoadOrder) => {
  if (order.kind === 'start') void run(order.plan);
  else if (order.kind === 'phase') {
    phase = order.phase;
    report(false);
  } else work.stopped = true;
});
process.on('disconnect', () => process.exit(0));
// Ctrl-C reaches the whole group; when to stop is the demo's decision.
process.on('SIGINT', () => {});
