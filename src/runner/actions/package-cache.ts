import { isAbsolute, relative } from 'node:path';
import { CodedError } from '../../diagnostics/index.ts';
import type { ActionContext } from '../action.ts';
import type { CacheRequest } from '../cache-archive.ts';
import { hashFiles } from '../hash-files.ts';
import { restore, save } from './cache.ts';

/** The downloads of a package manager, as the setup actions keep them. */
export interface PackageCache {
  /** Name of the manager. */
  what: string;
  paths: string[];
  /** Of the key; the hash of the lock files follows. */
  prefix: string;
  /** Patterns. */
  lockFiles: string[];
}

/**
 * Restores the cache of a package manager; the post half saves it. One that the machine keeps for all jobs is neither
 * restored nor saved: it is there already, and others may be reading and writing it.
 *
 * @returns Whether it is exactly the one of these lock files.
 * @throws CodedError `runner/no-lock-file`
 */
export async function restorePackages(context: ActionContext, cache: PackageCache): Promise<boolean> {
  const { workspace, home } = context.spec.directories;
  const hash = hashFiles(cache.lockFiles, workspace, home);
  if (hash === '') {
    const patterns = cache.lockFiles.join(', ');
    throw new CodedError(
      'runner/no-lock-file',
      `Dependencies lock file is not found in ${workspace}. Supported file patterns: ${patterns}`,
      { help: 'commit the lock file, check out before, or leave `cache` out' },
    );
  }
  const kept = cache.paths.find((path) => isKeptByMachine(path, context));
  if (kept !== undefined) {
    context.say(
      `The cache of ${cache.what} is ${kept}, which all jobs share: there is nothing to restore or save.`,
    );
    return false;
  }
  const request: CacheRequest = { paths: cache.paths, key: cache.prefix + hash, restoreKeys: [] };
  const hit = await restore(context, request);
  context.state['request'] = JSON.stringify(request);
  context.state['owed'] = String(hit !== request.key);
  context.say(`The cache of ${cache.what}: ${hit === null ? 'empty' : 'restored'}`);
  return hit === request.key;
}

/** Whether a folder outlives the job by itself, such as one that `--job-env npm_config_cache=…` names. */
function isKeptByMachine(path: string, { spec }: ActionContext): boolean {
  const { workspace, home, temp } = spec.directories;
  return isAbsolute(path) && [workspace, home, temp].every((own) => relative(own, path).startsWith('..'));
}

/** The post half: saves what was missed. */
export async function savePackages(context: ActionContext): Promise<void> {
  if (context.state['owed'] !== 'true') return;
  await save(context, JSON.parse(context.state['request'] ?? '{}') as CacheRequest);
}
