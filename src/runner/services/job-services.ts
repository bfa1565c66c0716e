import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JobSpec } from '../spec.ts';
import { ArtifactService } from './artifact-service.ts';
import { BlobStore } from './blobs.ts';
import { CacheService } from './cache-service.ts';
import { RequestProblem, readJsonBody, sendJson, sendProblem } from './http.ts';
import { IdTokenIssuer, mayAskForIdToken } from './id-token.ts';
import { backendId, type TwirpMethods } from './parts.ts';
import { SignedUrls } from './signed-urls.ts';
import { Tokens, type BackendIds } from './tokens.ts';

/** Who gets the variables: a `run:` step only those for OIDC, as on GitHub. */
export type ServiceUser = 'javascript' | 'script';

interface Running {
  server: Server;
  origin: string;
  tokens: Tokens;
  urls: SignedUrls;
  blobs: BlobStore;
  artifacts: ArtifactService;
  caches: CacheService;
  idTokens: IdTokenIssuer;
}

/**
 * The services of one job, on a port of 127.0.0.1 that is open from the first need to the end of the job. Only who has
 * one of the job's tokens, or an address that was given to such a one, is served.
 */
export class JobServices {
  readonly #spec: JobSpec;
  readonly #addMask: (value: string) => void;
  #running: Promise<Running> | null = null;

  /** @param addMask - Told every token before anybody gets it. */
  constructor(spec: JobSpec, addMask: (value: string) => void) {
    this.#spec = spec;
    this.#addMask = addMask;
  }

  /** The ACTIONS_* variables of a step's process; starts the server when there are any. */
  async variables(user: ServiceUser): Promise<Record<string, string>> {
    const idTokens = mayAskForIdToken(this.#spec);
    if (user === 'script' && !idTokens) return {};
    this.#running ??= this.#start();
    const { origin, tokens } = await this.#running;
    const issue = (purpose: 'results' | 'id-token') => {
      const token = tokens.issue(purpose, Date.now());
      this.#addMask(token);
      return token;
    };
    const forIdTokens = idTokens && {
      ACTIONS_ID_TOKEN_REQUEST_URL: `${origin}/oidc/token?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: issue('id-token'),
    };
    if (user === 'script') return { ...forIdTokens };
    return {
      ACTIONS_RUNTIME_URL: `${origin}/`,
      ACTIONS_RUNTIME_TOKEN: issue('results'),
      ACTIONS_RESULTS_URL: `${origin}/`,
      ACTIONS_CACHE_URL: `${origin}/`,
      ACTIONS_CACHE_SERVICE_V2: 'True',
      ...forIdTokens,
    };
  }

  /** Ends the server, and with it every token; unfinished uploads are removed. Repeating is harmless. */
  async close(): Promise<void> {
    const running = await this.#running;
    this.#running = null;
    if (!running) return;
    running.server.close();
    running.server.closeAllConnections();
    await running.blobs.clear();
  }

  async #start(): Promise<Running> {
    const server = createServer();
    // An upload may take its time; a job's end ends it.
    server.requestTimeout = 0;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
    await promise;
    server.unref();
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const key = randomBytes(32);
    const ids = backendIds(this.#spec);
    const urls = new SignedUrls(key, origin);
    const blobs = new BlobStore();
    const store = { spec: this.#spec, ids, urls, blobs };
    const running: Running = {
      server,
      origin,
      tokens: new Tokens(key, ids),
      urls,
      blobs,
      artifacts: new ArtifactService(store),
      caches: new CacheService(store),
      idTokens: new IdTokenIssuer(this.#spec, origin),
    };
    server.on('request', (request, response) => {
      serve(running, request, response).catch((error: unknown) => sendProblem(response, error));
    });
    return running;
  }
}

async function serve(running: Running, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', running.origin);
  const [, room = ''] = url.pathname.split('/');
  if (room === 'twirp') await serveTwirp(running, url, request, response);
  else if (room === 'slipway') await serveBlob(running, url, request, response);
  else if (url.pathname === '/oidc/token') await serveIdToken(running, url, request, response);
  else if (room === '.well-known') await serveKeys(running, url, response);
  else throw new RequestProblem('bad_route', `there is no ${url.pathname} here`);
}

async function serveTwirp(
  { tokens, artifacts, caches }: Running,
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
  { urls, blobs }: Running,
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
  { tokens, idTokens }: Running,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (!tokens.accepts(request.headers.authorization, 'id-token', Date.now()))
    throw new RequestProblem('unauthenticated', 'the token is not one of a running job');
  const audience = url.searchParams.get('audience') ?? undefined;
  sendJson(response, 200, { value: await idTokens.issue(audience, Date.now()) });
}

async function serveKeys({ idTokens }: Running, url: URL, response: ServerResponse): Promise<void> {
  if (url.pathname === '/.well-known/openid-configuration') sendJson(response, 200, idTokens.configuration());
  else if (url.pathname === '/.well-known/jwks') sendJson(response, 200, await idTokens.keys());
  else throw new RequestProblem('bad_route', `there is no ${url.pathname} here`);
}

function backendIds(spec: JobSpec): BackendIds {
  return { run: backendId(spec.runId), job: backendId(spec.runId, spec.jobKey) };
}
