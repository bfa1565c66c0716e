import { statfs } from 'node:fs/promises';

/** Below this share of free disk, people are warned. */
export const littleDiskPercent = 10;
/** A tenth of a large disk is room enough for what a home writes. */
const enoughBytes = 10 * 2 ** 30;

const gibibyte = 2 ** 30;

/** How full the disk of a folder is; null where it cannot be asked. */
async function diskRoom(folder: string): Promise<{ freePercent: number; freeBytes: number } | null> {
  try {
    const { bavail, blocks, bsize } = await statfs(folder);
    // A file system without blocks counts nothing.
    if (blocks === 0) return null;
    return { freePercent: (bavail / blocks) * 100, freeBytes: bavail * bsize };
  } catch {
    return null;
  }
}

/**
 * Warns before the disk of the home is full, since a server that cannot write decides nothing any more.
 *
 * @returns Nothing while there is room.
 */
export async function homeDiskWarnings(
  home: string,
  warnBelow = { percent: littleDiskPercent, bytes: enoughBytes },
): Promise<string[]> {
  const room = await diskRoom(home);
  if (room === null || room.freePercent >= warnBelow.percent || room.freeBytes >= warnBelow.bytes) return [];
  const free = `${room.freePercent.toFixed(1)} % (${(room.freeBytes / gibibyte).toFixed(1)} GiB)`;
  return [
    `only ${free} of the disk of ${home} is free; what takes the space: du -ah ${home} | sort -h | tail -n 20`,
  ];
}
