import { open } from 'node:fs/promises';
import { CodedError } from '../diagnostics/index.ts';
import { requireSha } from './commit.ts';
import { git, gitFailed, runGit } from './git.ts';
import type { Repository } from './repository.ts';

interface BundleRequest {
  repository: Repository;
  commit: string;
  /** Full name that the commit gets on the other side: `refs/heads/main`. */
  ref: string;
  /** Commits that the other side has, from `Mirror.heads`; those unknown here are ignored. */
  haveCommits: string[];
  outFile: string;
}

/**
 * Writes a git bundle with the commit and what the other side lacks of its history.
 *
 * The header is written here and the pack by `git pack-objects`, because `git bundle create` takes only refs
 * and making one would write into the user's repository.
 *
 * @see https://git-scm.com/docs/gitformat-bundle
 * @throws CodedError `source/shallow`, `source/unknown-revision`, `source/bad-ref` or `source/git-failed`.
 */
export async function createBundle(request: BundleRequest): Promise<{ sizeBytes: number }> {
  const { repository, commit, ref } = request;
  const directory = repository.root;
  requireSha(commit);
  await requireRef(directory, ref);
  await repository.requireComplete();
  await repository.commitInfo(commit);
  const known = await commitsPresent(directory, request.haveCommits);
  const file = await open(request.outFile, 'w', 0o600);
  try {
    await file.write(header({ commit, ref, known }));
    const args = ['pack-objects', '--stdout', '--revs', '--thin', '--delta-base-offset', '-q'];
    const input = [commit, ...known.map((have) => `^${have}`), ''].join('\n');
    const output = await runGit({ directory, args, input, outputTo: file.fd });
    if (output.code !== 0) throw gitFailed(args, output);
    return { sizeBytes: (await file.stat()).size };
  } finally {
    await file.close();
  }
}

/** Refuses a name that is not a full, well-formed branch or tag. */
export async function requireRef(directory: string, ref: string): Promise<void> {
  const wellFormed = /^refs\/(?:heads|tags)\/./.test(ref) && !ref.includes('\n');
  if (wellFormed && (await runGit({ directory, args: ['check-ref-format', ref] })).code === 0) return;
  throw new CodedError('source/bad-ref', `"${ref}" is not the full name of a branch or tag`, {
    help: 'write it like this: refs/heads/main',
  });
}

function header({ commit, ref, known }: { commit: string; ref: string; known: string[] }): string {
  const version = commit.length === 64 ? ['# v3 git bundle', '@object-format=sha256'] : ['# v2 git bundle'];
  return [...version, ...known.map((have) => `-${have}`), `${commit} ${ref}`, '', ''].join('\n');
}

async function commitsPresent(directory: string, commits: string[]): Promise<string[]> {
  for (const commit of commits) requireSha(commit);
  if (commits.length === 0) return [];
  const args = ['cat-file', '--batch-check=%(objectname) %(objecttype)'];
  const text = await git({ directory, args, input: `${[...new Set(commits)].join('\n')}\n` });
  return text
    .split('\n')
    .flatMap((line) => (line.endsWith(' commit') ? [line.slice(0, -' commit'.length)] : []));
}
