import { CodedError } from '../../diagnostics/index.ts';
import type { Action, ActionContext } from '../action.ts';
import { restoreCache, saveCache, type CacheRequest } from '../cache-archive.ts';

/** `actions/cache`: restores at its place, saves at the end of a job that succeeded and missed the key. */
export const cache: Action = {
  async main(context) {
    const request = requestOf(context);
    const hit = await restoreAsked(context, request);
    context.state['request'] = JSON.stringify(request);
    context.state['owed'] = String(hit !== request.key && !isLookup(context));
    return undefined;
  },

  postIf: 'success()',
  async post(context) {
    if (context.state['owed'] !== 'true') return;
    await save(context, JSON.parse(context.state['request'] ?? '{}') as CacheRequest);
  },
};

/** `actions/cache/restore`: only restores. */
export const cacheRestore: Action = {
  async main(context) {
    await restoreAsked(context, requestOf(context));
    return undefined;
  },
};

/** `actions/cache/save`: only saves, at its place. */
export const cacheSave: Action = {
  async main(context) {
    await save(context, requestOf(context));
    return undefined;
  },
};

async function restoreAsked(context: ActionContext, request: CacheRequest): Promise<string | null> {
  const hit = await restore(context, request, { lookupOnly: isLookup(context) });
  context.setOutput('cache-primary-key', request.key);
  context.setOutput('cache-hit', hit === null ? '' : String(hit === request.key));
  if (hit !== null) context.setOutput('cache-matched-key', hit);
  if (hit === null && context.inputs['fail-on-cache-miss'] === 'true') {
    throw new CodedError('runner/cache-miss', `there is no cache for the key "${request.key}"`);
  }
  return hit;
}

function isLookup({ inputs }: ActionContext): boolean {
  return inputs['lookup-only'] === 'true';
}

function requestOf({ inputs }: ActionContext): CacheRequest {
  const lines = (text: string | undefined) =>
    (text ?? '').split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]));
  const request = {
    paths: lines(inputs['path']),
    key: inputs['key'] ?? '',
    restoreKeys: lines(inputs['restore-keys']),
  };
  checkKeys([request.key, ...request.restoreKeys]);
  return request;
}

/** GitHub's limits, so that what is saved here can be saved there. */
function checkKeys(keys: readonly string[]): void {
  const bad = keys.find((key) => key === '' || key.length > 512 || key.includes(','));
  if (bad === undefined && keys.length <= 10) return;
  const what = bad === undefined ? `${keys.length} keys were given` : `the key "${bad}" cannot be used`;
  throw new CodedError('runner/cache-key', what, {
    notes: ['allowed: at most 10 keys with the restore keys, each with 1 to 512 characters and no comma'],
  });
}

/** Restores what is found and says so; shared with the caches of the setup actions. */
export async function restore(
  context: ActionContext,
  request: CacheRequest,
  options: { lookupOnly: boolean } = { lookupOnly: false },
): Promise<string | null> {
  const hit = await restoreCache(context, request, options).catch((error: unknown) => missed(context, error));
  if (hit === null)
    context.say(`Cache not found for input keys: ${[request.key, ...request.restoreKeys].join(', ')}`);
  else context.say(options.lookupOnly ? `Cache found: ${hit}` : `Cache restored from key: ${hit}`);
  return hit;
}

/** A cache only saves time, so one that cannot be restored counts as a miss, as on GitHub, and a warning says why. */
function missed(context: ActionContext, error: unknown): null {
  if (context.signal.aborted) throw error;
  const notes = error instanceof CodedError ? error.notes : [];
  const reason = error instanceof Error ? error.message : String(error);
  context.warn(`Failed to restore: ${[reason, ...notes].join('; ')}`);
  return null;
}

/** Saves under a key and says what came of it. */
export async function save(context: ActionContext, request: CacheRequest): Promise<void> {
  switch (await saveCache(context, request)) {
    case 'saved':
      context.say(`Cache saved with key: ${request.key}`);
      return;
    case 'taken':
      context.say(`The key ${request.key} is taken; a saved cache is never changed.`);
      return;
    case 'nothing':
      context.warn(`Nothing to cache: no file matches ${request.paths.join(', ')}`);
      return;
    case 'too-large':
      context.warn(`Not cached: ${request.paths.join(', ')} is larger than all caches of an app may be.`);
  }
}
