import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { CodedError } from '../diagnostics/index.ts';
import { stagingPrefix } from './abandoned.ts';
import type { ActionContext } from './action.ts';
import { readableRefs, writableRef } from './cache-scope.ts';
import { findCache, publishCache } from './cache-store.ts';
import { glob } from './glob.ts';
import { findOnPath } from './shell.ts';
import type { JobDirectories } from './spec.ts';

/** What a step wants to cache. */
export interface CacheRequest {
  paths: string[];
  key: string;
  restoreKeys: string[];
}

type Runner = Pick<ActionContext, 'spec' | 'run' | 'env'>;

/** GitHub's names, which are part of an entry's version. */
type Packing = 'zstd-without-long' | 'gzip';

/**
 * Restores what is found for a request.
 *
 * @returns The key of the entry, or null when there is none.
 * @throws CodedError `runner/cache-archive`
 */
export async function restoreCache(
  runner: Runner,
  request: CacheRequest,
  options: { lookupOnly: boolean } = { lookupOnly: false },
): Promise<string | null> {
  const { directories } = runner.spec;
  const { key, restoreKeys } = request;
  const packing = packingOf(runner);
  const versions = [versionOf(request.paths, packing, directories)];
  const entry = await findCache(directories.cache, {
    refs: await readableRefs(runner.spec),
    versions,
    key,
    restoreKeys,
  });
  if (!entry) return null;
  if (!options.lookupOnly) await tar(runner, ['-xf', entry.archive, ...unpackFlags[packing]]);
  return entry.key;
}

/** How an attempt to save ended. */
export type Saved = 'saved' | 'taken' | 'too-large' | 'nothing';

/**
 * Saves the files of a request under its key, in the form in which GitHub's own action does, so that both read both.
 *
 * @throws CodedError `runner/cache-archive`
 */
export async function saveCache(runner: Runner, request: CacheRequest): Promise<Saved> {
  const { spec } = runner;
  const { cache, workspace } = spec.directories;
  const packing = packingOf(runner);
  const version = versionOf(request.paths, packing, spec.directories);
  const ref = writableRef(spec);
  const query = { refs: [ref], versions: [version], key: request.key, restoreKeys: [] };
  if ((await findCache(cache, query))?.key === request.key) return 'taken';
  const found = pathsToPack(request.paths, spec.directories);
  if (found.length === 0) return 'nothing';
  await mkdir(cache, { recursive: true });
  const staging = await mkdtemp(join(cache, stagingPrefix));
  try {
    const [archive, list] = [join(staging, 'archive.new'), join(staging, 'list')];
    await writeFile(list, found.map((path) => `${relative(workspace, path) || '.'}\n`).join(''));
    await tar(runner, ['-cf', archive, ...packFlags[packing], '--files-from', list]);
    const { size: sizeBytes } = await stat(archive);
    return resultOf[(await publishCache(cache, { ref, version, key: request.key, archive, sizeBytes })).kind];
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

const resultOf = { stored: 'saved', taken: 'taken', 'too-large': 'too-large' } as const;

/** Quick rather than small: the archive stays on this disk. */
const packFlags = { 'zstd-without-long': ['--use-compress-program', 'zstd -1 -T0'], gzip: ['-z'] };
const unpackFlags = { 'zstd-without-long': ['--use-compress-program', 'zstd -d'], gzip: ['-z'] };

function packingOf({ env }: Runner): Packing {
  return findOnPath('zstd', env['PATH']) === null ? 'gzip' : 'zstd-without-long';
}

/** Names in the archive are relative to the workspace, and may lead out of it, as to a cache in the home directory. */
async function tar(runner: Runner, args: string[]): Promise<void> {
  const { workspace } = runner.spec.directories;
  const [mode = '', archive = '', ...rest] = args;
  const end = await runner.run(['tar', mode, archive, '-P', '-C', workspace, ...rest], { quiet: true });
  if (end.code === 0) return;
  throw new CodedError('runner/cache-archive', `tar ended with ${end.code ?? end.signal ?? 'a failure'}`, {
    notes: end.stdout.split('\n').slice(0, 8),
    help: 'the files that are cached may not change or vanish meanwhile, and the disk may not be full',
  });
}

/** What matches is packed as it is, links and modes included; file by file where something is taken away again. */
function pathsToPack(paths: readonly string[], { workspace, home }: JobDirectories): string[] {
  const topOnly = !paths.some((line) => line.startsWith('!'));
  return glob(paths, { root: workspace, home, topOnly }).files;
}

/**
 * What the toolkit makes of paths and packing. A job's own directories differ from run to run, so they are written as
 * authors write them: relative, or from `~`.
 *
 * @see https://github.com/actions/toolkit packages/cache/src/internal/cacheUtils.ts
 */
export function versionOf(paths: readonly string[], packing: Packing, directories: JobDirectories): string {
  const { workspace, home } = directories;
  const portable = paths.map((path) => {
    if (path === workspace || path.startsWith(workspace + sep)) return relative(workspace, path) || '.';
    return path === home || path.startsWith(home + sep) ? `~${path.slice(home.length)}` : path;
  });
  return createHash('sha256')
    .update([...portable, packing, '1.0'].join('|'))
    .digest('hex');
}
