import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { sep } from 'node:path';
import { glob } from './glob.ts';

/**
 * `hashFiles(…)`: SHA-256 over the digests of the files in the workspace that match, or an empty text when none does.
 *
 * @see https://docs.github.com/actions/reference/evaluate-expressions-in-workflows-and-actions#hashfiles
 */
export function hashFiles(patterns: readonly string[], workspace: string, home: string): string {
  const lines = patterns.flatMap((pattern) => pattern.split('\n'));
  const files = glob(lines, { root: workspace, home }).files.filter((file) =>
    file.startsWith(workspace + sep),
  );
  if (files.length === 0) return '';
  const all = createHash('sha256');
  for (const file of files) all.update(createHash('sha256').update(readFileSync(file)).digest());
  return all.digest('hex');
}
