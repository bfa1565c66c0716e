import type Modem from 'docker-modem';
import { parseAddress, type EngineAddress } from './address.ts';
import { engineFailure } from './failure.ts';
import { SshAgent } from './ssh-agent.ts';

/** One request to the engine. */
export interface EngineRequest {
  /** What is asked, for people, after "could not": `start the container x`. */
  asked: string;
  method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD';
  /** Without version and query. */
  path: string;
  /** Objects are written as JSON; undefined is left out. */
  query?: Record<string, unknown>;
  body?: unknown;
  /** A tar. */
  file?: Buffer | NodeJS.ReadableStream;
  timeoutMs?: number;
  signal?: AbortSignal;
  /** Base64 JSON for a registry. */
  registryAuth?: string;
}

/** The way to one engine: every call has an end in time and fails in Slipway's words. */
export interface EngineCalls {
  address: EngineAddress;
  /** The parsed answer. Statuses below 400 and 304 are answers. */
  ask: <T>(request: EngineRequest) => Promise<T>;
  /** The answer as it comes; `timeoutMs` is the time until it begins. */
  stream: (request: EngineRequest) => Promise<NodeJS.ReadableStream>;
}

const patienceMs = 30_000;
const good = Object.fromEntries([200, 201, 202, 204, 206, 304].map((status) => [status, true]));

/** Opens nothing until something is asked. Throws `docker/bad-address`. */
export function engineCalls(url: string, ssh: string): EngineCalls {
  const address = parseAddress(url);
  const agent = address.kind === 'ssh' ? new SshAgent({ ...address, ssh }) : null;
  let modem: Promise<Modem> | null = null;

  const dial = async (request: EngineRequest, isStream: boolean): Promise<unknown> => {
    const { timeoutMs = patienceMs, asked, signal } = request;
    const timer = new AbortController();
    const timeout = setTimeout(() => timer.abort(), timeoutMs);
    const abortSignal = signal ? AbortSignal.any([timer.signal, signal]) : timer.signal;
    try {
      modem ??= connect(address, agent);
      return await dialModem(await modem, request, { isStream, abortSignal });
    } catch (error) {
      const timedOut = timer.signal.aborted;
      const sshWords = agent && !timedOut ? await agent.lastWords() : [];
      throw engineFailure(error, { asked, address, timeoutMs, timedOut, sshWords });
    } finally {
      clearTimeout(timeout);
    }
  };
  return {
    address,
    ask: async <T>(request: EngineRequest) => (await dial(request, false)) as T,
    stream: async (request) => (await dial(request, true)) as NodeJS.ReadableStream,
  };
}

/** Loaded when it is first needed: it brings much that a command without an engine need not wait for. */
async function connect(address: EngineAddress, agent: SshAgent | null): Promise<Modem> {
  const { default: DockerModem } = await import('docker-modem');
  if (address.kind === 'unix') return new DockerModem({ socketPath: address.socketPath });
  return new DockerModem({ host: 'docker', port: 80, protocol: 'http', agent } as never);
}

interface DialOptions {
  isStream: boolean;
  abortSignal: AbortSignal;
}

function dialModem(modem: Modem, request: EngineRequest, { isStream, abortSignal }: DialOptions) {
  const { method, path, query, body = {}, file, registryAuth } = request;
  const written = Object.entries(query ?? {}).filter(([, value]) => value !== undefined);
  const options = {
    method,
    path: `${path}?`,
    options: {
      _query: Object.fromEntries(written.map(([name, value]) => [name, asText(value)])),
      _body: body,
    },
    abortSignal,
    isStream,
    statusCodes: good,
    ...(file === undefined ? {} : { file }),
    ...(registryAuth === undefined ? {} : { authconfig: { base64: registryAuth } }),
  };
  return new Promise<unknown>((resolve, reject) => {
    modem.dial(options, (error: Error | null, answer: unknown) => {
      if (error) reject(error);
      else resolve(answer);
    });
  });
}

function asText(value: unknown): string | string[] {
  if (Array.isArray(value)) return value.map(String);
  return typeof value === 'string' ? value : JSON.stringify(value);
}
