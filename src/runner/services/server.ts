import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JobSpec } from '../spec.ts';
import { ArtifactService } from './artifact-service.ts';
import { BlobStore } from './blobs.ts';
import { CacheService } from './cache-service.ts';
import { RequestProblem, readJsonBody, sendJson, sendProblem } from './http.ts';
import { IdTokenIssuer } from './id-token.ts';
import { backendId, type TwirpMethods } from './parts.ts';
import { SignedUrls } from './signed-urls.ts';
import { Tokens } from './tokens.ts';

/** A server that listens, with what its job needs to reach it. */
export interface ServiceServer {
  origin: string;
  tokens: Tokens;
  /** Ends it at once; unfinished uploads are removed. */
  close(): Promise<void>;
}

interface Rooms {
  origin: string;
  tokens: Tokens;
  urls: SignedUrls;
  blobs: BlobStore;
  artifacts: ArtifactService;
  caches: CacheService;
  idTokens: IdTokenIssuer;
}

/** Starts the services of one job on a free port of 127.0.0.1. They do not keep the process alive. */
export async function startServer(spec: JobSpec): Promise<ServiceServer> {
  const server = createServer();
  // An upload may take its time; a job's end ends it.
  server.requestTimeout = 0;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen(0, '127.0.0.1', resolve);
  await promise;
  server.unref();
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const rooms = roomsOf(spec, origin);
  server.on('request', (request, response) => {
    serve(rooms, request, response).catch((error: unknown) => sendProblem(response, error));
  });
  return { origin, tokens: rooms.tokens, close: () => close(server, rooms.blobs) };
}

async function close(server: Server, blobs: BlobStore): Promise<void> {
  server.close();
  server.closeAllConnections();
  await blobs.clear();
}

function roomsOf(spec: JobSpec, origin: string): Rooms {
  const key = randomBytes(32);
  const ids = { run: backendId(spec.runId), job: backendId(spec.runId, spec.jobKey) };
  const urls = new SignedUrls(key, origin);
  const blobs = new BlobStore();
  const parts = { spec, ids, urls, blobs };
  return {
    origin,
    tokens: new Tokens(key, ids),
    urls,
    blobs,
    artifacts: new ArtifactService(parts),
    caches: new CacheService(parts),
    idTokens: new IdTokenIssuer(spec, origin),
  };
}

async function serve(rooms: Rooms, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', rooms.origin);
  const [, room = ''] = url.pathname.split('/');
  if (room === 'twirp') await serveTwirp(rooms, url, request, response);
  else if (room === 'slipway') await serveBlob(rooms, url, request, response);
  else if (url.pathname === '/oidc/token') await serveIdToken(rooms, url, request, response);
  else if (room === '.well-known') await serveKeys(rooms, url, response);
  else throw new RequestProblem('bad_route', `there is no ${url.pathname} here`);
}

async function serveTwirp(
  { tokens, artifacts, caches }: Rooms,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (!tokens.accepts(request.headers.authorization, 'results', Date.now()))
    throw new RequestProblem('unauthenticated', 'the token is not one of a running job');
  const [, , service = '', method = ''] = url.pathname.split('/');
  const methods: Record<string, TwirpMethods> = {
    [artifacts.name]: artifacts.methods,
    [caches.name]: caches.methods,
  };
  const found = Object.hasOwn(methods, service) ? methods[service] : undefined;
  const call = found && Object.hasOwn(found, method) ? found[method] : undefined;
  if (!call || request.method !== 'POST')
    throw new RequestProblem('bad_route', `no handler for ${request.method} ${url.pathname}`);
  sendJson(response, 200, await call(await readJsonBody(request)));
}

async function serveBlob(
  { urls, blobs }: Rooms,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const access = request.method === 'GET' || request.method === 'HEAD' ? 'read' : 'write';
  if (!urls.allows(url, access, Date.now()))
    throw new RequestProblem('permission_denied', 'the address is not signed, or no longer valid');
  await (access === 'read'
    ? blobs.send(url.pathname, request, response)
    : blobs.receive(url, request, response));
}

async function serveIdToken(
  { tokens, idTokens }: Rooms,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (!tokens.accepts(request.headers.authorization, 'id-token', Date.now()))
    throw new RequestProblem('unauthenticated', 'the token is not one of a running job');
  const audience = url.searchParams.get('audience') ?? undefined;
  sendJson(response, 200, { value: await idTokens.issue(audience, Date.now()) });
}

async function serveKeys({ idTokens }: Rooms, url: URL, response: ServerResponse): Promise<void> {
  if (url.pathname === '/.well-known/openid-configuration') sendJson(response, 200, idTokens.configuration());
  else if (url.pathname === '/.well-known/jwks') sendJson(response, 200, await idTokens.keys());
  else throw new RequestProblem('bad_route', `there is no ${url.pathname} here`);
}
