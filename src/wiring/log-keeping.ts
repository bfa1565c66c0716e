import { constants } from 'node:fs';
import { copyFile, open, readdir, rename, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { Layout } from './layout.ts';

/** A log that has grown beyond this is put aside, and begins anew. */
const longestLogBytes = 64 * 2 ** 20;
/** A log that nothing has been written to for this long is removed, unless what writes it still runs. */
export const oldestLogMs = 30 * 24 * 3_600_000;
const everyMs = 30_000;

/** What keeping takes. */
interface Parts {
  layout: Pick<Layout, 'home' | 'apps'>;
  /** Log files of what runs now; it throws where that is not known, and then nothing is removed. */
  written: () => Promise<string[]>;
  now: () => number;
  /** Is told what could not be done. */
  onError: (error: unknown) => void;
  longestBytes?: number;
}

/** What one look has done, by path. */
export interface KeptLogs {
  putAside: string[];
  removed: string[];
}

/**
 * Keeps the logs under a home within bounds: each at most twice `longestLogBytes` and what comes between two looks, and
 * none for ever. Processes hold their files open to append, so a file is copied and emptied, never moved: the lines of
 * the moment between the two are lost.
 */
export async function keepLogs(parts: Parts): Promise<KeptLogs> {
  const { layout, now, onError, longestBytes = longestLogBytes } = parts;
  const running = await parts.written().catch(() => null);
  const kept: KeptLogs = { putAside: [], removed: [] };
  for (const path of await logFiles(layout)) {
    try {
      const { size, mtimeMs } = await stat(path);
      const isOld = now() - mtimeMs > oldestLogMs;
      if (isOld && running !== null && !running.includes(path.replace(/\.1$/, ''))) {
        await rm(path, { force: true });
        kept.removed.push(path);
      } else if (size > longestBytes && path.endsWith('.log')) {
        await putAside(path);
        kept.putAside.push(path);
      }
    } catch (error) {
      // One that went away meanwhile needs nothing.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') onError(error);
    }
  }
  return kept;
}

/** Looks again and again until it is stopped. */
export function startKeepingLogs(parts: Parts): () => void {
  let looking = false;
  const look = async () => {
    if (looking) return;
    looking = true;
    await keepLogs(parts).catch(parts.onError);
    looking = false;
  };
  const timer = setInterval(() => void look(), everyMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** The one before goes. On a full disk there is no room for a copy: then the file is only emptied. */
async function putAside(path: string): Promise<void> {
  const draft = `${path}.new`;
  try {
    await copyFile(path, draft, constants.COPYFILE_FICLONE);
    await rename(draft, `${path}.1`);
  } catch (error) {
    await rm(draft, { force: true });
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    await rm(`${path}.1`, { force: true });
    await note(path, 'slipway: the disk was full, so the log before this line is gone\n');
    return;
  }
  await truncate(path, 0);
}

async function note(path: string, line: string): Promise<void> {
  const file = await open(path, 'a');
  try {
    await file.truncate(0);
    await file.write(line);
  } finally {
    await file.close();
  }
}

/** Logs of apps, of builds, and of Slipway's own processes. */
async function logFiles({ home, apps }: Parts['layout']): Promise<string[]> {
  const folders = [join(home, 'logs')];
  for (const app of await names(apps))
    for (const folder of await names(join(apps, app, 'logs'))) folders.push(join(apps, app, 'logs', folder));
  const files = await Promise.all(
    folders.map(async (folder) => (await names(folder)).map((name) => join(folder, name))),
  );
  return files.flat().filter((path) => /\.log(\.1)?$/.test(path));
}

function names(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
