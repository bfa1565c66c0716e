import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { CodedError } from '../diagnostics/index.ts';
import type { SupervisorControl } from './protocol.ts';
import { parseSpec } from './spec.ts';

const largestBodyBytes = 4 * 1024 * 1024;

type Body = Record<string, unknown>;

/**
 * Answers on the unix socket, mode 0600: who can open it owns the home.
 * The lock of the home must be held, since a socket file left by a dead supervisor is swept away.
 */
export function serveControl(socket: string, keeper: SupervisorControl): Promise<Server> {
  const server = createServer((request, response) => {
    respond(keeper, request, response).catch(() => response.destroy());
  });
  rmSync(socket, { force: true });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const umask = process.umask(0o177);
    server.listen(socket, () => {
      chmodSync(socket, 0o600);
      resolve(server);
    });
    process.umask(umask);
  });
}

async function respond(keeper: SupervisorControl, request: IncomingMessage, response: ServerResponse) {
  try {
    const answer = await act(keeper, request);
    send(response, 200, answer ?? {});
  } catch (error) {
    const coded = error instanceof CodedError;
    const finding = coded
      ? error.toFinding()
      : {
          code: 'supervisor/internal',
          message: error instanceof Error ? error.stack : String(error),
          notes: [],
        };
    send(response, coded ? 409 : 500, { error: finding });
  }
}

async function act(keeper: SupervisorControl, request: IncomingMessage): Promise<unknown> {
  const url = new URL(request.url ?? '/', 'http://supervisor');
  switch (`${request.method} ${url.pathname}`) {
    case 'GET /health':
      return keeper.health();
    case 'GET /list':
      return keeper.list(url.searchParams.get('scope') ?? undefined);
    case 'POST /ensure': {
      const body = await readBody(request);
      return keeper.ensure(parseSpec(body['spec']), numberOf(body, 'fence'));
    }
    case 'POST /remove': {
      const body = await readBody(request);
      return keeper.remove(textOf(body, 'id'), textOf(body, 'scope'), numberOf(body, 'fence'));
    }
    case 'POST /replace': {
      const body = await readBody(request);
      return keeper.replace(textOf(body, 'id'), numberOf(body, 'pid'));
    }
    case 'POST /shutdown': {
      const body = await readBody(request);
      return keeper.shutdown({ stopAll: body['stopAll'] === true });
    }
    default:
      throw invalid(`${request.method} ${url.pathname} is not known`);
  }
}

async function readBody(request: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > largestBodyBytes) throw invalid(`a request may have at most ${largestBodyBytes} bytes`);
    chunks.push(chunk);
  }
  try {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    if (typeof body === 'object' && body !== null) return body as Body;
  } catch {
    // Answered below, as is JSON that is no object.
  }
  throw invalid('a request must be a JSON object');
}

function numberOf(body: Body, name: string): number {
  const value = body[name];
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw invalid(`${name} must be a whole number from 0`);
}

function textOf(body: Body, name: string): string {
  const value = body[name];
  if (typeof value === 'string') return value;
  throw invalid(`${name} must be text`);
}

function invalid(message: string): CodedError {
  return new CodedError('supervisor/invalid-request', message, {
    help: 'the client is older or newer than the supervisor: restart the supervisor with `slipway up`',
  });
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
  response.end(text);
}
