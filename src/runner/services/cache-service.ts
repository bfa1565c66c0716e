import { findCache, publishCache, type FoundCache } from '../cache-store.ts';
import { readableRefs, writableRef } from '../cache-scope.ts';
import { checkContent } from './artifact-service.ts';
import { RequestProblem, textField, textList } from './http.ts';
import type { ServiceParts, TwirpMethods } from './parts.ts';

type Body = Record<string, unknown>;

/** GitHub's words. */
const taken = 'cache entry with the same key, version, and scope already exists';
const longestKey = 512;

/** `github.actions.results.api.v1.CacheService`: the caches of the app, the built-in actions' as well. */
export class CacheService {
  readonly name = 'github.actions.results.api.v1.CacheService';
  readonly methods: TwirpMethods = {
    CreateCacheEntry: (body) => this.#create(body),
    FinalizeCacheEntryUpload: (body) => this.#finalize(body),
    GetCacheEntryDownloadURL: (body) => this.#download(body),
  };
  readonly #parts: ServiceParts;

  constructor(parts: ServiceParts) {
    this.#parts = parts;
  }

  get #directory(): string {
    return this.#parts.spec.directories.cache;
  }

  async #create(body: Body): Promise<object> {
    const { blobs, urls, spec } = this.#parts;
    const { key, version } = entryOf(body);
    const refs = [writableRef(spec)];
    const found = await findCache(this.#directory, { refs, versions: [version], key, restoreKeys: [] });
    if (found?.key === key) throw new RequestProblem('already_exists', taken);
    const path = uploadPath(body);
    await blobs.expect(path, this.#directory);
    return { ok: true, signed_upload_url: urls.sign(path, 'write', Date.now()), message: '' };
  }

  async #finalize(body: Body): Promise<object> {
    const { blobs, spec } = this.#parts;
    const path = uploadPath(body);
    const blob = blobs.finished(path);
    if (!blob) throw new RequestProblem('not_found', 'no upload of this cache entry is complete');
    checkContent(blob, textField(body, 'size_bytes'), undefined);
    const { path: archive, sizeBytes } = blob;
    const entry = { ...entryOf(body), ref: writableRef(spec), archive, sizeBytes };
    const stored = await publishCache(this.#directory, entry);
    await blobs.drop(path);
    if (stored.kind === 'taken') throw new RequestProblem('already_exists', taken);
    if (stored.kind === 'stored') return { ok: true, entry_id: String(stored.id), message: '' };
    return { ok: false, entry_id: '0', message: `Cache size of ${sizeBytes} bytes is over the limit` };
  }

  async #download(body: Body): Promise<object> {
    const { key, version } = entryOf(body);
    const restoreKeys = textList(body, 'restore_keys');
    const query = { refs: await readableRefs(this.#parts.spec), versions: [version], key, restoreKeys };
    const found = await findCache(this.#directory, query);
    if (!found) return { ok: false, signed_download_url: '', matched_key: '' };
    return { ok: true, signed_download_url: await this.#publish(found), matched_key: found.key };
  }

  async #publish(found: FoundCache): Promise<string> {
    const address = `/slipway/caches/${found.id}`;
    const contentType = 'application/octet-stream';
    this.#parts.blobs.publish(address, { path: found.archive, contentType, fileName: 'cache' });
    return this.#parts.urls.sign(address, 'read', Date.now());
  }
}

function entryOf(body: Body): { key: string; version: string } {
  const key = textField(body, 'key');
  if (key.length > longestKey || key.includes(','))
    throw new RequestProblem('invalid_argument', `a key has at most ${longestKey} characters and no comma`);
  return { key, version: textField(body, 'version') };
}

function uploadPath(body: Body): string {
  const { key, version } = entryOf(body);
  return `/slipway/uploads/cache-${encodeURIComponent(version)}-${encodeURIComponent(key)}`;
}
