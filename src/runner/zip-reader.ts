import { createWriteStream } from 'node:fs';
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createInflateRaw } from 'node:zlib';
import { CodedError } from '../diagnostics/index.ts';

interface ZipEntry {
  path: string;
  method: number;
  crc: number;
  packedBytes: number;
  sizeBytes: number;
  headerOffset: number;
  executable: boolean;
}

const wide = 0xffffffff;
const longestEnd = 22 + 0xffff;

/**
 * Unpacks a zip below a directory. Only plain files come out of it, wherever their entries claim to belong: a name that
 * leads out of the directory, an encrypted entry, a wrong size or checksum is refused. Links become files with the
 * link's text.
 *
 * @throws CodedError `runner/artifact-archive`
 */
export async function unpackZip(archive: string, directory: string): Promise<void> {
  const zip = await open(archive, 'r');
  try {
    await mkdir(directory, { recursive: true });
    for (const entry of await readEntries(zip)) {
      if (entry.path.endsWith('/')) await mkdir(join(directory, entry.path), { recursive: true });
      else await unpackEntry(zip, entry, join(directory, entry.path));
    }
  } catch (error) {
    if (error instanceof CodedError || (error as NodeJS.ErrnoException).code === 'ENOSPC') throw error;
    throw broken(error instanceof Error ? error.message : String(error), error);
  } finally {
    await zip.close();
  }
}

function broken(why: string, cause?: unknown): CodedError {
  return new CodedError('runner/artifact-archive', `the archive cannot be unpacked: ${why}`, { cause });
}

async function unpackEntry(zip: FileHandle, entry: ZipEntry, target: string): Promise<void> {
  const head = await readAt(zip, entry.headerOffset, 30);
  if (head.readUInt32LE(0) !== 0x04034b50) throw broken(`no file stands where "${entry.path}" should`);
  const start = entry.headerOffset + 30 + head.readUInt16LE(26) + head.readUInt16LE(28);
  await mkdir(dirname(target), { recursive: true });
  const check = new Check(entry);
  const mode = entry.executable ? 0o755 : 0o644;
  const into = createWriteStream(target, { mode });
  const packed =
    entry.packedBytes === 0
      ? Readable.from([])
      : zip.createReadStream({ start, end: start + entry.packedBytes - 1, autoClose: false });
  if (entry.method === 8) await pipeline(packed, createInflateRaw(), check, into);
  else await pipeline(packed, check, into);
}

/** Lets bytes through while they are what was announced. */
class Check extends Transform {
  readonly #entry: ZipEntry;
  #crc = 0;
  #size = 0;

  constructor(entry: ZipEntry) {
    super();
    this.#entry = entry;
  }

  override _transform(chunk: Buffer, _: string, done: (error: Error | null, chunk?: Buffer) => void): void {
    this.#size += chunk.length;
    this.#crc = crc32(chunk, this.#crc);
    if (this.#size > this.#entry.sizeBytes) done(broken(`"${this.#entry.path}" is larger than it says`));
    else done(null, chunk);
  }

  override _flush(done: (error: Error | null) => void): void {
    const { path, sizeBytes, crc } = this.#entry;
    if (this.#size !== sizeBytes) done(broken(`"${path}" is shorter than it says`));
    else done(this.#crc === crc ? null : broken(`"${path}" has a wrong checksum`));
  }
}

async function readEntries(zip: FileHandle): Promise<ZipEntry[]> {
  const { size } = await zip.stat();
  const { count, offset, length } = await findDirectory(zip, size);
  if (offset + length > size) throw broken('it is cut off');
  const central = await readAt(zip, offset, length);
  const entries: ZipEntry[] = [];
  let at = 0;
  for (let index = 0; index < count; index++) {
    if (central.readUInt32LE(at) !== 0x02014b50) throw broken('its list of files is damaged');
    entries.push(readEntry(central, at));
    at += 46 + central.readUInt16LE(at + 28) + central.readUInt16LE(at + 30) + central.readUInt16LE(at + 32);
  }
  return entries;
}

async function findDirectory(
  zip: FileHandle,
  size: number,
): Promise<{ count: number; offset: number; length: number }> {
  const start = Math.max(0, size - longestEnd);
  const tail = await readAt(zip, start, size - start);
  const end = tail.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (end === -1 || end + 22 > tail.length) throw broken('it is no zip, or cut off');
  const plain = {
    count: tail.readUInt16LE(end + 10),
    length: tail.readUInt32LE(end + 12),
    offset: tail.readUInt32LE(end + 16),
  };
  const locator = end - 20;
  if (locator < 0 || tail.readUInt32LE(locator) !== 0x07064b50) return plain;
  const record = await readAt(zip, Number(tail.readBigUInt64LE(locator + 8)), 56);
  return {
    count: Number(record.readBigUInt64LE(32)),
    length: Number(record.readBigUInt64LE(40)),
    offset: Number(record.readBigUInt64LE(48)),
  };
}

function readEntry(central: Buffer, at: number): ZipEntry {
  const nameLength = central.readUInt16LE(at + 28);
  const extraAt = at + 46 + nameLength;
  const path = central.toString('utf8', at + 46, extraAt);
  checkPath(path);
  const method = central.readUInt16LE(at + 10);
  if ((central.readUInt16LE(at + 8) & 1) === 1) throw broken(`"${path}" is encrypted`);
  if (method !== 0 && method !== 8)
    throw broken(`"${path}" is packed in a way that is not known here (${method})`);
  const onUnix = central.readUInt8(at + 5) === 3;
  const extra = central.subarray(extraAt, extraAt + central.readUInt16LE(at + 30));
  const [sizeBytes = 0, packedBytes = 0, headerOffset = 0] = widened(
    [central.readUInt32LE(at + 24), central.readUInt32LE(at + 20), central.readUInt32LE(at + 42)],
    extra,
  );
  return {
    path,
    method,
    crc: central.readUInt32LE(at + 16),
    sizeBytes,
    packedBytes,
    headerOffset,
    executable: onUnix && ((central.readUInt32LE(at + 38) >>> 16) & 0o100) !== 0,
  };
}

/** Values that did not fit into 32 bits stand in an extra field, in this order. */
function widened(values: number[], extra: Buffer): number[] {
  let field = Buffer.alloc(0);
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) === 1)
      field = Buffer.from(extra.subarray(at + 4, at + 4 + extra.readUInt16LE(at + 2)));
  }
  let at = 0;
  return values.map((value) => {
    if (value !== wide || at + 8 > field.length) return value;
    at += 8;
    return Number(field.readBigUInt64LE(at - 8));
  });
}

function checkPath(path: string): void {
  const segments = path.replace(/\/$/, '').split('/');
  const isSafe = segments.every((segment) => segment !== '' && segment !== '.' && segment !== '..');
  if (!isSafe || path.includes('\0')) throw broken(`the name "${path}" leads out of it`);
}

async function readAt(zip: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await zip.read(buffer, 0, length, position);
  if (bytesRead < length) throw broken('it is cut off');
  return buffer;
}
