import { createHmac } from 'node:crypto';
import { sameText } from './tokens.ts';

/** As on GitHub, where a blob's address is good for an hour at most. */
const lifetimeMs = 60 * 60 * 1000;

/** What a signed address allows. */
export type BlobAccess = 'read' | 'write';

/** Addresses of blobs that are their own permission: for one blob, one way, a while. */
export class SignedUrls {
  readonly #key: Buffer;
  readonly #origin: string;

  constructor(key: Buffer, origin: string) {
    this.#key = key;
    this.#origin = origin;
  }

  /** @param path - Three segments, which the client of Azure reads as account, container and blob. */
  sign(path: string, access: BlobAccess, nowMs: number): string {
    const until = String(nowMs + lifetimeMs);
    const url = new URL(path, this.#origin);
    url.searchParams.set('se', until);
    url.searchParams.set('sp', access);
    url.searchParams.set('sig', this.#signature(url.pathname, access, until));
    return url.href;
  }

  allows(url: URL, access: BlobAccess, nowMs: number): boolean {
    const until = url.searchParams.get('se') ?? '';
    const given = url.searchParams.get('sig') ?? '';
    if (!sameText(given, this.#signature(url.pathname, access, until))) return false;
    return Number(until) > nowMs;
  }

  #signature(path: string, access: BlobAccess, until: string): string {
    return createHmac('sha256', this.#key).update(`${access}\n${until}\n${path}`).digest('base64url');
  }
}
