import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { flushCompileCache } from 'node:module';
import { connect } from 'node:net';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../diagnostics/index.ts';
import {
  Answers,
  endContainers,
  layoutOf,
  machineEnvironment,
  openSystem,
  ownerName,
  policyOf,
  type Layout,
  type Listen,
  type System,
} from '../wiring/index.ts';
import { shareCompiledCode } from './compiled-code.ts';
import { Doors } from './doors.ts';
import { Guard } from './guard.ts';
import { createApi } from './http.ts';
import { machineConnections } from './machine-connection.ts';
import { version } from './version.ts';

/** How a server of this machine is started. */
export interface StartRequest {
  home: string;
  /** Where users' requests are taken: `127.0.0.1:8080`. */
  listen: string;
  /** What jobs get from the environment of whoever started the server. */
  jobEnv: Record<string, string>;
  /** The database of the last start that succeeded; SLIPWAY_DATABASE_URL wins, and empty means SQLite in the home. */
  databaseUrl?: string;
  /** The Docker engine of the last start: `unix://…`, `ssh://…`; DOCKER_HOST wins, and empty means the usual socket. */
  dockerHost?: string;
  /** See `SystemOptions.leaseMs`; for tests. */
  leaseMs?: number;
}

/**
 * Runs a server in this process until SIGTERM, SIGINT or a shutdown asked for through the API. Apps, router and
 * supervisor are processes of their own and go on.
 *
 * @throws CodedError `server/already-runs`, `wiring/port-taken`, `store/…`
 */
export async function runServer(request: StartRequest): Promise<void> {
  const layout = layoutOf(request.home);
  await mkdir(dirname(layout.serverLog), { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw homeNotWritable(layout.home, error as NodeJS.ErrnoException);
  });
  await requireNoServer(layout);
  shareCompiledCode(layout);
  // Whoever starts the server again, such as a session of ssh, need not know of the database.
  const last = await rememberedStart(layout);
  const databaseUrl = process.env['SLIPWAY_DATABASE_URL'] ?? last?.databaseUrl ?? '';
  const dockerHost = process.env['DOCKER_HOST'] ?? last?.dockerHost ?? '';
  const system = await openSystem({
    home: request.home,
    version,
    listen: parseListen(request.listen),
    machineEnv: machineEnvironment({}, request.jobEnv),
    ...(request.leaseMs === undefined ? {} : { leaseMs: request.leaseMs }),
    databaseUrl: databaseUrl === '' ? null : databaseUrl,
    dockerHost: dockerHost === '' ? null : dockerHost,
    connect: machineConnections(process.env['SLIPWAY_REMOTE_COMMAND'] || undefined),
    maxParallelJobs: Math.max(6, availableParallelism()),
    log: (entry) => console.error(JSON.stringify({ at: new Date().toISOString(), ...entry })),
  });
  await rememberStart(layout, { ...request, databaseUrl, dockerHost });
  let all = false;
  const ended = new Promise<void>((resolve, reject) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
    const shutdown = (everything: boolean) => {
      all = everything;
      resolve();
    };
    serve(system, layout, shutdown).catch(reject);
  });
  await ended;
  await stop(system, all);
}

/** What the server was started with, so that `up` after a reboot finds the same address. */
export async function rememberedStart(layout: Layout): Promise<StartRequest | null> {
  const text = await readFile(layout.serverFile, 'utf8').catch(() => null);
  try {
    return text === null ? null : (JSON.parse(text) as StartRequest);
  } catch {
    return null;
  }
}

/** Keeps what the server was started with, readable by its user alone: proxies may carry passwords. */
export async function rememberStart(layout: Layout, request: StartRequest): Promise<void> {
  try {
    await mkdir(layout.home, { recursive: true, mode: 0o700 });
    // Two starts at once each write a file of their own; the later one stays.
    const draft = `${layout.serverFile}.${process.pid}`;
    await writeFile(draft, JSON.stringify(request), { mode: 0o600 });
    await rename(draft, layout.serverFile);
  } catch (error) {
    throw homeNotWritable(layout.home, error as NodeJS.ErrnoException);
  }
}

