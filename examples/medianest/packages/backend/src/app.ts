import { createServer, type Server, type ServerResponse } from 'node:http';
import { version } from '@medianest/shared';
import { HttpError, jsonReply, type ApiRequest, type Reply, toApiRequest } from './http.ts';
import { log } from './log.ts';
import { apiRoutes, type Route, type Services } from './routes.ts';
import { createSigner } from './signature.ts';
import type { StaticFiles } from './static-files.ts';

/** Longer than a proxy keeps its side open, so that it never reuses a connection we just closed. */
const keepAliveTimeoutMs = 65_000;

export function createApp(services: Services, files: StaticFiles): Server {
  const routes = apiRoutes(services);
  const { config } = services;
  const revision = config.revision ?? version;
  const signed = config.signingKey === null ? null : createSigner(config.signingKey);
  const server = createServer(async (request, response) => {
    response.setHeader('x-medianest-revision', revision);
    response.setHeader('x-content-type-options', 'nosniff');
    const reply = await answer(request, (parsed) => dispatch(routes, files, parsed));
    // Once we stop listening, whoever still has a connection is told to make a new one elsewhere.
    if (!server.listening) response.setHeader('connection', 'close');
    if (signed) response.setHeader('x-medianest-signature', signed(reply.body));
    send(response, reply, request.method === 'HEAD');
  });
  server.keepAliveTimeout = keepAliveTimeoutMs;
  server.headersTimeout = keepAliveTimeoutMs + 5000;
  return server;
}

async function answer(
  request: Parameters<typeof toApiRequest>[0],
  handle: (request: ApiRequest) => Promise<Reply>,
): Promise<Reply> {
  try {
    return await handle(toApiRequest(request));
  } catch (error) {
    if (error instanceof HttpError) {
      return jsonReply(error.status, { error: error.message, ...error.details });
    }
    log('error', 'request failed', { url: request.url, error: String(error) });
    return jsonReply(500, { error: 'something went wrong on our side' });
  }
}

async function dispatch(routes: Route[], files: StaticFiles, request: ApiRequest): Promise<Reply> {
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const allowed = new Set<string>();
  for (const route of routes) {
    const id = match(route.path, request.path);
    if (id === null) continue;
    if (route.method === method) return route.handle(request, id);
    allowed.add(route.method);
  }
  if (allowed.size > 0) throw new HttpError(405, `allowed: ${[...allowed].join(', ')}`);
  const file = method === 'GET' ? files.reply(request) : null;
  if (file === null) throw new HttpError(404, `there is nothing at ${request.path}`);
  return file;
}

/** The path's `:id`, an empty text where the pattern has none, or null when it does not match. */
function match(pattern: string, path: string): string | null {
  const wanted = pattern.split('/');
  const got = path.split('/');
  if (wanted.length !== got.length) return null;
  let id = '';
  for (const [index, part] of wanted.entries()) {
    if (part === ':id') id = got[index] ?? '';
    else if (part !== got[index]) return null;
  }
  return id;
}

function send(response: ServerResponse, reply: Reply, headOnly: boolean): void {
  response.writeHead(reply.status, {
    ...reply.headers,
    ...(reply.status === 304 ? {} : { 'content-length': Buffer.byteLength(reply.body) }),
  });
  response.end(headOnly ? undefined : reply.body);
}
