import type { StoredEvent } from '../../src/flow/index.ts';
import type { Failure, Report } from './load/report.ts';
import { scope, type Stage } from './stage.ts';

const eventsAtOnce = 1_000;
const shown = 30;
/** What led to a failure began so long before it. */
const beforeMs = 15_000;

/** What failed, when, on which connection, and between which steps of the rollout. */
export async function describeFailures({ failed, failures }: Report, stage: Stage): Promise<string> {
  const events: StoredEvent[] = [];
  for (let page: StoredEvent[] = [], first = true; first || page.length === eventsAtOnce; first = false) {
    page = await stage.client.events({ chain: scope, after: events.at(-1)?.id ?? 0, limit: eventsAtOnce });
    events.push(...page);
  }
  return [
    `${failed} requests failed`,
    ...failures.slice(0, shown).map((failure) => describe(failure, events)),
    'the router says:',
    ...stage.logTail('router', 20),
    'the server says:',
    ...stage.logTail('server', 20),
  ].join('\n');
}

function describe(failure: Failure, events: readonly StoredEvent[]): string {
  const { beganMs, endedMs, turn, what, connection, reason } = failure;
  const about = events.filter(({ atMs }) => atMs >= beganMs - beforeMs && atMs <= endedMs + 500);
  return [
    `${timeOf(beganMs)} to ${timeOf(endedMs)}, ${turn}: ${what} (${connection}): ${reason}`,
    ...about.map(({ atMs, type, data }) => `    ${timeOf(atMs)} ${type} ${JSON.stringify(data)}`),
  ].join('\n');
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString().slice(11, 23);
}
