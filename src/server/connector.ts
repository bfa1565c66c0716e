import { createReadStream } from 'node:fs';
import { Agent, request, type IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CodedError, type Finding } from '../diagnostics/index.ts';
import type { ErrorBody } from './api.ts';
import { entranceOf, type Entrance } from './door-place.ts';
import { createSshAgent, type SshAgent } from './ssh.ts';

/** Which server: the one of a home on this machine, or the one that `ssh host slipway dial` leads to. */
export type ServerPlace = { home: string } | { host: string; home?: string | undefined };

/** What a request brings along. */
export type Payload = { json: unknown } | { file: string } | { stream: Readable };

interface Call {
  method: string;
  path: string;
  payload?: Payload | undefined;
  signal?: AbortSignal | undefined;
}

/** HTTP to one server, whatever lies between. */
export interface Connector {
  text(call: Call): Promise<string>;
  /** Lines of a stream, without their ends. Ends quietly when the call's signal aborts. */
  lines(call: Call): AsyncIterable<string>;
  close(): void;
}

/** What the server refused, with everything that it found. */
export class ServerRefusal extends CodedError {
  readonly status: number;
  readonly findings: Finding[];
  /** Texts of the files that the findings point into. */
  readonly sources: ReadonlyMap<string, string>;

  constructor(status: number, { findings, sources }: ErrorBody) {
    super('server/refused', findings.map(({ message }) => message).join('; '));
    this.status = status;
    this.findings = findings;
    this.sources = new Map(Object.entries(sources));
  }
}

/** How another machine is reached. */
export interface SshChoice {
  /** The program here; `ssh`. */
  ssh?: string | undefined;
  /** What starts Slipway there; `slipway`. */
  remoteCommand?: string | undefined;
  /** Words for `slipway dial`. */
  dialFlags?: readonly string[];
  /** How many connections are kept for the next request; one unless told. */
  kept?: number;
  /** How many requests may be under way at once; as many as are asked unless told. */
  atOnce?: number;
}

/** A connector that opens nothing until it is used. */
export function createConnector(place: ServerPlace, options: SshChoice): Connector {
  const way = 'host' in place ? overSsh(place, options) : overSocket(place.home);
  return {
    text: async (call) => {
      const response = await send(way, call);
      const body = await read(way, response);
      return accept(response, body);
    },
    lines: (call) => streamLines(way, call),
    close: () => way.agent.destroy(),
  };
}

/** How a server is reached, and how to say that it was not. */
interface Way {
  agent: Agent;
  socketPath?(): string;
  unreachable(error: NodeJS.ErrnoException): Promise<CodedError>;
}

function overSocket(home: string): Way {
  return {
    agent: new Agent(),
    socketPath: () => entranceOf(home).socket,
    unreachable: async (error) => noLocalServer(home, entranceOf(home), error),
  };
}

function overSsh(
  { host, home }: { host: string; home?: string | undefined },
  { ssh = 'ssh', remoteCommand = 'slipway', ...choice }: SshChoice,
): Way {
  const agent: SshAgent = createSshAgent({ host, home, ssh, remoteCommand, ...choice });
  return { agent, unreachable: (error) => agent.explain(error) };
}

async function send(way: Way, { method, path, payload, signal }: Call): Promise<IncomingMessage> {
  const socket = way.socketPath === undefined ? {} : { socketPath: way.socketPath() };
  const headers = payload === undefined ? {} : { 'content-type': typeOf(payload) };
  const outgoing = request({ ...socket, agent: way.agent, host: 'slipway', method, path, headers, signal });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.on('response', resolve);
    outgoing.on('error', reject);
  }).catch(async (error: Error) => {
    throw signal?.aborted ? error : await way.unreachable(error);
  });
  if (payload === undefined) outgoing.end();
  else if ('json' in payload) outgoing.end(JSON.stringify(payload.json));
  // A server that refuses before it has read everything answers all the same; `answered` tells.
  else await Promise.race([pipeline(bytesOf(payload), outgoing).catch(() => {}), answered]);
  return answered;
}

function bytesOf(payload: { file: string } | { stream: Readable }): Readable {
  return 'file' in payload ? createReadStream(payload.file) : payload.stream;
}

function typeOf(payload: Payload): string {
  return 'json' in payload ? 'application/json' : 'application/octet-stream';
}

async function read(way: Way, response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of response) chunks.push(chunk as Buffer);
  } catch (error) {
    throw await way.unreachable(error as NodeJS.ErrnoException);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function* streamLines(way: Way, call: Call): AsyncIterable<string> {
  try {
    const response = await send(way, call);
    if (response.statusCode !== 200) accept(response, await read(way, response));
    let rest = '';
    response.setEncoding('utf8');
    for await (const chunk of response) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      yield* lines.filter((line) => line !== '');
    }
    if (rest !== '') yield rest;
  } catch (error) {
    if (call.signal?.aborted) return;
    throw error instanceof CodedError ? error : await way.unreachable(error as NodeJS.ErrnoException);
  }
}

function accept(response: IncomingMessage, body: string): string {
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) return body;
  const refusal = refusalFrom(body);
  if (refusal && status < 500) throw new ServerRefusal(status, refusal);
  const [problem] = refusal?.findings ?? [];
  // It runs, but its database is away for a moment: to be waited for like a server that starts again.
  if (problem && status === 503) {
    const { message, notes, help } = problem;
    throw new CodedError('server/unreachable', message, { notes, help });
  }
  // A failure of the server's own, such as a full disk, in its own words.
  if (problem) {
    const { code, message, notes, help } = problem;
    throw new CodedError(code, message, { notes, help });
  }
  throw new CodedError('server/failed', `the server answered ${status}: ${body.slice(0, 500)}`, {
    help: 'look at the end of <home>/logs/server.log on its machine',
  });
}

function refusalFrom(body: string): ErrorBody | null {
  try {
    const parsed = JSON.parse(body) as Partial<ErrorBody> | null;
    return Array.isArray(parsed?.findings)
      ? { findings: parsed.findings, sources: parsed.sources ?? {} }
      : null;
  } catch {
    return null;
  }
}

function noLocalServer(home: string, { socket, person }: Entrance, error: NodeJS.ErrnoException): CodedError {
  const options = { notes: [`looked at ${socket}`], cause: error };
  const closed = error.code === 'EACCES' || error.code === 'EPERM';
  if (closed || (person !== null && error.code === 'ENOENT')) {
    return new CodedError('server/unreachable', 'the server of this machine belongs to another user', {
      ...options,
      help: `ask its owner to let you in: slipway access grant ${person ?? '<you>'} viewer; or use it as that user (for root: sudo slipway …), or from elsewhere with --host user@machine`,
    });
  }
  if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') {
    return new CodedError('server/unreachable', `no server runs for ${home}`, {
      ...options,
      help:
        person === null
          ? 'start one with "slipway up", or name another one with --home DIR or --host user@machine'
          : 'its owner can start it with "slipway up"',
    });
  }
  return new CodedError('server/unreachable', `the server went away (${error.code ?? error.message})`, {
    ...options,
    help: 'what runs goes on without it; start it again with "slipway up"',
  });
}
