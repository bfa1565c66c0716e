import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { shortHash } from './paths.ts';

/*
 * A one-shot runs under a small shell that writes down that it began and how it ended, so that both are known even
 * when no supervisor was there to see it. `set -C` makes "began" exclusive: however often a supervisor dies between
 * starting it and remembering that, the command itself runs at most once.
 * The traps let the shell outlive a SIGTERM to the group until the command has ended; commands get the default back.
 */
const shell = `record=$1; shift
( set -C; : > "$record.began" ) || exit 75
trap : TERM INT HUP
"$@"
code=$?
printf '%s\\n' "$code" > "$record.draft" && PATH=/usr/bin:/bin mv -f "$record.draft" "$record.exit"
exit "$code"`;

/** What is known of a one-shot from its files. A code above 128 is 128 + the signal, as shells say it. */
export type OneShotRecord = 'not-begun' | 'began' | { exitCode: number };

/** The command line that runs a one-shot with its records. */
export function oneShotCommand(folder: string, id: string, argv: readonly string[]): string[] {
  return ['/bin/sh', '-c', shell, 'slipway-one-shot', recordPath(folder, id), ...argv];
}

/** Reads how far a one-shot came. */
export function readOneShot(folder: string, id: string): OneShotRecord {
  const path = recordPath(folder, id);
  try {
    return { exitCode: Number(readFileSync(`${path}.exit`, 'utf8')) };
  } catch {
    return existsSync(`${path}.began`) ? 'began' : 'not-begun';
  }
}

/** Forgets earlier runs under this id. */
export function clearOneShot(folder: string, id: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const suffix of ['.exit', '.began', '.draft']) {
    rmSync(recordPath(folder, id) + suffix, { force: true });
  }
}

function recordPath(folder: string, id: string): string {
  return join(folder, shortHash(id));
}
