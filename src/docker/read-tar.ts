import { posix } from 'node:path';
import { CodedError } from '../diagnostics/index.ts';

/** A file, folder or link of an archive. */
export interface TarMember {
  /** Relative, without `./` before and `/` behind it. */
  path: string;
  sizeBytes: number;
  /** What a link names, as it is written there; null for anything else. */
  linkTo: string | null;
}

/** A piece of an archive as it came: all pieces in their order are the archive. */
export interface TarPiece {
  /** What it belongs to; null for the end of the archive. */
  member: TarMember | null;
  /** Whether it is of what the member holds, not of what is written around it. */
  isContent: boolean;
  bytes: Buffer;
}

const blockBytes = 512;
const longestExtensionBytes = 1024 ** 2;

/**
 * Tells what an archive consists of while it passes by; holds no more of it than a piece at a time. Knows `ustar`, pax
 * and GNU's long names. Throws `docker/engine-failed` when it ends too soon or is none.
 *
 * @see POSIX.1-1988, pax: "pax Interchange Format"
 */
export async function* readTar(archive: AsyncIterable<Uint8Array>): AsyncGenerator<TarPiece> {
  const source = new Source(archive);
  try {
    for (;;) {
      const { heads, member } = await readHeads(source);
      yield { member, isContent: false, bytes: heads };
      if (member === null) break;
      yield* contentOf(source, member);
    }
    for (let rest = await source.some(); rest !== null; rest = await source.some())
      yield { member: null, isContent: false, bytes: rest };
  } finally {
    await source.close();
  }
}

async function* contentOf(source: Source, member: TarMember): AsyncGenerator<TarPiece> {
  for (let left = member.sizeBytes; left > 0;) {
    const bytes = await source.some(left);
    if (bytes === null) throw broken('it ends too soon');
    left -= bytes.length;
    yield { member, isContent: true, bytes };
  }
  const padding = paddingBytes(member.sizeBytes);
  if (padding > 0) yield { member, isContent: false, bytes: await source.exactly(padding) };
}

/** Everything up to the content of the next member, and what it says; no member where the archive ends. */
async function readHeads(source: Source): Promise<{ heads: Buffer; member: TarMember | null }> {
  const heads: Buffer[] = [];
  const said: Extension = {};
  for (;;) {
    const head = await source.exactly(blockBytes);
    heads.push(head);
    if (head.every((byte) => byte === 0)) return { heads: Buffer.concat(heads), member: null };
    if (head.toString('latin1', 257, 262) !== 'ustar') throw broken('it is no tar');
    const type = String.fromCharCode(head[156] ?? 0);
    if (!'xgLK'.includes(type)) return { heads: Buffer.concat(heads), member: memberOf(head, type, said) };
    const sizeBytes = numberAt(head, 124, 12);
    if (sizeBytes > longestExtensionBytes) throw broken('a header in it is too long');
    const text = await source.exactly(sizeBytes + paddingBytes(sizeBytes));
    heads.push(text);
    Object.assign(said, extensionOf(type, text.subarray(0, sizeBytes)));
  }
}

/** What headers before a member's own say of it, because there is no room there. */
interface Extension {
  path?: string;
  linkpath?: string;
  size?: string;
}

function extensionOf(type: string, text: Buffer): Extension {
  if (type === 'L') return { path: textAt(text, 0, text.length) };
  if (type === 'K') return { linkpath: textAt(text, 0, text.length) };
  return type === 'x' ? Object.fromEntries(paxRecords(text)) : {};
}

/** `LENGTH KEY=VALUE\n`, where the length counts itself. */
function paxRecords(text: Buffer): [string, string][] {
  const records: [string, string][] = [];
  for (let at = 0; at < text.length;) {
    const lengthBytes = Number.parseInt(text.toString('latin1', at, at + 12), 10);
    if (!(lengthBytes > 0)) throw broken('a header in it cannot be read');
    const record = text.toString('utf8', at, at + lengthBytes - 1).replace(/^\d+ /, '');
    const equals = record.indexOf('=');
    records.push([record.slice(0, equals), record.slice(equals + 1)]);
    at += lengthBytes;
  }
  return records;
}

function memberOf(head: Buffer, type: string, said: Extension): TarMember {
  const prefix = head[262] === 0 ? textAt(head, 345, 155) : '';
  const path = said.path ?? posix.join(prefix, textAt(head, 0, 100));
  const size = said.size === undefined ? numberAt(head, 124, 12) : Number(said.size);
  if (!Number.isSafeInteger(size) || size < 0) throw broken('a size in it cannot be read');
  return {
    path: posix.normalize(path).replace(/\/$/, ''),
    // Links, devices and folders hold nothing, whatever the header says.
    sizeBytes: '123456'.includes(type) ? 0 : size,
    linkTo: '12'.includes(type) ? (said.linkpath ?? textAt(head, 157, 100)) : null,
  };
}

function textAt(block: Buffer, start: number, lengthBytes: number): string {
  const text = block.subarray(start, start + lengthBytes);
  const end = text.indexOf(0);
  return text.toString('utf8', 0, end === -1 ? text.length : end);
}

/** Octal digits; what is too large for them is written in bytes, with the first bit set. */
function numberAt(block: Buffer, start: number, lengthBytes: number): number {
  const first = block[start] ?? 0;
  if (first < 128) return Number.parseInt(textAt(block, start, lengthBytes).trim() || '0', 8);
  return block
    .subarray(start + 1, start + lengthBytes)
    .reduce((value, byte) => value * 256 + byte, first - 128);
}

function paddingBytes(sizeBytes: number): number {
  return (blockBytes - (sizeBytes % blockBytes)) % blockBytes;
}

function broken(why: string): CodedError {
  return new CodedError('docker/engine-failed', `the archive of images is broken: ${why}`, {
    help: 'look at the log of the engine that it comes from: journalctl -u docker',
  });
}

/** Bytes as they are asked for, out of chunks as they come. */
class Source {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(archive: AsyncIterable<Uint8Array>) {
    this.#chunks = archive[Symbol.asyncIterator]();
  }

  /** What is there next; null at the end. */
  async some(limitBytes = Infinity): Promise<Buffer | null> {
    while (this.#rest.length === 0) {
      const next = await this.#chunks.next();
      if (next.done) return null;
      this.#rest = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
    }
    const bytes = this.#rest.subarray(0, limitBytes);
    this.#rest = this.#rest.subarray(bytes.length);
    return bytes;
  }

  async exactly(lengthBytes: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let left = lengthBytes; left > 0;) {
      const part = await this.some(left);
      if (part === null) throw broken('it ends too soon');
      parts.push(part);
      left -= part.length;
    }
    return Buffer.concat(parts);
  }

  /** Lets go of what they come from. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}
