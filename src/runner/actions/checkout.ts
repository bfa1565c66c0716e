import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CodedError } from '../../diagnostics/index.ts';
import { coerceToString, fromJson } from '../../expressions/index.ts';
import type { Action, ActionContext } from '../action.ts';
import { overlay } from '../overlay.ts';
import type { WorkTreeCopy } from '../spec.ts';
import { placeSubmodules } from './checkout-submodules.ts';
import { wantedRevision, type Revision } from './checkout-revision.ts';
import { gitIn, type Git } from './git.ts';

/**
 * `actions/checkout`: the commit of the run, or another of its repository, as a usable work tree. Objects are borrowed
 * from the bare repository instead of copied, so it costs what writing the files costs.
 */
export const checkout: Action = {
  async main(context) {
    const { source, directories } = context.spec;
    checkRepository(context);
    const directory = resolve(directories.workspace, context.inputs['path'] || '.');
    const git = gitIn(context, directory);
    if (context.inputs['clean'] !== 'false' && !existsSync(join(directory, '.git'))) empty(directory);
    mkdirSync(directory, { recursive: true });
    const common = await git('-C', source.gitDirectory, 'rev-parse', '--git-common-dir');
    const origin = resolve(source.gitDirectory, common.trim());
    const revision = await wantedRevision(context, (...args) => git('-C', source.gitDirectory, ...args));
    await git('init', '--quiet', '.');
    writeFileSync(join(directory, '.git/objects/info/alternates'), `${join(origin, 'objects')}\n`);
    await setOrigin(git, origin);
    await bringRefs(context, git, { directory, origin, revision });
    await setSparse(context, git);
    await placeHead(context, git, revision);
    await placeSubmodules(context, git, directory);
    const copy = revision.commit === source.commit ? source.workTree : undefined;
    if (copy) await overlay(directory, copy);
    context.say(`${revision.commit} is checked out${copy ? changesText(copy) : ''}.`);
    context.setOutput('commit', revision.commit);
    context.setOutput('ref', revision.ref);
    return undefined;
  },
};

function changesText({ changed, deleted }: WorkTreeCopy): string {
  return `, with what is not committed yet: ${changed.length} changed or new, ${deleted.length} deleted`;
}

/** Only the repository of the run is at hand. */
function checkRepository({ inputs, spec }: ActionContext): void {
  const asked = inputs['repository'] ?? '';
  const own = coerceToString(fromJson(spec.contexts.github['repository'] ?? null));
  if (asked === '' || asked.toLowerCase() === own.toLowerCase()) return;
  throw new CodedError('runner/checkout', `the repository "${asked}" is not on this machine`, {
    notes: [`the run is for ${own}`],
    help: 'clone it in a `run:` step with git clone',
  });
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
async function bringRefs(
  context: ActionContext,
  git: Git,
  { directory, origin, revision }: { directory: string; origin: string; revision: Revision },
): Promise<void> {
  const depth = Number(context.inputs['fetch-depth'] ?? '1');
  if (!Number.isInteger(depth) || depth < 0) {
    throw new CodedError(
      'runner/checkout',
      `fetch-depth "${context.inputs['fetch-depth']}" is not a whole number`,
    );
  }
  const shallow = join(directory, '.git/shallow');
  const cuts = cutsOf(origin);
  writeCuts(shallow, cuts);
  const tags = '+refs/tags/*:refs/tags/*';
  if (depth === 0) {
    await git('fetch', '--quiet', 'origin', '+refs/heads/*:refs/remotes/origin/*', tags);
    return;
  }
  if (context.inputs['fetch-tags'] === 'true') await git('fetch', '--quiet', 'origin', tags);
  else if (revision.tag !== null) await git('update-ref', `refs/tags/${revision.tag}`, revision.tagObject);
  const history = await git('rev-list', '--parents', `--max-count=${depth * 50}`, revision.commit);
  const edge = cutAt(history, revision.commit, depth);
  writeCuts(shallow, [...cuts, ...edge]);
}

/** Where the history of a shallow clone ends: what is borrowed from it ends there too. */
function cutsOf(origin: string): string[] {
  const file = join(origin, 'shallow');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
}

function writeCuts(file: string, commits: readonly string[]): void {
  if (commits.length === 0) rmSync(file, { force: true });
  else writeFileSync(file, `${commits.join('\n')}\n`);
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

/** Only parts of the tree, or all of it again where an earlier step asked for parts. */
async function setSparse({ inputs }: ActionContext, git: Git): Promise<void> {
  const patterns = (inputs['sparse-checkout'] ?? '').split('\n').flatMap((line) => line.trim() || []);
  if (patterns.length > 0) {
    const cone = inputs['sparse-checkout-cone-mode'] === 'false' ? '--no-cone' : '--cone';
    await git('sparse-checkout', 'set', cone, ...patterns);
  } else if ((await git('config', '--default', 'false', 'core.sparseCheckout')) === 'true') {
    await git('sparse-checkout', 'disable');
  }
}

/** A branch is checked out by its name, as on GitHub; anything else leaves HEAD detached. */
async function placeHead(context: ActionContext, git: Git, { commit, branch }: Revision): Promise<void> {
  if (context.inputs['clean'] !== 'false') await git('clean', '-ffdxq');
  if (branch === null) {
    await git('checkout', '--quiet', '--force', '--detach', commit);
    return;
  }
  await git('update-ref', `refs/remotes/origin/${branch}`, commit);
  await git('checkout', '--quiet', '--force', '-B', branch, `refs/remotes/origin/${branch}`);
}
