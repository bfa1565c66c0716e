import type { StoredEvent } from '../flow/index.ts';
import type { Change, FailedRequest, Outcome, Sequel, Share, Story } from './model.ts';
import { momentOf } from './moments.ts';
import { judgedOf, untold } from './verdicts.ts';

/** Where a story comes from. */
export interface Sources {
  app: string;
  environment: string;
  rollout: string;
  /** Events of the environment's chain, oldest first. */
  events: readonly StoredEvent[];
  change: Change | null;
}

type Data = Record<string, unknown>;

/** Tells what happened; null when the events do not know the rollout. */
export function tellStory({ app, environment, rollout, events, change }: Sources): Story | null {
  const own = events.filter((event) => dataOf(event)['rollout'] === rollout);
  const requested = own.find(({ type }) => type === 'rollout.requested');
  if (!requested) return null;
  const asked = dataOf(requested);
  const started = dataOf(own.find(({ type }) => type === 'rollout.started'));
  const end = own.find((event) => outcomeOf(event) !== null);
  const ended = dataOf(end);
  const back = dataOf(own.find(({ type }) => type === 'rollout.reverting'));
  return {
    rollout,
    app,
    environment,
    kind: asked['kind'] === 'rollback' ? 'rollback' : 'deploy',
    outcome: (end && outcomeOf(end)) ?? 'under way',
    reason: text(ended['reason']),
    revision: textOrNull(started['revision']),
    from: textOrNull(started['from']),
    commit: text(asked['commit']),
    title: text(asked['title']),
    release: text(asked['release']),
    actor: requested.actor,
    requestedAtMs: requested.atMs,
    endedAtMs: end?.atMs ?? null,
    moments: [
      ...own.map((event, index) => untold(event, own[index - 1])).filter((event) => event !== null),
      ...flagsMeanwhile(events, { own, requested, end }),
    ]
      .toSorted((one, other) => one.id - other.id)
      .map(momentOf),
    shares: sharesOf(own),
    verdicts: own.filter(({ type }) => type === 'rollout.judged').map(judgedOf),
    // Events of older versions have none.
    requests: listOf<FailedRequest>(back['requests']),
    logTail:
      [ended, back].map(({ logTail }) => listOf<string>(logTail)).find(({ length }) => length > 0) ?? [],
    change,
    sequels: end && outcomeOf(end) !== 'succeeded' ? sequelsOf(events, end) : [],
  };
}

/** What users met may have come of these as well. */
function flagsMeanwhile(
  events: readonly StoredEvent[],
  { own, requested, end }: { own: StoredEvent[]; requested: StoredEvent; end: StoredEvent | undefined },
): StoredEvent[] {
  const last = end?.id ?? Infinity;
  return events
    .filter(({ id, type }) => type.startsWith('flags.') && id > requested.id && id < last)
    .filter((event) => !own.includes(event));
}

/** Steps up, and the way back when it was over. */
function sharesOf(own: readonly StoredEvent[]): Share[] {
  const shifted = own
    .filter(({ type }) => type === 'traffic.shifted')
    .map((event) => ({ atMs: event.atMs, weightPercent: Number(dataOf(event)['weightPercent']) }));
  const back = own.find(({ type }) => type === 'rollout.reverting');
  return back && (shifted.at(-1)?.weightPercent ?? 0) > 0
    ? [...shifted, { atMs: back.atMs, weightPercent: 0 }]
    : shifted;
}

/** What was asked for after it, until one of these succeeded. */
function sequelsOf(events: readonly StoredEvent[], after: StoredEvent): Sequel[] {
  const later = events.filter(({ sequence }) => sequence > after.sequence);
  const sequels: Sequel[] = [];
  for (const requested of later.filter(({ type }) => type === 'rollout.requested')) {
    const { rollout, kind, title } = dataOf(requested);
    const end = later.find((event) => outcomeOf(event) !== null && dataOf(event)['rollout'] === rollout);
    const outcome = (end && outcomeOf(end)) ?? 'under way';
    sequels.push({
      rollout: text(rollout),
      kind: kind === 'rollback' ? 'rollback' : 'deploy',
      title: text(title),
      actor: requested.actor,
      outcome,
      endedAtMs: end?.atMs ?? null,
    });
    if (outcome === 'succeeded') break;
  }
  return sequels;
}

const outcomes: Record<string, Outcome> = {
  'rollout.succeeded': 'succeeded',
  'rollout.failed': 'failed',
  'rollout.aborted': 'aborted',
  'rollout.superseded': 'superseded',
};

function outcomeOf({ type }: StoredEvent): Outcome | null {
  return outcomes[type] ?? null;
}

function dataOf(event: StoredEvent | undefined): Data {
  return (event?.data ?? {}) as Data;
}

function listOf<T>(value: unknown): T[] {
  return Array.isArray(value) ? (value as T[]) : [];
}

function text(value: unknown): string {
  return textOrNull(value) ?? '';
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
