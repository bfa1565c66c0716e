import { canonicalJson, type Json, type Transition } from '../flow/index.ts';
import {
  claimGroups,
  groupWishes,
  type GroupEntry,
  type GroupLedger,
  type GroupWish,
  type Observed,
  type RunState,
} from '../runs/index.ts';
import type { RunPorts } from './run-data.ts';

/** Documents of this kind hold who has which concurrency group; one for each app. */
const kind = 'concurrency';

type Ports = Pick<RunPorts, 'store'>;

/**
 * Says again what the run, as committed, holds and wants, and reads how it stands. Saying it twice changes nothing; a group
 * is given back only after the state that needs it no more was committed, and at the latest when the run has ended.
 */
export async function askGroups(run: RunState, fence: number, ports: Ports): Promise<Observed['groups']> {
  if (!usesGroups(run)) return {};
  const { documents, flows } = ports.store;
  for (;;) {
    const body = (await documents.get(kind, run.app))?.body ?? null;
    const before = (body ?? {}) as unknown as GroupLedger;
    const others = [...new Set(entriesOf(before).map((entry) => entry.run))].filter((id) => id !== run.id);
    const seen = await Promise.all(others.map(async (id) => ({ id, flow: await flows.get(id) })));
    const gone = seen.filter(({ flow }) => flow === null || flow.done).map(({ id }) => id);
    const { ledger, verdicts } = claimGroups(before, { run: run.id, fence, wishes: groupWishes(run), gone });
    const after = ledger as unknown as Json;
    if (canonicalJson(before) === canonicalJson(ledger)) return verdicts;
    if (!(await documents.replace(kind, run.app, { before: body, after }))) continue;
    for (const id of changed(before, ledger, run.id)) await flows.signal(id, 'group', null);
    return verdicts;
  }
}

/** Signals for those that wait for a run that ends now. */
export async function wakeWaiters(run: RunState, ports: Ports): Promise<NonNullable<Transition['send']>> {
  if (!usesGroups(run)) return [];
  const known = await ports.store.documents.get(kind, run.app);
  const lines = Object.values((known?.body ?? {}) as unknown as GroupLedger);
  const waiting = lines
    .filter((line) => line.some((entry) => entry.run === run.id))
    .flatMap((line) => line.filter((entry) => !entry.holds && entry.run !== run.id));
  return [...new Set(waiting.map((entry) => entry.run))].map((flowId) => ({
    flowId,
    name: 'group',
    payload: null,
  }));
}

/** Whether two states want the same; if not, the ledger should hear of it at once. */
export function sameWishes(a: GroupWish[], b: GroupWish[]): boolean {
  return canonicalJson(a) === canonicalJson(b);
}

function usesGroups({ gate, jobs }: RunState): boolean {
  const ofRun = gate.phase !== 'closed' && gate.group !== null;
  return ofRun || Object.values(jobs).some(({ groups }) => groups.length > 0);
}

function entriesOf(ledger: GroupLedger): GroupEntry[] {
  return Object.values(ledger).flat();
}

/** Other runs whose standing has changed. */
function changed(before: GroupLedger, after: GroupLedger, self: string): string[] {
  const known = new Set(entriesOf(before).map(canonicalJson));
  const news = entriesOf(after).filter((entry) => entry.run !== self && !known.has(canonicalJson(entry)));
  return [...new Set(news.map(({ run }) => run))];
}