function homeNotWritable(home: string, cause: NodeJS.ErrnoException): CodedError {
  if (cause.code === 'ENOSPC' || cause.code === 'EDQUOT') {
    return new CodedError('server/disk-full', `no space left to write to ${home}; nothing was started`, {
      help: 'free some space ("df -h" shows where), then try again',
      cause,
    });
  }
  return new CodedError('server/home-not-writable', `${home} cannot be the server's home`, {
    notes: [cause.message],
    help: 'name a directory that you may write to: --home DIR, or SLIPWAY_HOME',
    cause,
  });
}

async function serve(system: System, layout: Layout, shutdown: (all: boolean) => void): Promise<void> {
  const answers = new Answers(system);
  const guard = new Guard({ system, answers });
  const doors = new Doors({
    folder: layout.doors,
    answer: (request, response) => api.routing(request, response),
    greet: (socket, caller) => guard.greet(socket, caller),
  });
  const api = createApi({ system, answers, guard, doors, shutdown });
  const owner = { name: ownerName(), isOwner: true, proof: `uid ${process.getuid?.() ?? -1} ${ownerName()}` };
  api.server.on('connection', (connection) => guard.greet(connection, owner));
  const socket = `${layout.serverSocket}.${process.pid}`;
  await rm(socket, { force: true });
  await api.listen({ path: socket });
  await chmod(socket, 0o600);
  const { people } = await policyOf(system.store);
  // People who cannot be let in keep nobody else from being served.
  await doors.match(people).catch((error: unknown) => {
    system.options.log({ level: 'error', message: `people stay outside: ${String(error)}` });
  });
  // Renamed into place: a client finds either the old socket or one that answers.
  await rename(socket, layout.serverSocket);
  const { ino } = await stat(layout.serverSocket);
  system.start();
  // One that is killed would leave nothing of this behind.
  flushCompileCache();
  // Of two that were started at the same moment, or when one was taken for dead, the one whose socket stands goes on.
  const watch = setInterval(() => {
    void stat(layout.serverSocket).then(
      (now) => now.ino !== ino && shutdown(false),
      () => {},
    );
  }, socketLookMs);
  system.options.log({ level: 'info', message: `slipway ${version} runs`, pid: process.pid });
  closers.set(system, async () => {
    clearInterval(watch);
    await doors.close();
    await api.close();
    // A server that was taken for dead may end after its successor has begun: that one's socket stays.
    const now = await stat(layout.serverSocket).catch(() => null);
    if (now?.ino === ino) await rm(layout.serverSocket, { force: true });
  });
}

const socketLookMs = 1_000;
const closers = new WeakMap<System, () => Promise<void>>();

async function stop(system: System, all: boolean): Promise<void> {
  await closers.get(system)?.();
  await system.stop();
  if (!all) return;
  await system.supervisor.shutdown({ stopAll: true });
  const warnings = await endContainers(system.layout, system.options.dockerHost);
  for (const message of warnings) system.options.log({ level: 'error', message });
}

async function requireNoServer(layout: Layout): Promise<void> {
  if (Buffer.byteLength(layout.serverSocket) > 90) {
    throw new CodedError(
      'server/home-too-long',
      `${layout.home} is too long a path for the server's socket`,
      {
        help: 'choose a shorter one: --home /var/lib/slipway, or SLIPWAY_HOME',
      },
    );
  }
  if (!(await answers(layout.serverSocket))) return;
  throw new CodedError('server/already-runs', `a server for ${layout.home} runs already`, {
    help: 'stop it first: slipway down',
  });
}

/** Whether somebody listens on a unix socket. */
export async function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    connection.once('connect', () => {
      connection.destroy();
      resolve(true);
    });
    connection.once('error', () => resolve(false));
  });
}

/** @throws CodedError `server/bad-address` */
export function parseListen(text: string): Listen {
  const match = /^(?:\[([0-9a-f:]+)\]|([^:\s]+)):(\d{1,5})$/i.exec(text);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  if (host !== undefined && port >= 1 && port <= 65_535) return { host, port };
  throw new CodedError('server/bad-address', `"${text}" is not an address to listen on`, {
    help: 'write HOST:PORT, such as 127.0.0.1:8080 or 0.0.0.0:80',
  });
}

/** Waits until nobody listens on the socket any more. */
export async function waitUntilSilent(socket: string, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    if (!(await answers(socket))) return true;
    await sleep(25);
  }
  return false;
}
