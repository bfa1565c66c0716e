import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import { openPromise, type Entry, type ZipFile as Archive } from 'yauzl';
import { ZipFile } from 'yazl';
import { CodedError } from '../diagnostics/index.ts';

/** A file that goes into an archive. */
export interface ZipSource {
  /** Absolute. */
  file: string;
  /** Name in the archive, relative, with `/`. */
  path: string;
  executable: boolean;
}

/** So that the same files make the same archive. */
const date = new Date('1980-01-01T00:00:00Z');

/** Writes files into a new zip, stored as they are: the archive never leaves this machine. */
export async function writeZip(target: string, sources: readonly ZipSource[]): Promise<void> {
  const zip = new ZipFile();
  const written = pipeline(zip.outputStream, createWriteStream(target, { flags: 'wx' }));
  const failed = new Promise<never>((_, reject) => {
    zip.on('error', reject);
  });
  for (const { file, path, executable } of sources) {
    const mode = executable ? 0o100755 : 0o100644;
    zip.addFile(file, path, { compress: false, mtime: date, mode, forceDosTimestamp: true });
  }
  zip.end();
  await Promise.race([written, failed]);
}

/**
 * Unpacks a zip below a directory. Only plain files come out of it, wherever their entries claim to belong: a name that
 * leads out of the directory, an encrypted entry, a wrong size or checksum is refused. Links become files with the
 * link's text.
 *
 * @throws CodedError `runner/artifact-archive`
 */
export async function unpackZip(archive: string, directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
    const zip = await openPromise(archive, { strictFileNames: true, autoClose: false });
    try {
      for await (const entry of zip.eachEntry()) await unpackEntry(zip, entry, directory);
    } finally {
      zip.close();
    }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOSPC') throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CodedError('runner/artifact-archive', `the archive cannot be unpacked: ${why}`, { cause });
  }
}

async function unpackEntry(zip: Archive, entry: Entry, directory: string): Promise<void> {
  const target = join(directory, entry.fileName);
  if (entry.fileName.endsWith('/')) {
    await mkdir(target, { recursive: true });
    return;
  }
  await mkdir(dirname(target), { recursive: true });
  const onUnix = entry.versionMadeBy >>> 8 === 3;
  const executable = onUnix && ((entry.externalFileAttributes >>> 16) & 0o100) !== 0;
  const into = createWriteStream(target, { mode: executable ? 0o755 : 0o644 });
  await pipeline(await zip.openReadStreamPromise(entry), checked(entry), into);
}

/** Lets bytes through, and fails at the end when they are not those that were packed. */
function checked(entry: Entry): Transform {
  let crc = 0;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      crc = crc32(chunk, crc);
      done(null, chunk);
    },
    flush(done) {
      done(crc === entry.crc32 ? null : new Error(`"${entry.fileName}" has a wrong checksum`));
    },
  });
}
