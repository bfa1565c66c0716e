import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What no living process is still filling. */
const abandonedAfterMs = 6 * 60 * 60 * 1000;

/** Name that half-made entries of a store begin with, until they are renamed to what they are. */
export const stagingPrefix = '.staging-';

/** Removes what processes that were killed left half made. Never throws: tidying may not fail the work. */
export async function removeAbandoned(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  for (const name of names) {
    if (!name.startsWith(stagingPrefix)) continue;
    const path = join(directory, name);
    const stats = await stat(path).catch(() => null);
    if (stats && Date.now() - stats.mtimeMs > abandonedAfterMs) {
      await rm(path, { recursive: true, force: true }).catch(() => {});
    }
  }
}
