import { CodedError } from '../diagnostics/index.ts';
import { readCommit, resolveCommit } from './commit.ts';
import type { CommitInfo } from './commit.ts';
import { git, gitFailed, runGit } from './git.ts';

/** A file that differs from the commit. `code` is git's, such as ` M`, `??` (untracked) or `D `. */
export interface DirtyFile {
  path: string;
  code: string;
}

/** The user's own repository. It is only read: nothing here writes into it. */
export interface Repository {
  /** Its top folder. */
  root: string;
  /** Hash of the commit that is checked out. Throws `source/no-commit`. */
  head(): Promise<string>;
  /** Name of the branch that is checked out. Throws `source/detached-head`. */
  branch(): Promise<string>;
  /** What a commit of now would add to HEAD: changed and untracked files, without ignored ones. */
  dirtyFiles(): Promise<DirtyFile[]>;
  /** Throws `source/dirty-tree` when `dirtyFiles` has any, `source/no-commit` before the first commit. */
  requireClean(): Promise<void>;
  /** Throws `source/shallow` for a clone without its history, which cannot be sent elsewhere. */
  requireComplete(): Promise<void>;
  /** `origin`'s default branch, else `init.defaultBranch`, `main` or `master` where it exists, else the one checked out. */
  defaultBranch(): Promise<string>;
  /** Throws `source/unknown-revision`. */
  commitInfo(sha: string): Promise<CommitInfo>;
  /** Full hash of a revision such as `HEAD~2`. Throws `source/unknown-revision`. */
  resolve(revision: string): Promise<string>;
}

/**
 * Opens the repository that a folder belongs to.
 *
 * @throws CodedError `source/no-git`, `source/not-a-repository`, `source/bare-repository` or `source/foreign-owner`.
 */
export async function openRepository(directory: string): Promise<Repository> {
  const root = await findRoot(directory);
  return {
    root,
    head: () => head(root),
    branch: () => branch(root),
    dirtyFiles: () => dirtyFiles(root),
    requireClean: () => requireClean(root),
    requireComplete: () => requireComplete(root),
    defaultBranch: () => defaultBranch(root),
    commitInfo: (sha) => readCommit(root, sha),
    resolve: (revision) => resolveCommit(root, revision),
  };
}

async function findRoot(directory: string): Promise<string> {
  const args = ['rev-parse', '--show-toplevel'];
  const output = await runGit({ directory, args });
  if (output.code === 0) return output.stdout.toString().replace(/\n$/, '');
  if (output.stderr.includes('dubious ownership')) {
    throw new CodedError('source/foreign-owner', `the repository in ${directory} belongs to another user`, {
      notes: ['git refuses it, because its settings could run programs as you'],
      help: `if you trust it: git config --global --add safe.directory ${directory}`,
    });
  }
  if (output.stderr.includes('must be run in a work tree')) {
    throw new CodedError(
      'source/bare-repository',
      `${directory} is a bare repository: it has no files checked out`,
      {
        help: 'go to a clone of it',
      },
    );
  }
  if (!output.stderr.includes('not a git repository')) throw gitFailed(args, output);
  throw new CodedError('source/not-a-repository', `${directory} is not in a git repository`, {
    help: 'go to your repository, or make one: git init && git add . && git commit -m "First commit"',
  });
}

async function head(root: string): Promise<string> {
  const output = await runGit({
    directory: root,
    args: ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'],
  });
  if (output.code === 0) return output.stdout.toString().trim();
  throw new CodedError('source/no-commit', 'the repository has no commit yet', {
    help: 'make the first one: git add . && git commit -m "First commit"',
  });
}

async function branch(root: string): Promise<string> {
  const output = await runGit({ directory: root, args: ['symbolic-ref', '--quiet', '--short', 'HEAD'] });
  if (output.code === 0) return output.stdout.toString().trim();
  throw new CodedError('source/detached-head', 'no branch is checked out (HEAD is detached)', {
    notes: ['the branch decides which workflows run and which environments take the commit'],
    help: 'check one out with "git switch <branch>", or make one here with "git switch -c <branch>"',
  });
}

async function dirtyFiles(root: string): Promise<DirtyFile[]> {
  const args = ['status', '--porcelain=v1', '-z', '--untracked-files=normal', '--no-renames'];
  const text = await git({ directory: root, args });
  return text
    .split('\0')
    .filter((entry) => entry !== '')
    .map((entry) => ({ code: entry.slice(0, 2), path: entry.slice(3) }));
}

async function requireClean(root: string): Promise<void> {
  // Before the first commit every file is new; what is missing then is the commit.
  await head(root);
  const files = await dirtyFiles(root);
  if (files.length === 0) return;
  const shown = files.slice(0, 8).map(({ code, path }) => `${code} ${path}`);
  const more = files.length - shown.length;
  const count = files.length === 1 ? 'a file is' : `${files.length} files are`;
  throw new CodedError('source/dirty-tree', `${count} not as committed, and only commits are shipped`, {
    notes: more > 0 ? [...shown, `and ${more} more`] : shown,
    help: 'commit or stash them, or ship HEAD as committed with --allow-dirty',
  });
}

async function requireComplete(root: string): Promise<void> {
  const shallow = await git({ directory: root, args: ['rev-parse', '--is-shallow-repository'] });
  if (shallow !== 'true') return;
  throw new CodedError('source/shallow', 'this is a shallow clone: a part of its history is missing', {
    help: 'fetch the rest with "git fetch --unshallow"',
  });
}

async function defaultBranch(root: string): Promise<string> {
  const read = async (args: string[]) => {
    const output = await runGit({ directory: root, args });
    return output.code === 0 ? output.stdout.toString().trim() : '';
  };
  const remote = await read(['symbolic-ref', '--quiet', '--short', 'refs/remotes/origin/HEAD']);
  if (remote.startsWith('origin/')) return remote.slice('origin/'.length);
  for (const name of [await read(['config', '--get', 'init.defaultBranch']), 'main', 'master']) {
    if (name !== '' && (await read(['show-ref', '--verify', `refs/heads/${name}`])) !== '') return name;
  }
  const current = await read(['symbolic-ref', '--quiet', '--short', 'HEAD']);
  return current === '' ? 'main' : current;
}
