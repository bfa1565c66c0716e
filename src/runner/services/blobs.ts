import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, open, rm, stat, type FileHandle } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { stagingPrefix } from '../abandoned.ts';
import { RequestProblem, readText } from './http.ts';

/** GitHub's limit for the caches of a repository, and more than an artifact may be. */
export const largestBlobBytes = 10 * 1024 ** 3;

const largestListBytes = 8 * 1024 * 1024;

/** A blob that is being written: nothing of it counts until its service finalizes it. */
interface Upload {
  /** Made beside where the blob will lie, so that it can be renamed into its place. */
  directory: string;
  /** Set once all of it is there. */
  complete: FinishedBlob | null;
  sizeBytes: number;
}

/** A blob that is complete. */
export interface FinishedBlob {
  path: string;
  sizeBytes: number;
  sha256: string;
}

/** A blob that may be read. */
export interface PublishedBlob {
  path: string;
  contentType: string;
  fileName: string;
}

/**
 * The blobs that the job's addresses lead to, with the part of Azure's protocol that the toolkits speak: blocks and lists
 * of blocks, plain uploads, ranges. Which file an address means is decided here, never by the request.
 */
export class BlobStore {
  readonly #uploads = new Map<string, Upload>();
  readonly #published = new Map<string, PublishedBlob>();

  /** Makes room for a new blob; an unfinished one at the same address is dropped. */
  async expect(path: string, storeDirectory: string): Promise<void> {
    await this.drop(path);
    await mkdir(storeDirectory, { recursive: true });
    const directory = await mkdtemp(join(storeDirectory, stagingPrefix));
    this.#uploads.set(path, { directory, complete: null, sizeBytes: 0 });
  }

  /** The blob at an address, once all of it has come. */
  finished(path: string): FinishedBlob | null {
    return this.#uploads.get(path)?.complete ?? null;
  }

  async drop(path: string): Promise<void> {
    const upload = this.#uploads.get(path);
    this.#uploads.delete(path);
    if (upload) await rm(upload.directory, { recursive: true, force: true });
  }

  async clear(): Promise<void> {
    for (const path of this.#uploads.keys()) await this.drop(path);
  }

  publish(path: string, blob: PublishedBlob): void {
    this.#published.set(path, blob);
  }

  async receive(url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const upload = this.#uploads.get(url.pathname);
    if (!upload || request.method !== 'PUT')
      throw new RequestProblem('not_found', 'nothing is to be uploaded here');
    switch (url.searchParams.get('comp')) {
      case 'block':
        await this.#receiveBlock(upload, url.searchParams.get('blockid') ?? '', request);
        break;
      case 'blocklist':
        upload.complete = await joinBlocks(upload, await readText(request, largestListBytes));
        break;
      case null:
        upload.complete = await writeParts(join(upload.directory, 'blob'), [request]);
        break;
      default:
        throw new RequestProblem(
          'invalid_argument',
          'only blocks, lists of blocks and whole blobs are taken',
        );
    }
    response.writeHead(201, { 'content-length': 0, etag: `"${upload.complete?.sha256 ?? 'block'}"` }).end();
  }

  async #receiveBlock(upload: Upload, id: string, request: IncomingMessage): Promise<void> {
    const { sizeBytes } = await writeParts(blockFile(upload, id), [request]);
    upload.sizeBytes += sizeBytes;
    if (upload.sizeBytes > largestBlobBytes) throw tooLarge();
  }

  async send(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const blob = this.#published.get(path);
    const stats = blob && (await stat(blob.path).catch(() => null));
    if (!blob || !stats) throw new RequestProblem('not_found', 'there is no such blob');
    const asked = request.headers['x-ms-range'] ?? request.headers.range;
    const range = parseRange(typeof asked === 'string' ? asked : undefined, stats.size);
    const { start, end } = range ?? { start: 0, end: stats.size - 1 };
    const headers = {
      'content-type': blob.contentType,
      'content-length': end - start + 1,
      'accept-ranges': 'bytes',
      'last-modified': stats.mtime.toUTCString(),
      etag: `"${stats.mtimeMs.toString(36)}-${stats.size.toString(36)}"`,
      'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(blob.fileName)}`,
      'x-ms-blob-type': 'BlockBlob',
    };
    if (range)
      response.writeHead(206, { ...headers, 'content-range': `bytes ${start}-${end}/${stats.size}` });
    else response.writeHead(200, headers);
    if (request.method === 'HEAD' || end < start) response.end();
    else await pipeline(createReadStream(blob.path, { start, end, highWaterMark: 1024 * 1024 }), response);
  }
}

function tooLarge(): RequestProblem {
  return new RequestProblem('resource_exhausted', `a blob may have ${largestBlobBytes} bytes at most`);
}

/** The id is the client's, so it never becomes a file's name as it is. */
function blockFile(upload: Upload, id: string): string {
  return join(upload.directory, `block-${createHash('sha256').update(id).digest('hex')}`);
}

async function joinBlocks(upload: Upload, list: string): Promise<FinishedBlob> {
  const ids = [...list.matchAll(/<(?:Latest|Committed|Uncommitted)>([^<]*)<\//g)].map(([, id = '']) => id);
  const files = ids.map((id) => blockFile(upload, id));
  for (const file of files) {
    if (!(await stat(file).catch(() => null)))
      throw new RequestProblem('invalid_argument', 'the list names a block that was not uploaded');
  }
  const parts = files.map((file) => createReadStream(file, { highWaterMark: 1024 * 1024 }));
  const blob = await writeParts(join(upload.directory, 'blob'), parts);
  for (const file of files) await rm(file, { force: true });
  return blob;
}

/** Writes what comes, one after another, and hashes it on the way. */
async function writeParts(path: string, parts: AsyncIterable<Buffer>[]): Promise<FinishedBlob> {
  const file = await open(path, 'w');
  const hash = createHash('sha256');
  let sizeBytes = 0;
  try {
    for (const part of parts) sizeBytes += await append(file, hash, part, largestBlobBytes - sizeBytes);
  } finally {
    await file.close();
  }
  return { path, sizeBytes, sha256: hash.digest('hex') };
}

async function append(
  file: FileHandle,
  hash: Hash,
  part: AsyncIterable<Buffer>,
  roomBytes: number,
): Promise<number> {
  let sizeBytes = 0;
  for await (const chunk of part) {
    sizeBytes += chunk.length;
    if (sizeBytes > roomBytes) throw tooLarge();
    hash.update(chunk);
    await file.appendFile(chunk);
  }
  return sizeBytes;
}

/** `bytes=a-b`; any other range is served as the whole, which HTTP allows. */
function parseRange(text: string | undefined, size: number): { start: number; end: number } | null {
  const match = /^bytes=(\d+)-(\d*)$/.exec(text ?? '');
  if (!match) return null;
  const start = Number(match[1]);
  const end = Math.min(match[2] === '' ? size - 1 : Number(match[2]), size - 1);
  return start <= end ? { start, end } : null;
}
