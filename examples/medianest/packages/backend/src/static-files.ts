import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { ApiRequest, Reply } from './http.ts';

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The front end, read once: it is small, and a release never changes on disk. */
export class StaticFiles {
  readonly #files = new Map<string, { body: Buffer; type: string; etag: string }>();

  constructor(folder: string) {
    if (!existsSync(folder)) return;
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      const type = types[path.extname(name)];
      if (type === undefined) continue;
      const body = readFileSync(path.join(folder, name));
      const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
      this.#files.set(`/${name.split(path.sep).join('/')}`, { body, type, etag });
    }
  }

  /** Null when there is no such file. */
  reply(request: ApiRequest): Reply | null {
    const file = this.#files.get(request.path === '/' ? '/index.html' : request.path);
    if (!file) return null;
    // Asked for again each time, so that a page never mixes two releases for long.
    const headers = { 'content-type': file.type, etag: file.etag, 'cache-control': 'no-cache' };
    if (request.headers['if-none-match'] === file.etag) return { status: 304, headers, body: '' };
    return { status: 200, headers, body: file.body };
  }
}
