import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CodedError } from '../../diagnostics/index.ts';
import type { Action, ActionContext } from '../action.ts';

/**
 * `actions/checkout`: the commit of the run as a usable work tree. Objects are borrowed from the bare repository
 * instead of copied, so it costs what writing the files costs.
 */
export const checkout: Action = {
  async main(context) {
    const { source, directories } = context.spec;
    const directory = resolve(directories.workspace, context.inputs['path'] ?? '.');
    const git = gitIn(context, directory);
    if (context.inputs['clean'] !== 'false' && !existsSync(join(directory, '.git'))) empty(directory);
    mkdirSync(directory, { recursive: true });
    const common = await git('-C', source.gitDirectory, 'rev-parse', '--git-common-dir');
    const origin = resolve(source.gitDirectory, common.trim());
    await git('init', '--quiet', '.');
    writeFileSync(join(directory, '.git/objects/info/alternates'), `${join(origin, 'objects')}\n`);
    await setOrigin(git, origin);
    await bringRefs(context, git, directory);
    await placeHead(context, git);
    context.say(`${source.commit} is checked out.`);
    context.setOutput('commit', source.commit);
    context.setOutput('ref', source.ref);
    return undefined;
  },
};

type Git = (...args: string[]) => Promise<string>;

/** Git that asks nobody, and whose failure is a throw with what it said. */
function gitIn(context: ActionContext, directory: string): Git {
  return async (...args) => {
    const end = await context.run(['git', ...args], {
      cwd: existsSync(directory) ? directory : context.spec.directories.workspace,
      env: { ...context.env, GIT_TERMINAL_PROMPT: '0' },
      quiet: true,
    });
    if (end.code === 0) return end.stdout;
    throw new CodedError('runner/checkout', `git ${args.join(' ')} failed: ${end.stdout.trim()}`);
  };
}

function empty(directory: string): void {
  if (!existsSync(directory)) return;
  for (const name of readdirSync(directory)) rmSync(join(directory, name), { recursive: true, force: true });
}

async function setOrigin(git: Git, origin: string): Promise<void> {
  await git('config', 'remote.origin.url', origin);
  await git('config', '--replace-all', 'remote.origin.fetch', '+refs/heads/*:refs/remotes/origin/*');
}

/** Depth 0 brings all branches and tags; any other depth cuts the history at the borrowed objects. */
async function bringRefs(context: ActionContext, git: Git, directory: string): Promise<void> {
  const depth = Number(context.inputs['fetch-depth'] ?? '1');
  if (!Number.isInteger(depth) || depth < 0) {
    throw new CodedError(
      'runner/checkout',
      `fetch-depth "${context.inputs['fetch-depth']}" is not a whole number`,
    );
  }
  const { commit } = context.spec.source;
  const shallow = join(directory, '.git/shallow');
  rmSync(shallow, { force: true });
  if (depth === 0) {
    await git(
      'fetch',
      '--quiet',
      'origin',
      '+refs/heads/*:refs/remotes/origin/*',
      '+refs/tags/*:refs/tags/*',
    );
    return;
  }
  const history = await git('rev-list', '--parents', `--max-count=${depth * 50}`, commit);
  const edge = cutAt(history, commit, depth);
  if (edge.length > 0) writeFileSync(shallow, `${edge.join('\n')}\n`);
}

/** Commits that are `depth` generations away, whose parents are hidden. */
function cutAt(history: string, commit: string, depth: number): string[] {
  const parents = new Map<string, string[]>();
  for (const line of history.split('\n')) {
    const [id = '', ...rest] = line.trim().split(' ');
    parents.set(id, rest);
  }
  let generation = [commit];
  for (let level = 1; level < depth; level++) {
    generation = [...new Set(generation.flatMap((id) => parents.get(id) ?? []))];
  }
  return generation.filter((id) => (parents.get(id) ?? []).length > 0);
}

/** A branch is checked out by its name, as on GitHub; anything else leaves HEAD detached. */
async function placeHead(context: ActionContext, git: Git): Promise<void> {
  const { commit, ref } = context.spec.source;
  const branch = /^refs\/heads\/(.+)$/.exec(ref)?.[1];
  if (context.inputs['clean'] !== 'false') await git('clean', '-ffdxq');
  if (branch === undefined) {
    await git('checkout', '--quiet', '--force', '--detach', commit);
    return;
  }
  await git('update-ref', `refs/remotes/origin/${branch}`, commit);
  await git('checkout', '--quiet', '--force', '-B', branch, `refs/remotes/origin/${branch}`);
}
