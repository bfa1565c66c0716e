import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ActionContext } from '../action.ts';
import type { PackageCache } from './package-cache.ts';

type Manager = 'npm' | 'yarn' | 'pnpm';

/** What keys the cache of each; as in GitHub's action. */
const lockFiles: Record<Manager, string[]> = {
  npm: ['package-lock.json', 'npm-shrinkwrap.json', 'yarn.lock'],
  yarn: ['yarn.lock'],
  pnpm: ['pnpm-lock.yaml'],
};

/** How each tells where it keeps what it downloads: the second question is for the successors of Yarn 1. */
const questions: Record<Manager, string[][]> = {
  npm: [['config', 'get', 'cache']],
  yarn: [
    ['cache', 'dir'],
    ['config', 'get', 'cacheFolder'],
  ],
  pnpm: [['store', 'path', '--silent']],
};

/** Where it is when nobody tells. */
const usualPlaces: Record<Manager, string> = {
  npm: '~/.npm',
  yarn: '~/.cache/yarn',
  pnpm: '~/.local/share/pnpm/store',
};

/** The cache that `cache` asks for, or that `package.json` does where `package-manager-cache` is on; null for none. */
export async function nodeCache(
  context: ActionContext,
  env: Record<string, string>,
): Promise<PackageCache | null> {
  const { inputs, spec } = context;
  const asked =
    inputs['cache'] ||
    (inputs['package-manager-cache'] === 'true' ? managerOf(spec.directories.workspace) : '');
  if (asked !== 'npm' && asked !== 'yarn' && asked !== 'pnpm') return null;
  return {
    what: asked,
    paths: [await directoryOf(context, asked, env)],
    prefix: `node-cache-${process.platform}-${process.arch}-${asked}-`,
    lockFiles: inputs['cache-dependency-path']?.split('\n') ?? lockFiles[asked],
  };
}

/** Only npm, as in GitHub's action: its cache is never harmful. */
function managerOf(workspace: string): string {
  let manifest: { packageManager?: string; devEngines?: { packageManager?: { name?: string } } };
  try {
    manifest = JSON.parse(readFileSync(join(workspace, 'package.json'), 'utf8')) as typeof manifest;
  } catch {
    return '';
  }
  const name = manifest.devEngines?.packageManager?.name ?? manifest.packageManager?.split('@')[0];
  return name === 'npm' ? 'npm' : '';
}

async function directoryOf(
  context: ActionContext,
  manager: Manager,
  env: Record<string, string>,
): Promise<string> {
  for (const question of questions[manager]) {
    const end = await context.run([manager, ...question], { env, quiet: true });
    const answer = end.stdout.trim().split('\n').at(-1) ?? '';
    if (end.code === 0 && answer.startsWith('/')) return answer;
  }
  return usualPlaces[manager];
}
