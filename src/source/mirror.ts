import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CodedError } from '../diagnostics/index.ts';
import { requireRef } from './bundle.ts';
import { changeBetween, type ChangeBetween } from './change.ts';
import { readCommit, requireSha, resolveCommit } from './commit.ts';
import type { CommitInfo } from './commit.ts';
import { git, gitFailed, runGit } from './git.ts';

/** The server's own copy of an app's history: a bare repository. Every method may be repeated, and run at the same time as others. */
export interface Mirror {
  directory: string;
  /**
   * Takes a commit out of a bundle file, and moves `ref` to it. Force-pushed branches follow; what was received
   * stays, because every received commit is kept by a ref of its own.
   *
   * @throws CodedError `source/bundle-unreadable`, `source/bundle-incomplete` or `source/bad-ref`.
   */
  receiveBundle(file: string, ref: string, commit: string): Promise<void>;
  /** Whether the commit is here with all its history. */
  has(commit: string): Promise<boolean>;
  /** Keeps a commit from garbage collection. */
  keep(commit: string): Promise<void>;
  /** Lets garbage collection take a commit that nothing else refers to. */
  forget(commit: string): Promise<void>;
  /** Text of a file of the commit; null when it has no such file. */
  readFile(commit: string, path: string): Promise<string | null>;
  /** Git's id of a file or folder in a commit, which changes with its content; null when there is none. */
  objectId(commit: string, path: string): Promise<string | null>;
  /** Paths of the commit's files under a folder, or all; sorted. */
  listFiles(commit: string, prefix?: string): Promise<string[]>;
  /** Folders of the commit that are submodules; their files are in no export. */
  submodules(commit: string): Promise<string[]>;
  /** Paths that differ between two commits, as GitHub's path filters see a push. Everything when there is no base. */
  changedFiles(base: string | null, commit: string): Promise<string[]>;
  /** What a commit has that another one has not. Throws `source/unknown-revision`. */
  changeBetween(base: string, commit: string): Promise<ChangeBetween>;
  /** Writes the commit's files into a new or empty folder, as a checkout would: modes and symbolic links kept. */
  export(commit: string, directory: string): Promise<void>;
  /** Branches and tags with their commits, for `createBundle`. */
  heads(): Promise<{ ref: string; commit: string }[]>;
  /** Throws `source/unknown-revision`. */
  commitInfo(commit: string): Promise<CommitInfo>;
  /** Full hash of a revision, such as a branch or `<commit>~1`. Throws `source/unknown-revision`. */
  resolve(revision: string): Promise<string>;
}

/** Opens the mirror in a folder, and makes it when it does not exist yet. */
export async function openMirror(directory: string): Promise<Mirror> {
  const exists = await stat(join(directory, 'HEAD')).catch(() => null);
  if (!exists) {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await git({
      directory,
      args: ['init', '--quiet', '--bare', '--template=', '--initial-branch=main', '.'],
    });
  }
  return {
    directory,
    receiveBundle: (file, ref, commit) => receiveBundle({ directory, file, ref, commit }),
    has: (commit) => has(directory, commit),
    keep: async (commit) => {
      requireSha(commit);
      await updateRefs(directory, [`update ${keepRef(commit)} ${commit}`]);
    },
    forget: async (commit) => {
      requireSha(commit);
      await updateRefs(directory, [`delete ${keepRef(commit)}`]);
    },
    readFile: (commit, path) => readFile(directory, commit, path),
    objectId: (commit, path) => objectId(directory, commit, path),
    listFiles: (commit, prefix) => listFiles(directory, commit, prefix ?? ''),
    submodules: (commit) => submodules(directory, commit),
    changedFiles: (base, commit) => changedFiles(directory, base, commit),
    changeBetween: (base, commit) =>
      changeBetween(directory, { base, commit, settings: mirrorSettings(directory) }),
    export: (commit, target) => exportCommit(directory, commit, target),
    heads: () => heads(directory),
    commitInfo: (commit) => readCommit(directory, commit, mirrorSettings(directory)),
    resolve: (revision) => resolveCommit(directory, revision, mirrorSettings(directory)),
  };
}

/** The mirror is ours whoever runs the server, so git's question about its owner is answered. */
const mirrorSettings = (directory: string) => [
  `safe.directory=${directory}`,
  'core.filesRefLockTimeout=10000',
];

const keepRef = (commit: string) => `refs/slipway/commits/${commit}`;

async function mirrorGit(directory: string, args: string[], input = ''): Promise<string> {
  return await git({ directory, args, input, settings: mirrorSettings(directory) });
}

/** Moves refs without asking where they were, so that two receivers wait for each other's lock and none fails. */
async function updateRefs(directory: string, commands: string[]): Promise<void> {
  await mirrorGit(directory, ['update-ref', '--stdin'], `${commands.join('\n')}\n`);
}

interface Received {
  directory: string;
  file: string;
  ref: string;
  commit: string;
}

