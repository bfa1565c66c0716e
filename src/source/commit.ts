import { CodedError } from '../diagnostics/index.ts';
import { runGit } from './git.ts';

/** One commit. */
export interface CommitInfo {
  /** Full hash. */
  sha: string;
  /** Whole message, without the final newline. */
  message: string;
  author: string;
  authorEmail: string;
  /** When it was committed, by the committer's clock. */
  committedAtMs: number;
  parents: string[];
}

const fields = ['%H', '%P', '%an', '%ae', '%ct', '%B'].join('%x00');

/**
 * Finds the full hash of a revision, such as `HEAD~2` or a tag.
 *
 * @param settings - Git settings for this command, as `key=value`.
 * @throws CodedError `source/unknown-revision`.
 */
export async function resolveCommit(
  directory: string,
  revision: string,
  settings: string[] = [],
): Promise<string> {
  if (revision === '' || revision.startsWith('-')) throw unknownRevision(revision);
  const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`];
  const output = await runGit({ directory, args, settings });
  const sha = output.stdout.toString().trim();
  if (output.code !== 0 || !isSha(sha)) throw unknownRevision(revision);
  return sha;
}

/**
 * Reads one commit.
 *
 * @throws CodedError `source/unknown-revision`.
 */
export async function readCommit(
  directory: string,
  sha: string,
  settings: string[] = [],
): Promise<CommitInfo> {
  requireSha(sha);
  const args = [
    'show',
    '--no-patch',
    '--no-show-signature',
    '--encoding=UTF-8',
    `--format=${fields}`,
    sha,
    '--',
  ];
  const output = await runGit({ directory, args, settings });
  if (output.code !== 0) throw unknownRevision(sha);
  const [found = '', parents = '', author = '', authorEmail = '', seconds = '', message = ''] = output.stdout
    .toString()
    .split('\0');
  return {
    sha: found,
    message: message.trimEnd(),
    author,
    authorEmail,
    committedAtMs: Number(seconds) * 1000,
    parents: parents.split(' ').filter((parent) => parent !== ''),
  };
}

/** Whether the text is a full commit hash, SHA-1 or SHA-256. */
export function isSha(text: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}

/** Refuses whatever is not a full hash before it reaches a command line. */
export function requireSha(text: string): void {
  if (!isSha(text)) throw unknownRevision(text);
}

function unknownRevision(revision: string): CodedError {
  return new CodedError('source/unknown-revision', `"${revision}" names no commit of this repository`, {
    help: '"git log --oneline --all" lists the commits that exist',
  });
}
