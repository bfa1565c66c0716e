import { isAbsolute, resolve } from 'node:path';
import type { CommitInfo } from './commit.ts';
import { gitFailed, runGit, type GitOutput } from './git.ts';
import { defaultBranchOf } from './default-branch.ts';
import { openRepository } from './repository.ts';

/** A file of the work tree that is not as HEAD has it: changed, deleted, or new and not ignored. */
export interface ChangedPath {
  path: string;
  /** A submodule at another commit or with changes of its own, or a repository inside this one. */
  isRepository: boolean;
}

/** A repository as it lies on disk at one moment, with everything that a run of it needs to know. */
export interface WorkTree {
  /** Top folder. */
  root: string;
  /** The folder with the objects, which linked work trees share. */
  gitDirectory: string;
  head: CommitInfo;
  /** `refs/heads/main`; null when no branch is checked out. */
  ref: string | null;
  /** Full name of the branch that this one follows: `refs/remotes/origin/main`. */
  upstream: string | null;
  defaultBranch: string;
  /** `git config user.name`, or empty. */
  userName: string;
  /** Address of `origin`, or null. */
  originUrl: string | null;
  changed: ChangedPath[];
}

const commitFields = ['%H', '%P', '%an', '%ae', '%ct', '%B'].join('%x00');

/**
 * Reads a repository with a handful of git commands at once; writes nothing.
 *
 * @param directory - Any folder of the work tree.
 * @throws CodedError as `openRepository` and `Repository.head` do.
 */
export async function readWorkTree(directory: string): Promise<WorkTree> {
  const ask = (...args: string[]) => runGit({ directory, args });
  const answers = await Promise.all([
    ask('rev-parse', '--show-toplevel', '--git-common-dir'),
    ask('status', '--porcelain=v2', '--branch', '-z', '--untracked-files=all', '--no-renames'),
    ask('log', '-1', '--no-show-signature', '--encoding=UTF-8', `--format=${commitFields}`, 'HEAD', '--'),
    ask('for-each-ref', '--format=%(refname) %(symref)', 'refs/heads', 'refs/remotes/origin/HEAD'),
    ask(
      'config',
      '--null',
      '--get-regexp',
      String.raw`^(user\.name|init\.defaultbranch|remote\.origin\.url)$`,
    ),
  ]);
  const [places, status, log, refs, config] = answers;
  if ([places, status, log, refs].some(({ code }) => code !== 0)) throw await causeOf(directory, status);
  const [root = '', common = ''] = textOf(places).trimEnd().split('\n');
  const { ref, upstream, changed } = readStatus(textOf(status));
  const settings = readConfig(textOf(config));
  return {
    root,
    gitDirectory: isAbsolute(common) ? common : resolve(directory, common),
    head: readLog(textOf(log)),
    ref,
    upstream,
    defaultBranch: defaultBranchOf(textOf(refs), settings.get('init.defaultbranch'), ref),
    userName: settings.get('user.name') ?? '',
    originUrl: settings.get('remote.origin.url') ?? null,
    changed,
  };
}

/** The usual reasons are told by those who know them. */
async function causeOf(directory: string, status: GitOutput): Promise<Error> {
  try {
    await (await openRepository(directory)).head();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  return gitFailed(['status'], status);
}

function textOf({ stdout }: GitOutput): string {
  return stdout.toString();
}

function readLog(text: string): CommitInfo {
  const [sha = '', parents = '', author = '', authorEmail = '', seconds = '', message = ''] =
    text.split('\0');
  return {
    sha,
    message: message.trimEnd(),
    author,
    authorEmail,
    committedAtMs: Number(seconds) * 1000,
    parents: parents.split(' ').filter((parent) => parent !== ''),
  };
}

/** Reads what `git status --porcelain=v2 -z` prints. @see https://git-scm.com/docs/git-status#_porcelain_format_version_2 */
function readStatus(text: string): Pick<WorkTree, 'ref' | 'upstream' | 'changed'> {
  let ref: string | null = null;
  let upstream: string | null = null;
  const changed = new Map<string, ChangedPath>();
  for (const entry of text.split('\0')) {
    if (entry.startsWith('# branch.head ')) {
      const name = entry.slice('# branch.head '.length);
      ref = name === '(detached)' ? null : `refs/heads/${name}`;
    } else if (entry.startsWith('# branch.upstream ')) {
      upstream = `refs/remotes/${entry.slice('# branch.upstream '.length)}`;
    } else {
      const file = changedPath(entry);
      if (file) changed.set(file.path, file);
    }
  }
  return { ref, upstream, changed: [...changed.values()] };
}

/** Fields before the path, by the letter that begins an entry. */
const fieldCounts: Record<string, number> = { '1': 8, u: 10, '?': 1 };

function changedPath(entry: string): ChangedPath | null {
  const count = fieldCounts[entry[0] ?? ''];
  if (count === undefined || entry[1] !== ' ') return null;
  const fields = entry.split(' ');
  const path = fields.slice(count).join(' ');
  const isSubmodule = count > 1 && fields[2]?.startsWith('S') === true;
  // Git names a repository inside this one by its folder alone.
  return { path: path.replace(/\/$/, ''), isRepository: isSubmodule || path.endsWith('/') };
}

function readConfig(text: string): Map<string, string> {
  return new Map(
    text.split('\0').flatMap((entry) => {
      const at = entry.indexOf('\n');
      return at === -1 ? [] : [[entry.slice(0, at), entry.slice(at + 1)] as const];
    }),
  );
}

/**
 * Files that differ between a commit and HEAD; those of HEAD's whole tree when there is no such commit.
 *
 * @param base - A commit, or `A...B` for their common ancestor.
 */
export async function changedSince(root: string, base: string | null): Promise<string[] | null> {
  const args =
    base === null
      ? ['ls-tree', '-r', '-z', '--name-only', '--full-tree', 'HEAD']
      : [
          'diff',
          '-z',
          '--name-only',
          '--no-renames',
          '--no-ext-diff',
          base,
          ...(base.includes('...') ? [] : ['HEAD']),
          '--',
        ];
  const output = await runGit({ directory: root, args });
  if (output.code !== 0) return null;
  return textOf(output)
    .split('\0')
    .filter((path) => path !== '');
}

/** A file as HEAD has it, or null. */
export async function readCommitted(root: string, path: string): Promise<string | null> {
  const output = await runGit({ directory: root, args: ['cat-file', 'blob', `HEAD:${path}`] });
  return output.code === 0 ? textOf(output) : null;
}

/** Paths of HEAD under a folder. */
export async function listCommitted(root: string, folder: string): Promise<string[]> {
  const args = ['ls-tree', '-r', '-z', '--name-only', '--full-tree', 'HEAD', '--', folder];
  const output = await runGit({ directory: root, args });
  return textOf(output)
    .split('\0')
    .filter((path) => path !== '');
}

/** Those of the paths that git does not ignore. */
export async function notIgnored(root: string, paths: readonly string[]): Promise<string[]> {
  const args = ['check-ignore', '-z', '--stdin'];
  const input = paths.map((path) => `${path}\0`).join('');
  // This command takes no pathspecs, and refuses to be told how to read them.
  const output = await runGit({ directory: root, args, input, env: { GIT_LITERAL_PATHSPECS: '0' } });
  const ignored = new Set(textOf(output).split('\0'));
  return paths.filter((path) => !ignored.has(path));
}
