import { pathWithCached } from '../rig/cached-programs.ts';
import { freePort } from '../rig/free-port.ts';
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import {
  Agent,
  createServer,
  request,
  type IncomingHttpHeaders,
  type RequestListener,
  type RequestOptions,
  type Server,
} from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RouteRevision, Routes } from '../../src/delivery/index.ts';
import {
  agentEntry,
  createRouterClient,
  routerEntry,
  type EmbeddedRouter,
  type ProgramKind,
} from '../../src/traffic/index.ts';

/** One router process in a folder of its own, and apps behind it. Everything ends with `close`. */
export interface Rig {
  folder: string;
  stateFile: string;
  control: string;
  /** Where users reach the router. */
  port: number;
  router: EmbeddedRouter;
  child: ChildProcess;
  /** The process that users reach: the router's own, or the program behind its agent. */
  programPid(): number;
  log(): string;
  /** Starts an app in this process and names its endpoint. */
  app(listener: RequestListener): Promise<App>;
  /** Starts the router again on the same files and port. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface App {
  server: Server;
  port: number;
}

/** Starts a router. Flags are added to its command line. */
export async function startRig(
  flags: string[] = [],
  kind: 'embedded' | ProgramKind = 'embedded',
): Promise<Rig> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-traffic-'));
  const port = await freePort();
  const apps: Server[] = [];
  const pids = new Set<number>();
  const control = join(folder, 'control');
  const stateFile = join(folder, 'routes');
  const launch = async () => {
    const log = openSync(join(folder, 'log'), 'a');
    const argv = ['--state', stateFile, '--control', control, '--listen', `127.0.0.1:${port}`, ...flags];
    const start = kind === 'embedded' ? [routerEntry] : [agentEntry, '--router', kind];
    const child = spawn(process.execPath, [...start, ...argv], {
      stdio: ['ignore', log, log],
      env: { ...process.env, PATH: pathWithCached },
    });
    closeSync(log);
    rig.child = child;
    await until(async () => {
      const health = await rig.router.health().catch(() => null);
      if (child.exitCode !== null) throw new Error(`the router ended:\n${rig.log()}`);
      return health?.pid === child.pid;
    });
  };
  const rig: Rig = {
    folder,
    stateFile,
    control,
    port,
    router: createRouterClient(control),
    child: undefined as never,
    programPid: () => programsOf(join(folder, kind))[0] ?? rig.child.pid ?? 0,
    log: () => readFileSync(join(folder, 'log'), 'utf8'),
    restart: launch,
    async app(listener) {
      const server = createServer(listener);
      apps.push(server);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return { server, port: (server.address() as AddressInfo).port };
    },
    async close() {
      // Upgrades leave pids that are not our children; each is named in the log of this rig alone.
      for (const line of rig.log().split('\n'))
        if (line.includes('"serving"')) pids.add((JSON.parse(line) as { pid: number }).pid);
      for (const pid of pids) killQuietly(pid);
      for (const program of programsOf(join(folder, kind))) killQuietly(program, 'SIGTERM');
      for (const server of apps) {
        server.closeAllConnections();
        server.close();
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
  try {
    await launch();
  } catch (error) {
    await rig.close();
    throw error;
  }
  return rig;
}

/** Routes of a scope that takes every host. */
export function routes(revisions: RouteRevision[], more: Partial<Routes> = {}): Routes {
  return {
    scope: 'shop/production',
    hosts: ['*'],
    revisions,
    pins: [],
    sticky: false,
    maintenance: false,
    rateLimit: null,
    ...more,
  };
}

/** A revision with one instance for each port. */
export function revision(id: string, weightPercent: number, ...ports: number[]): RouteRevision {
  return {
    id,
    weightPercent,
    endpoints: ports.map((port, index) => ({ instance: `${id}-web-${index + 1}`, host: '127.0.0.1', port })),
  };
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** One request on a fresh connection unless an agent is given. */
export function get(
  port: number,
  options: RequestOptions & { body?: string | Buffer } = {},
): Promise<Answer> {
  const { body, ...rest } = options;
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, agent: false, ...rest }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
      );
      response.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** An agent that keeps connections. */
export function keepAliveAgent(): Agent {
  return new Agent({ keepAlive: true, maxSockets: Infinity });
}

/** Sends bytes as they are and returns all that comes back until the other end closes, or resets what it has answered. */
export function raw(port: number, text: string | Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => (received += chunk));
    socket.on('error', (error) => (received === '' ? reject(error) : resolve(received)));
    socket.on('close', () => resolve(received));
  });
}

/** Waits until something holds; gives up after a minute, which is a limit against hanging. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error('it never came true');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The programs that an agent started in a folder, first the one that users reach. */
function programsOf(folder: string): number[] {
  const names = ['haproxy.pid', 'nginx.process', 'front.process', 'caddy.process', 'traefik.process'];
  return names.flatMap((name) => {
    try {
      return [(JSON.parse(readFileSync(join(folder, name), 'utf8')) as { pid: number }).pid];
    } catch {
      // It is another one's.
      return [];
    }
  });
}

function killQuietly(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}
