import { existsSync } from 'node:fs';
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
import type { Layout } from './layout.ts';
import type { RouterSettings } from './router-settings.ts';

/** Where users' requests are taken. */
export interface Listen extends Address {
  /** The same over TLS, for the hosts that it has certificates for. */
  https?: Address & { covers(host: string): boolean };
}

interface Address {
  host: string;
  port: number;
}

const processId = 'router';
const scope = 'router';
const startTimeoutMs = 15_000;

/**
 * Gives the router, running under the supervisor at the address asked for.
 *
 * @param thumbprint - Of our ACME account, for the authority's questions; null without one.
 * @param version - A router of another version hands over to this one's, without losing a request.
 * @throws CodedError `wiring/port-taken` when somebody else listens there; `traffic/not-installed`.
 */
export async function ensureRouter(
  { layout, supervisor, version }: { layout: Layout; supervisor: SupervisorControl; version: string },
  { listen, settings, thumbprint }: { listen: Listen; settings: RouterSettings; thumbprint: string | null },
): Promise<EmbeddedRouter> {
  requireProgram(settings);
  const router = createRouterClient(layout.router.control);
  await mkdir(dirname(layout.router.control), { recursive: true, mode: 0o700 });
  await mkdir(dirname(layout.router.log), { recursive: true, mode: 0o700 });
  const running = await router.health().catch(() => null);
  // A program with a configuration of the user's own may serve other hosts there already.
  const alone = settings.ownConfig.length === 0;
  if (!running && alone) await requireFreePort(listen);
  if (settings.tls && alone && !sameAddress(running?.listeningTls, settings.tls))
    await requireFreePort(settings.tls, '--https');
  await start(routerSpec(layout, { listen, settings, thumbprint }), supervisor);
  const health = await answer(router, layout);
  if (health.version !== version) {
    const { pid } = await router.upgrade();
    await supervisor.replace(processId, pid);
  }
  return router;
}

/** The program may have been removed, or have moved, since it was chosen. */
function requireProgram({ kind, program }: RouterSettings): void {
  if (kind !== 'embedded' && !(program !== null && existsSync(program))) findProgram(kind);
}

function sameAddress(a: Address | null | undefined, b: Address): boolean {
  return a?.host === b.host && a.port === b.port;
}

/**
 * Throws `wiring/port-taken` unless this process could listen there.
 *
 * @param flag - By which a person chooses the address.
 */
export async function requireFreePort(
  { host, port }: Address,
  flag: '--http' | '--https' = '--http',
): Promise<void> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
  } catch (error) {
    throw portProblem({ host, port }, flag, error);
  } finally {
    server.close();
  }
}

function portProblem({ host, port }: Address, flag: '--http' | '--https', error: unknown): CodedError {
  const usual = flag === '--http' ? 8080 : 8443;
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EACCES') {
    return new CodedError('wiring/port-forbidden', `this user may not listen on port ${port}`, {
      help: `take a port above 1023: slipway up ${flag} 127.0.0.1:${usual}`,
      cause: error,
    });
  }
  if (code === 'EADDRINUSE') {
    return new CodedError('wiring/port-taken', `port ${port} on ${host} is taken by another program`, {
      help: `take another: slipway up ${flag} ${host}:${port < 65_000 ? port + 1 : port - 1}`,
      cause: error,
    });
  }
  const why = code === 'EADDRNOTAVAIL' ? 'this machine has no such address' : (error as Error).message;
  return new CodedError('wiring/bad-address', `cannot listen on ${host}:${port}: ${why}`, {
    help: `name an address of this machine: slipway up ${flag} 127.0.0.1:${usual}`,
    cause: error,
  });
}

function routerSpec(
  layout: Layout,
  { listen, settings, thumbprint }: { listen: Listen; settings: RouterSettings; thumbprint: string | null },
): ProcessSpec {
  const { state, control, log } = layout.router;
  const { kind, program, tls, ownConfig, trustedProxies } = settings;
  const flag = (name: string, value: string) => [name, value];
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
      addressText(listen),
      ...(program !== null && existsSync(program) ? ['--program', program] : []),
      ...(tls ? ['--listen-tls', addressText(tls), '--certificates', tls.certificates] : []),
      ...ownConfig.flatMap((file) => flag('--own-config', file)),
      ...trustedProxies.flatMap((range) => flag('--trust-proxy', range)),
      // In one word, for one in 64 begins with a dash.
      ...(thumbprint === null ? [] : [`--acme-thumbprint=${thumbprint}`]),
    ],
    cwd: layout.home,
    env: { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', NODE_COMPILE_CACHE: layout.compileCache },
    logFile: log,
    restart: 'always',
    needsPort: false,
    stopGraceMs: 30_000,
  };
}

/** `127.0.0.1:8080`, `[::1]:8080` */
export function addressText({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
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
