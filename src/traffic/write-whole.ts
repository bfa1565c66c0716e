import { rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Replaces a file so that a crash, or a machine that loses its power, leaves the old one or the new one. Until then its
 * name has a dot in front, which those who read a whole folder pass over.
 */
export async function writeWhole(path: string, text: string): Promise<void> {
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  await writeFile(draft, text, { mode: 0o600, flush: true });
  await rename(draft, path);
}
