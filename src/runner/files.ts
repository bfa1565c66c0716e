import { closeSync, fsyncSync, openSync, renameSync, writeFileSync, writeSync } from 'node:fs';

/**
 * Replaces a file as a whole: a reader sees the old text or the new, never half of either.
 *
 * @param options.durable - Also waits for the disk, so that a power cut does not take it back.
 */
export function writeAtomically(
  path: string,
  text: string,
  options: { mode?: number; durable?: boolean } = {},
): void {
  const temporary = `${path}.${process.pid}.new`;
  const mode = options.mode ?? 0o644;
  if (options.durable) {
    const descriptor = openSync(temporary, 'w', mode);
    writeSync(descriptor, text);
    fsyncSync(descriptor);
    closeSync(descriptor);
  } else writeFileSync(temporary, text, { mode });
  renameSync(temporary, path);
}
