import { CodedError } from '../../diagnostics/index.ts';
import type { Action, ActionContext } from '../action.ts';
import { findCache, restoreCache, saveCache, type CacheQuery } from '../cache-store.ts';

/** `actions/cache`: restores at its place, saves at the end of a job that succeeded and missed the key. */
export const cache: Action = {
  async main(context) {
    const query = queryOf(context);
    const lookupOnly = context.inputs['lookup-only'] === 'true';
    const hit = await restore(context, query, lookupOnly);
    context.state['query'] = JSON.stringify(query);
    context.state['exact'] = String(hit === query.key || lookupOnly);
    context.setOutput('cache-hit', hit === null ? '' : String(hit === query.key));
    if (hit === null && context.inputs['fail-on-cache-miss'] === 'true') {
      throw new CodedError('runner/cache-miss', `there is no cache for the key "${query.key}"`);
    }
    return undefined;
  },

  postIf: 'success()',
  async post(context) {
    if (context.state['exact'] !== 'false') return;
    await save(context, JSON.parse(context.state['query'] ?? '{}') as CacheQuery);
  },
};

function queryOf({ inputs }: ActionContext): CacheQuery {
  const lines = (text: string | undefined) =>
    (text ?? '').split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]));
  return {
    paths: lines(inputs['path']),
    key: inputs['key'] ?? '',
    restoreKeys: lines(inputs['restore-keys']),
  };
}

/** Restores what is found and says so; shared with the cache of setup-node. */
export async function restore(
  context: ActionContext,
  query: CacheQuery,
  lookupOnly: boolean = false,
): Promise<string | null> {
  const { directories } = context.spec;
  const entry = await findCache(directories.cache, query);
  if (!entry) {
    context.say(`Cache not found for input keys: ${[query.key, ...query.restoreKeys].join(', ')}`);
    return null;
  }
  if (!lookupOnly) await restoreCache(entry, directories);
  context.say(lookupOnly ? `Cache found: ${entry.key}` : `Cache restored from key: ${entry.key}`);
  return entry.key;
}

/** Saves under a key and says what came of it. */
export async function save(context: ActionContext, query: CacheQuery): Promise<void> {
  const { directories } = context.spec;
  const count = await saveCache(directories.cache, query, directories);
  if (count === null) context.say(`The key ${query.key} is taken; a saved cache is never changed.`);
  else if (count === 0) context.warn(`Nothing to cache: no file matches ${query.paths.join(', ')}`);
  else context.say(`Cache saved with key: ${query.key}`);
}
