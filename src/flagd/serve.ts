import { createServer as createHttp } from 'node:http';
import { createServer as createHttp2 } from 'node:http2';
import { rm } from 'node:fs/promises';
import { createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import type { FlagSnapshot } from '../flags/index.ts';
import { addEvaluation } from './evaluation.ts';
import { Feed } from './feed.ts';
import { answerOfrep } from './ofrep.ts';
import { services } from './protocol.ts';
import { addSync } from './sync.ts';
import { takeTrouble, type OnTrouble } from './troubles.ts';

type Handler = ReturnType<typeof connectNodeAdapter>;
type NodeServerRequest = Parameters<Handler>[0];
type NodeServerResponse = Parameters<Handler>[1];

/** What of a context is read at most. */
const longestBody = 1024 * 1024;
/** How HTTP/2 begins, on a connection without TLS. */
const preface = 'PRI';

/** Flags, being answered for. */
export interface FlagServer {
  port: number;
  /** Opens a unix socket beside the port, for whoever shares the folder that it lies in. */
  openSocket(path: string): Promise<void>;
  /** Every answer from now on is of this version; whoever follows hears of it. */
  publish(snapshot: FlagSnapshot): void;
  /** Ends with everybody who is connected. */
  close(): Promise<void>;
}

/**
 * Answers for the flags of one environment. gRPC and Connect, over HTTP/2 and HTTP/1.1, and OFREP share the port.
 *
 * @throws The error of the system when the port is taken.
 */
export async function serveFlags({
  host,
  port,
  snapshot,
  onTrouble,
}: {
  host: string;
  port: number;
  snapshot: FlagSnapshot;
  onTrouble: OnTrouble;
}): Promise<FlagServer> {
  const feed = new Feed(snapshot);
  const ending = new AbortController();
  const handler = connectNodeAdapter({
    routes: (router) => {
      addEvaluation(router, services.evaluationV1, feed);
      addEvaluation(router, services.evaluationV2, feed);
      addSync(router, feed);
    },
    readMaxBytes: longestBody,
    shutdownSignal: ending.signal,
    fallback: (request, response) => void sendPlain(request, response, { feed, onTrouble }),
  });
  const http = createHttp(handler);
  const http2 = createHttp2(handler);
  const sockets = new Set<Socket>();
  const accept = (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.once('data', (first: Buffer) => {
      socket.pause();
      socket.unshift(first);
      const isHttp2 = first.subarray(0, preface.length).toString('latin1') === preface;
      (isHttp2 ? http2 : http).emit('connection', socket);
      // HTTP/2 takes what was read already by itself.
      if (!isHttp2) process.nextTick(() => socket.resume());
    });
  };
  const listeners: Server[] = [];
  const listen = async (at: ListenOptions) => {
    const listener = createServer(accept).listen(at);
    await once(listener, 'listening');
    listeners.push(listener);
    return listener.address();
  };
  const address = await listen({ host, port });
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    openSocket: async (path) => {
      // One that a killed server has left behind answers nobody.
      await rm(path, { force: true });
      await listen({ path, readableAll: true, writableAll: true });
    },
    publish: (next) => feed.publish(next),
    close: async () => {
      const closed = Promise.all(listeners.map((listener) => once(listener, 'close')));
      for (const listener of listeners) listener.close();
      ending.abort();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Answers what is neither gRPC nor Connect. */
async function sendPlain(
  request: NodeServerRequest,
  response: NodeServerResponse,
  { feed, onTrouble }: { feed: Feed; onTrouble: OnTrouble },
): Promise<void> {
  const { method = '', url: path = '', headers } = request;
  const body = await bodyOf(request).catch(() => null);
  const taken = body === null ? 413 : takeTrouble({ method, path, body }, feed.now, onTrouble);
  const answer =
    body === null || taken !== null
      ? { status: taken ?? 413, headers: {}, body: '' }
      : answerOfrep({ method, path, headers, body }, feed.now);
  response.statusCode = answer.status;
  for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value);
  response.end(answer.body);
}

async function bodyOf(request: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > longestBody) throw new Error('the body is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
