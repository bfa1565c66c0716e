import {
  mediaKinds,
  type MediaKind,
  validateNewMedia,
  validateStars,
  version,
} from '@medianest/shared';
import type { Config } from './config.ts';
import { type ApiRequest, HttpError, jsonReply, type Reply } from './http.ts';
import type { MediaStore } from './media-store.ts';
import type { PosterQueue } from './poster-queue.ts';
import type { Readiness } from './readiness.ts';

export interface Services {
  config: Config;
  media: MediaStore;
  posters: PosterQueue;
  readiness: Readiness;
}

type Handler = (request: ApiRequest, id: string) => Promise<Reply>;

/** `:id` stands for one path segment. */
export interface Route {
  method: 'GET' | 'POST';
  path: string;
  handle: Handler;
}

export function apiRoutes({ config, media, posters, readiness }: Services): Route[] {
  const { library, revision, commit } = config;
  const get = (path: string, handle: Handler): Route => ({ method: 'GET', path, handle });
  const post = (path: string, handle: Handler): Route => ({ method: 'POST', path, handle });
  return [
    get('/health', async () => jsonReply(200, { status: 'alive' })),
    get('/ready', async () => readyReply(await readiness.check())),
    get('/version', async () => jsonReply(200, { version, library, revision, commit })),
    get('/api/media', async ({ query }) => jsonReply(200, await media.search(toQuery(query)))),
    post('/api/media', async (request) => {
      const input = validateNewMedia(await request.json());
      if (!input.ok) throw new HttpError(422, 'the item is not valid', { errors: input.errors });
      const added = await media.add(input.value);
      return jsonReply(201, added, { location: `/api/media/${added.id}` });
    }),
    get('/api/media/:id', async (_, id) => {
      const found = await media.find(id);
      if (found === null) throw new HttpError(404, `there is no item ${id}`);
      return jsonReply(200, found);
    }),
    post('/api/media/:id/ratings', async (request, id) => {
      const stars = validateStars(await request.json());
      if (!stars.ok) throw new HttpError(422, 'the rating is not valid', { errors: stars.errors });
      if ((await media.find(id)) === null) throw new HttpError(404, `there is no item ${id}`);
      await media.rate(id, stars.value);
      return jsonReply(201, await media.find(id));
    }),
    get('/api/posters', async ({ query }) =>
      jsonReply(200, { posters: await posters.newest(toLimit(query)) }),
    ),
    get('/api/media/:id/poster', async (_, id) => {
      const svg = await posters.poster(id);
      if (svg === null) throw new HttpError(404, `item ${id} has no poster yet`);
      const headers = { 'content-type': 'image/svg+xml', 'cache-control': 'max-age=3600' };
      return { status: 200, headers, body: svg };
    }),
  ];
}

function readyReply(reason: string | null): Reply {
  return reason === null
    ? jsonReply(200, { status: 'ready' })
    : jsonReply(503, { status: 'not ready', reason });
}

function toQuery(query: URLSearchParams) {
  const kind = query.get('kind') || null;
  if (kind !== null && !mediaKinds.includes(kind as MediaKind)) {
    throw new HttpError(400, `kind must be one of ${mediaKinds.join(', ')}`);
  }
  const words = (query.get('q') ?? '').split(/\s+/).filter(Boolean).slice(0, 10);
  return { words, kind: kind as MediaKind | null, limit: toLimit(query) };
}

function toLimit(query: URLSearchParams): number {
  const limit = Number(query.get('limit') ?? '50');
  if (Number.isInteger(limit) && limit >= 1 && limit <= 100) return limit;
  throw new HttpError(400, 'limit must be a whole number from 1 to 100');
}
