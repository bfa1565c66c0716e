import { createReadStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';

/** A file that goes into an archive. */
export interface ZipSource {
  /** Absolute. */
  file: string;
  /** Name in the archive, relative, with `/`. */
  path: string;
  sizeBytes: number;
  executable: boolean;
}

const localMark = 0x04034b50;
const centralMark = 0x02014b50;
const endMark = 0x06054b50;
const wideEndMark = 0x06064b50;
const wideLocatorMark = 0x07064b50;
/** What a 32-bit field says when the value stands in 64 bits elsewhere. */
const wide = 0xffffffff;
/** 1 January 1980, so that the same files make the same archive. */
const date = 0x0021;
const utf8Names = 0x0800;

/**
 * Writes files into a new zip, stored as they are: the archive never leaves this machine. The same files give the same
 * bytes.
 *
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
export async function writeZip(target: string, sources: readonly ZipSource[]): Promise<void> {
  const zip = await open(target, 'wx');
  try {
    const directory: Buffer[] = [];
    let offset = 0;
    for (const source of sources) {
      const crc = await writeFile(zip, offset, source);
      directory.push(centralHeader(source, crc, offset));
      offset += headerSize(source) + source.sizeBytes;
    }
    const central = Buffer.concat(directory);
    await zip.write(central, 0, central.length, offset);
    const end = endRecords(sources.length, central.length, offset);
    await zip.write(end, 0, end.length, offset + central.length);
  } finally {
    await zip.close();
  }
}

function headerSize(source: ZipSource): number {
  return 30 + Buffer.byteLength(source.path) + (source.sizeBytes >= wide ? 20 : 0);
}

/** The data first, since its checksum stands in front of it. */
async function writeFile(zip: FileHandle, offset: number, source: ZipSource): Promise<number> {
  let at = offset + headerSize(source);
  const end = at + source.sizeBytes;
  let crc = 0;
  for await (const chunk of createReadStream(source.file, {
    highWaterMark: 1024 * 1024,
  }) as AsyncIterable<Buffer>) {
    crc = crc32(chunk, crc);
    await zip.write(chunk, 0, chunk.length, at);
    at += chunk.length;
  }
  if (at !== end) throw new Error(`${source.file} changed while it was packed`);
  const header = localHeader(source, crc);
  await zip.write(header, 0, header.length, offset);
  return crc;
}

function localHeader({ path, sizeBytes }: ZipSource, crc: number): Buffer {
  const name = Buffer.from(path);
  const extra = sizeBytes >= wide ? wideExtra([sizeBytes, sizeBytes]) : Buffer.alloc(0);
  const head = Buffer.alloc(30);
  head.writeUInt32LE(localMark, 0);
  head.writeUInt16LE(extra.length > 0 ? 45 : 20, 4);
  head.writeUInt16LE(utf8Names, 6);
  head.writeUInt16LE(date, 12);
  head.writeUInt32LE(crc, 14);
  head.writeUInt32LE(Math.min(sizeBytes, wide), 18);
  head.writeUInt32LE(Math.min(sizeBytes, wide), 22);
  head.writeUInt16LE(name.length, 26);
  head.writeUInt16LE(extra.length, 28);
  return Buffer.concat([head, name, extra]);
}

function centralHeader({ path, sizeBytes, executable }: ZipSource, crc: number, offset: number): Buffer {
  const name = Buffer.from(path);
  const large = [...(sizeBytes >= wide ? [sizeBytes, sizeBytes] : []), ...(offset >= wide ? [offset] : [])];
  const extra = large.length > 0 ? wideExtra(large) : Buffer.alloc(0);
  const head = Buffer.alloc(46);
  head.writeUInt32LE(centralMark, 0);
  // Made on Unix, so that the mode below is read as one.
  head.writeUInt16LE((3 << 8) | 45, 4);
  head.writeUInt16LE(extra.length > 0 ? 45 : 20, 6);
  head.writeUInt16LE(utf8Names, 8);
  head.writeUInt16LE(date, 14);
  head.writeUInt32LE(crc, 16);
  head.writeUInt32LE(Math.min(sizeBytes, wide), 20);
  head.writeUInt32LE(Math.min(sizeBytes, wide), 24);
  head.writeUInt16LE(name.length, 28);
  head.writeUInt16LE(extra.length, 30);
  head.writeUInt32LE(((executable ? 0o100755 : 0o100644) << 16) >>> 0, 38);
  head.writeUInt32LE(Math.min(offset, wide), 42);
  return Buffer.concat([head, name, extra]);
}

function wideExtra(values: number[]): Buffer {
  const extra = Buffer.alloc(4 + values.length * 8);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(values.length * 8, 2);
  values.forEach((value, index) => extra.writeBigUInt64LE(BigInt(value), 4 + index * 8));
  return extra;
}

function endRecords(count: number, size: number, offset: number): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(endMark, 0);
  end.writeUInt16LE(Math.min(count, 0xffff), 8);
  end.writeUInt16LE(Math.min(count, 0xffff), 10);
  end.writeUInt32LE(Math.min(size, wide), 12);
  end.writeUInt32LE(Math.min(offset, wide), 16);
  if (count < 0xffff && offset < wide) return end;
  const wideEnd = Buffer.alloc(56);
  wideEnd.writeUInt32LE(wideEndMark, 0);
  wideEnd.writeBigUInt64LE(44n, 4);
  wideEnd.writeUInt16LE((3 << 8) | 45, 12);
  wideEnd.writeUInt16LE(45, 14);
  for (const [at, value] of [
    [24, count],
    [32, count],
    [40, size],
    [48, offset],
  ] as const)
    wideEnd.writeBigUInt64LE(BigInt(value), at);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(wideLocatorMark, 0);
  locator.writeBigUInt64LE(BigInt(offset + size), 8);
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([wideEnd, locator, end]);
}
