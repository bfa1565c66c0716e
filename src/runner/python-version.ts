import { coerce, maxSatisfying, rcompare, validRange } from 'semver';
import { CodedError } from '../diagnostics/index.ts';

/** A Python of this machine. */
export interface Python {
  /** As it tells it, such as `3.13.1` or `3.14.0rc2`. */
  version: string;
  /** Absolute. */
  path: string;
}

/**
 * Reads what `python-version` says as a range: `3.12`, `3.x`, `>=3.9 <3.13`, `3.13-dev`, `~=3.10`; commas as in Python's
 * own files mean "and".
 *
 * @throws CodedError `runner/python-version`
 */
export function pythonRange(text: string): string {
  const plain = text
    .trim()
    .replace(/^python-?/i, '')
    .replaceAll(/\s*,\s*/g, ' ')
    .replaceAll(/~=\s*(\d+)\.(\d+)(?=\s|$)/g, '>=$1.$2 <$1.99999')
    .replaceAll('~=', '~')
    .replaceAll('==', '')
    .replace(/-dev$/, '')
    .replace(/\.\*$/, '.x');
  if (plain !== '' && validRange(plain) !== null) return plain;
  throw new CodedError('runner/python-version', `"${text}" is no version of Python`, {
    help: 'write it like `3.13`, `3.13.1` or `>=3.10`',
  });
}

/** The newest that fits; release candidates only where they are asked for. */
export function newestPython(found: readonly Python[], range: string, prereleases: boolean): Python | null {
  const byVersion = new Map(found.map((python) => [comparable(python.version), python]));
  const versions = [...byVersion.keys()].sort(rcompare);
  const best = maxSatisfying(versions, range, { includePrerelease: prereleases });
  return (best !== null && byVersion.get(best)) || null;
}

/** `3.14.0rc2` is `3.14.0-rc.2` to semver. */
function comparable(version: string): string {
  const match = /^(\d+\.\d+\.\d+)(a|b|rc)(\d+)/.exec(version);
  return match ? `${match[1]}-${match[2]}.${match[3]}` : (coerce(version)?.version ?? version);
}
