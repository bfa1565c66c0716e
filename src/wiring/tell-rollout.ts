import type { StoredEvent } from '../flow/index.ts';
import { openMirror } from '../source/index.ts';
import type { Store } from '../store/index.ts';
import { tellStory, type Change, type Story } from '../story/index.ts';
import type { Layout } from './layout.ts';
import { eventsOf, rolloutsOf, type RolloutRecord } from './rollout-log.ts';

/** Commits and files that a story lists; the rest is counted. */
const mostListed = 20;

/** What happened in a rollout of an environment; null when it had no rollout of that name. */
export async function tellRollout(
  { scope, rollout }: { scope: string; rollout: string },
  { store, layout }: { store: Store; layout: Layout },
): Promise<Story | null> {
  const records = await rolloutsOf(store, scope);
  const record = records.find(({ id }) => id === rollout);
  if (!record) return null;
  const [app = '', environment = ''] = scope.split('/');
  const events: StoredEvent[] = [];
  for await (const event of eventsOf(store, scope, 0)) events.push(event);
  const change = await changeOf(record, records, layout.app(app).mirror);
  return tellStory({ app, environment, rollout, events, change });
}

async function changeOf(
  { from, commit }: RolloutRecord,
  records: readonly RolloutRecord[],
  mirrorDirectory: string,
): Promise<Change | null> {
  const base = records.find(({ revision }) => revision !== null && revision === from)?.commit;
  if (base === undefined || base === commit) return null;
  const mirror = await openMirror(mirrorDirectory);
  // A story without it is better than none: the commit may be gone from the mirror.
  const between = await mirror.changeBetween(base, commit).catch(() => null);
  if (!between) return null;
  const { commits, files } = between;
  return {
    base,
    commits: commits.slice(0, mostListed),
    files: files.slice(0, mostListed),
    moreCommits: Math.max(0, commits.length - mostListed),
    moreFiles: Math.max(0, files.length - mostListed),
  };
}
