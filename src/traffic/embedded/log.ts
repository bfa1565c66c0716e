import { writeSync } from 'node:fs';

/** Writes one JSON line to stderr, which the supervisor points at a file; a lost line never stops the router. */
export function log(
  level: 'info' | 'warn' | 'error',
  event: string,
  facts: Record<string, unknown> = {},
): void {
  try {
    writeSync(
      2,
      `${JSON.stringify({ at: new Date().toISOString(), level, event, pid: process.pid, ...facts })}\n`,
    );
  } catch {
    // A full disk must not take traffic down.
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
