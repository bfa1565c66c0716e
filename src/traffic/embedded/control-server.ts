import { chmod, link, lstat, readdir, rename, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { basename, dirname, join } from 'node:path';
import { CodedError } from '../../diagnostics/index.ts';
import { log, messageOf } from './log.ts';

/** What answers a question: `GET /state` → its answer, as JSON. */
export type ControlHandlers = Record<string, (input: { query: URLSearchParams; body: unknown }) => unknown>;

/** Statuses of errors that are not bugs. */
const statuses: Record<string, number> = {
  'traffic/stale-fence': 409,
  'traffic/invalid-routes': 422,
  'traffic/handing-over': 503,
  'traffic/upgrade-running': 409,
  'traffic/upgrade-failed': 500,
  'traffic/unknown-control-call': 404,
  'traffic/invalid-control-call': 400,
};

const maxBodyBytes = 64 * 1024 * 1024;

/** The control socket, open to its owner alone. */
export class ControlServer {
  /** This process's own name for the socket; `path` moves on to a successor, this one does not. */
  readonly ownPath: string;
  readonly #path: string;
  readonly #server: Server;

  constructor(path: string, handlers: ControlHandlers) {
    this.#path = path;
    this.ownPath = `${path}.${process.pid}`;
    this.#server = createServer((request, response) => void answer(handlers, request, response));
  }

  /** Listens under the own name only. @throws CodedError `traffic/control-failed` */
  async listen(): Promise<void> {
    if (Buffer.byteLength(this.ownPath) > 107)
      throw new CodedError(
        'traffic/control-failed',
        `the path of the control socket is too long: ${this.ownPath}`,
        {
          help: 'a unix socket has room for 107 bytes; choose a shorter folder',
        },
      );
    await this.#removeLeftovers();
    // Nobody else may connect, not even between bind and chmod.
    const before = process.umask(0o177);
    try {
      const listening = new Promise<void>((resolve, reject) => {
        this.#server.once('error', reject);
        this.#server.listen({ path: this.ownPath }, resolve);
      });
      process.umask(before);
      await listening;
    } catch (error) {
      throw new CodedError(
        'traffic/control-failed',
        `cannot listen at ${this.ownPath}: ${messageOf(error)}`,
        {
          cause: error,
        },
      );
    } finally {
      process.umask(before);
    }
    await chmod(this.ownPath, 0o600);
  }

  /** Own names of processes that crashed, and of one that had our pid before. */
  async #removeLeftovers(): Promise<void> {
    const folder = dirname(this.#path);
    for (const name of await readdir(folder)) {
      const pid = name.startsWith(`${basename(this.#path)}.`)
        ? Number(name.slice(basename(this.#path).length + 1))
        : NaN;
      if (Number.isInteger(pid) && (pid === process.pid || !isAlive(pid)))
        await rm(join(folder, name), { force: true });
    }
  }

  /** Takes the public name over in one step: whoever asks is answered by the old holder or by this one. */
  async takeName(): Promise<void> {
    const temporary = `${this.ownPath}.link`;
    await rm(temporary, { force: true });
    await link(this.ownPath, temporary);
    await rename(temporary, this.#path);
    // Two names of one inode are left as they are by rename(2).
    await rm(temporary, { force: true });
  }

  /** Gives up the name where it is still ours, and both names go. */
  async close(): Promise<void> {
    const [own, shared] = await Promise.all([inodeOf(this.ownPath), inodeOf(this.#path)]);
    if (own !== undefined && own === shared) await rm(this.#path, { force: true });
    await rm(this.ownPath, { force: true });
    this.#server.close();
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function inodeOf(path: string): Promise<bigint | undefined> {
  try {
    return (await lstat(path, { bigint: true })).ino;
  } catch {
    return undefined;
  }
}

async function answer(
  handlers: ControlHandlers,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const url = new URL(request.url ?? '/', 'http://router');
    const handler = handlers[`${request.method} ${url.pathname}`];
    if (!handler)
      throw new CodedError('traffic/unknown-control-call', `no such call: ${request.method} ${url.pathname}`);
    const result = await handler({ query: url.searchParams, body: await readBody(request) });
    send(response, result === undefined ? 204 : 200, result);
  } catch (error) {
    const coded =
      error instanceof CodedError
        ? error
        : new CodedError('traffic/internal', messageOf(error), { cause: error });
    if (!statuses[coded.code])
      log('error', 'control-failed', { code: coded.code, message: coded.message, stack: coded.stack });
    const { code, message, help, notes } = coded;
    send(response, statuses[code] ?? 500, { code, message, help, notes });
  }
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBodyBytes)
      throw new CodedError('traffic/invalid-control-call', 'the body is too large');
    chunks.push(chunk);
  }
  if (sizeBytes === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (error) {
    throw new CodedError('traffic/invalid-control-call', `the body is not JSON: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = body === undefined ? '' : JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
  response.end(text);
}