async function receiveBundle({ directory, file, ref, commit }: Received): Promise<void> {
  requireSha(commit);
  await requireRef(directory, ref);
  // Objects first, refs last: a crash between them leaves only what garbage collection takes away.
  const settings = mirrorSettings(directory);
  const output = await runGit({ directory, args: ['bundle', 'unbundle', file], settings });
  if (output.code !== 0) throw unreadable(output.stderr);
  if (!output.stdout.toString().includes(`${commit} ${ref}\n`)) {
    throw new CodedError('source/bundle-unreadable', `the bundle does not bring commit ${commit} as ${ref}`, {
      help: 'ship again; if it happens again, report it',
    });
  }
  const check = ['rev-list', '--quiet', '--objects', commit, '--not', '--all'];
  if ((await runGit({ directory, args: check, settings })).code !== 0) throw incomplete();
  await updateRefs(directory, [`update ${ref} ${commit}`, `update ${keepRef(commit)} ${commit}`]);
}

function unreadable(stderr: string): CodedError {
  if (stderr.includes('lacks these prerequisite commits')) return incomplete();
  return new CodedError('source/bundle-unreadable', 'the bundle cannot be read: it is damaged or cut short', {
    notes: stderr.split('\n').filter((line) => line !== ''),
    help: 'ship again',
  });
}

function incomplete(): CodedError {
  return new CodedError('source/bundle-incomplete', 'the bundle builds on commits that are not here', {
    help: 'send it again with the whole history',
  });
}

async function has(directory: string, commit: string): Promise<boolean> {
  requireSha(commit);
  const args = ['for-each-ref', '--count=1', '--contains', commit];
  const output = await runGit({ directory, args, settings: mirrorSettings(directory) });
  return output.code === 0 && output.stdout.length > 0;
}

async function readFile(directory: string, commit: string, path: string): Promise<string | null> {
  const said = await askOf(directory, { commit, path, what: '--batch' });
  const headerEnd = said.indexOf('\n');
  const [, type, size] = /^\S+ (\S+) (\d+)$/.exec(said.subarray(0, headerEnd).toString()) ?? [];
  if (type !== 'blob') return null;
  return said.subarray(headerEnd + 1, headerEnd + 1 + Number(size)).toString();
}

async function objectId(directory: string, commit: string, path: string): Promise<string | null> {
  const said = await askOf(directory, { commit, path, what: '--batch-check=%(objectname)' });
  return /^([0-9a-f]{40,64})\n$/.exec(said.toString())?.[1] ?? null;
}

/** What `git cat-file` says of a file or folder in a commit; nothing of a name that its lines cannot hold. */
async function askOf(
  directory: string,
  { commit, path, what }: { commit: string; path: string; what: string },
): Promise<Buffer> {
  requireSha(commit);
  if (path.includes('\n')) return Buffer.alloc(0);
  const args = ['cat-file', what];
  const input = `${commit}:${path}\n`;
  const output = await runGit({ directory, args, input, settings: mirrorSettings(directory) });
  if (output.code !== 0) throw gitFailed(args, output);
  return output.stdout;
}

async function listFiles(directory: string, commit: string, prefix: string): Promise<string[]> {
  requireSha(commit);
  const folder = prefix.replace(/\/+$/, '');
  const paths = folder === '' ? [] : [folder];
  const args = ['ls-tree', '-r', '-z', '--name-only', '--full-tree', commit, '--', ...paths];
  return splitPaths(await mirrorGit(directory, args));
}

async function submodules(directory: string, commit: string): Promise<string[]> {
  requireSha(commit);
  const entries = splitPaths(await mirrorGit(directory, ['ls-tree', '-r', '-z', '--full-tree', commit]));
  return entries
    .filter((entry) => entry.startsWith('160000 '))
    .map((entry) => entry.slice(entry.indexOf('\t') + 1));
}

async function changedFiles(directory: string, base: string | null, commit: string): Promise<string[]> {
  if (base === null) return await listFiles(directory, commit, '');
  await resolveCommit(directory, base, mirrorSettings(directory));
  await resolveCommit(directory, commit, mirrorSettings(directory));
  return splitPaths(
    await mirrorGit(directory, ['diff-tree', '-r', '-z', '--name-only', '--no-renames', base, commit]),
  );
}

function splitPaths(text: string): string[] {
  return text.split('\0').filter((path) => path !== '');
}

/**
 * `git checkout-index` rather than `git archive`: an archive leaves out and rewrites what `.gitattributes` marks
 * `export-ignore` and `export-subst`, and a release holds the files as committed.
 */
async function exportCommit(directory: string, commit: string, target: string): Promise<void> {
  const sha = await resolveCommit(directory, commit, mirrorSettings(directory));
  await mkdir(target, { recursive: true });
  const scratch = await mkdtemp(join(tmpdir(), 'slipway-index-'));
  try {
    const env = { GIT_INDEX_FILE: join(scratch, 'index'), GIT_DIR: directory, GIT_WORK_TREE: target };
    const settings = [...mirrorSettings(directory), 'core.symlinks=true', 'core.autocrlf=false'];
    await git({ directory, args: ['read-tree', sha], env, settings });
    await git({ directory: target, args: ['checkout-index', '--all', '--quiet'], env, settings });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function heads(directory: string): Promise<{ ref: string; commit: string }[]> {
  const args = ['for-each-ref', '--format=%(objecttype) %(objectname) %(refname)', 'refs/heads', 'refs/tags'];
  const text = await mirrorGit(directory, args);
  return text.split('\n').flatMap((line) => {
    const [type, commit, ref] = line.split(' ');
    return type === 'commit' && commit !== undefined && ref !== undefined ? [{ ref, commit }] : [];
  });
}
