import { createServer } from 'node:net';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../diagnostics/index.ts';
import { readLogTail, type ProcessSpec, type SupervisorControl } from '../supervisor/index.ts';
import {
  agentEntry,
  createRouterClient,
  findProgram,
  routerEntry,
  type EmbeddedRouter,
} from '../traffic/index.ts';
import { rememberedRouter, type RouterKind } from './choose-router.ts';
import type { Layout } from './layout.ts';

/** Where users' requests are taken. */
export interface Listen {
  host: string;
  port: number;
}

const processId = 'router';
const scope = 'router';
const startTimeoutMs = 15_000;

/**
 * Gives the router, running under the supervisor at the address asked for.
 *
 * @param version - A router of another version hands over to this one's, without losing a request.
 * @throws CodedError `wiring/port-taken` when somebody else listens there; `traffic/not-installed`.
 */
export async function ensureRouter(
  { layout, supervisor, version }: { layout: Layout; supervisor: SupervisorControl; version: string },
  listen: Listen,
): Promise<EmbeddedRouter> {
  const kind = await rememberedRouter(layout);
  if (kind !== 'embedded') findProgram(kind);
  const router = createRouterClient(layout.router.control);
  await mkdir(dirname(layout.router.control), { recursive: true, mode: 0o700 });
  await mkdir(dirname(layout.router.log), { recursive: true, mode: 0o700 });
  const running = await router.health().catch(() => null);
  if (!running) await requireFreePort(listen);
  await start(routerSpec(layout, listen, kind), supervisor);
  const health = await answer(router, layout);
  if (health.version !== version) {
    const { pid } = await router.upgrade();
    await supervisor.replace(processId, pid);
  }
  return router;
}

/** Throws `wiring/port-taken` unless this process could listen there. */
export async function requireFreePort({ host, port }: Listen): Promise<void> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
  } catch (error) {
    throw portProblem({ host, port }, error);
  } finally {
    server.close();
  }
}

function portProblem({ host, port }: Listen, error: unknown): CodedError {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EACCES') {
    return new CodedError('wiring/port-forbidden', `this user may not listen on port ${port}`, {
      help: 'take a port above 1023: slipway up --http 127.0.0.1:8080',
      cause: error,
    });
  }
  if (code === 'EADDRINUSE') {
    return new CodedError('wiring/port-taken', `port ${port} on ${host} is taken by another program`, {
      help: `take another: slipway up --http ${host}:${port < 65_000 ? port + 1 : port - 1}`,
      cause: error,
    });
  }
  const why = code === 'EADDRNOTAVAIL' ? 'this machine has no such address' : (error as Error).message;
  return new CodedError('wiring/bad-address', `cannot listen on ${host}:${port}: ${why}`, {
    help: 'name an address of this machine: slipway up --http 127.0.0.1:8080',
    cause: error,
  });
}

function routerSpec(layout: Layout, { host, port }: Listen, kind: RouterKind): ProcessSpec {
  const { state, control, log } = layout.router;
  return {
    id: processId,
    scope,
    argv: [
      process.execPath,
      ...(kind === 'embedded' ? [routerEntry] : [agentEntry, '--router', kind]),
      '--state',
      state,
      '--control',
      control,
      '--listen',
      `${host}:${port}`,
    ],
    cwd: layout.home,
    env: { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', NODE_COMPILE_CACHE: layout.compileCache },
    logFile: log,
    restart: 'always',
    needsPort: false,
    stopGraceMs: 30_000,
  };
}

async function start(spec: ProcessSpec, supervisor: SupervisorControl): Promise<void> {
  try {
    await supervisor.ensure(spec, 1);
  } catch (error) {
    // Another address, another router, or another Node: only then does the router stop for a moment.
    if (!(error instanceof CodedError && error.code === 'supervisor/spec-conflict')) throw error;
    await supervisor.remove(processId, scope, 1);
    while ((await supervisor.list(scope)).length > 0) await sleep(20);
    await supervisor.ensure(spec, 1);
  }
}

async function answer(router: EmbeddedRouter, layout: Layout) {
  const deadline = performance.now() + startTimeoutMs;
  for (;;) {
    const health = await router.health().catch(() => null);
    if (health) return health;
    if (performance.now() > deadline) {
      throw new CodedError(
        'wiring/router-silent',
        `the router did not answer within ${startTimeoutMs / 1000} s`,
        {
          notes: readLogTail(layout.router.log, 5),
          help: `read its log: ${layout.router.log}`,
        },
      );
    }
    await sleep(15);
  }
}
