import type { Finding, Result } from '../diagnostics/index.ts';
import { WorkflowFile } from './file.ts';

/** A file larger than this is neither workflow nor action; GitHub's own limit is about half a megabyte. */
const longestFile = 1_000_000;

/**
 * Reads one YAML file with a reader of its root.
 *
 * @param read - Called unless the text is no YAML; what it finds wrong it reports to the file, and may return nothing.
 * @returns Every mistake in the order of the lines; never throws.
 */
export function readFile<T>(
  text: string,
  path: string,
  read: (file: WorkflowFile) => T | undefined,
): Result<T> {
  const file = new WorkflowFile(text.length > longestFile ? '' : text, path);
  if (text.length > longestFile) {
    const help = 'split it';
    file.error('too-large', `the file is longer than ${longestFile} characters`, file.start, { help });
    return { ok: false, findings: file.findings };
  }
  const value = file.findings.length > 0 ? undefined : read(file);
  const findings = inOrder(file.findings);
  const errors = findings.some(({ severity }) => severity === 'error');
  return errors || value === undefined ? { ok: false, findings } : { ok: true, value, warnings: findings };
}

/** By line and column; the same mistake at the same place (an alias read twice) is said once. */
function inOrder(findings: Finding[]): Finding[] {
  const unique = new Map(
    findings.map((finding) => [`${placeOf(finding)} ${finding.code} ${finding.message}`, finding]),
  );
  return [...unique.values()].sort((a, b) => placeOf(a) - placeOf(b));
}

/** A number that orders findings by line and column. */
export function placeOf({ at }: Finding): number {
  return at ? at.start.line * 10_000 + at.start.column : 0;
}
