import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { sep } from 'node:path';
import { CodedError } from '../diagnostics/index.ts';
import { glob } from './glob.ts';

/** GitHub's limit. */
const limitMs = 120_000;
const followFlag = '--follow-symbolic-links';
const chunkBytes = 1024 * 1024;

/**
 * `hashFiles(…)`: SHA-256 over the digests of the files in the workspace that match, or an empty text when none does.
 * Links to directories are followed only where the first pattern is `--follow-symbolic-links`.
 *
 * @throws CodedError `runner/hash-files` when it takes longer than two minutes
 * @see https://docs.github.com/actions/reference/evaluate-expressions-in-workflows-and-actions#hashfiles
 */
export function hashFiles(patterns: readonly string[], workspace: string, home: string): string {
  const endMs = performance.now() + limitMs;
  const followLinks = patterns[0]?.trim().toLowerCase() === followFlag;
  const lines = patterns.slice(followLinks ? 1 : 0).flatMap((pattern) => pattern.split('\n'));
  const found = glob(lines, { root: workspace, home, followLinks }).files;
  const files = found.filter((file) => file.startsWith(workspace + sep));
  if (files.length === 0) return '';
  const all = createHash('sha256');
  for (const file of files) all.update(digestOf(file, endMs));
  return all.digest('hex');
}

/** Piece by piece, since what is hashed may be larger than memory. */
function digestOf(path: string, endMs: number): Buffer {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(chunkBytes);
  const file = openSync(path, 'r');
  try {
    for (let size = readSync(file, buffer); size > 0; size = readSync(file, buffer)) {
      hash.update(buffer.subarray(0, size));
      if (performance.now() > endMs) throw tooLong();
    }
  } finally {
    closeSync(file);
  }
  return hash.digest();
}

function tooLong(): CodedError {
  return new CodedError('runner/hash-files', `hashFiles took longer than ${limitMs / 1000} seconds`, {
    help: 'name the files that matter, such as the lock files, instead of whole directories',
  });
}
