import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CodedError, type Finding } from '../diagnostics/index.ts';
import { ensureSupervisor, leanNode } from '../supervisor/index.ts';
import { endContainers, layoutOf, requireFreePort, type HealthView, type Layout } from '../wiring/index.ts';
import { connectServer, type ServerClient } from './client.ts';
import { shareCompiledCode } from './compiled-code.ts';
import { entranceOf } from './door-place.ts';
import {
  answers,
  parseListen,
  rememberedStart,
  rememberStart,
  waitUntilSilent,
  type StartRequest,
} from './run-server.ts';

const startTimeoutMs = 90_000;
const stopTimeoutMs = 60_000;
const lookEveryMs = 25;
/** Ports tried when nobody asked for one and the usual one is taken. */
const otherPorts = 50;

/**
 * Starts the server of a home as a process of its own, or finds the one that runs.
 *
 * @param request.listen - Null takes the address of the last start, else the first free one from 127.0.0.1:8080 up.
 * @throws CodedError with the reason that the server itself gave.
 */
export async function startServer(
  request: Omit<StartRequest, 'listen'> & { listen: string | null },
): Promise<{ health: HealthView; started: boolean }> {
  const layout = layoutOf(request.home);
  const client = connectServer({ home: request.home });
  try {
    // The home of another user: its server is found, or not, by the door, and is never started from here.
    if (entranceOf(request.home).person !== null) return { health: await client.health(), started: false };
    const running = await healthOfRunning(client, layout);
    if (running) {
      if (request.listen !== null && running.listen !== request.listen)
        throw runsElsewhere(running, request.listen);
      return { health: running, started: false };
    }
    const last = await rememberedStart(layout);
    const listen = request.listen ?? last?.listen ?? (await firstFree());
    parseListen(listen);
    const { databaseUrl = '', dockerHost = '' } = last ?? {};
    await rememberStart(layout, { ...request, listen, databaseUrl, dockerHost });
    await spawnServer(layout);
    return { health: await client.health(), started: true };
  } finally {
    client.close();
  }
}

/**
 * Stops the server; with `all`, every app, the router and the supervisor too. What is stopped already is fine.
 *
 * @returns What went wrong without keeping anything from ending, as sentences.
 */
export async function stopServer({ home, all }: { home: string; all: boolean }): Promise<string[]> {
  const layout = layoutOf(home);
  const { person } = entranceOf(home);
  if (person !== null) {
    const client = connectServer({ home });
    await client.shutdown(all).finally(() => client.close());
    return [];
  }
  if (await answers(layout.serverSocket)) {
    const client = connectServer({ home });
    await client.shutdown(false).finally(() => client.close());
    if (!(await waitUntilSilent(layout.serverSocket, stopTimeoutMs))) {
      throw new CodedError(
        'server/does-not-stop',
        `the server of ${home} has not stopped within ${stopTimeoutMs / 1000} s`,
        {
          help: `read its log: ${layout.serverLog}`,
        },
      );
    }
  }
  if (!all) return [];
  const supervisor = await ensureSupervisor(home);
  await supervisor.shutdown({ stopAll: true });
  return endContainers(layout, (await rememberedStart(layout))?.dockerHost ?? null);
}

/** Null when no server runs. One that was ended just now may still take connections, and answers none of them. */
async function healthOfRunning(client: ServerClient, layout: Layout): Promise<HealthView | null> {
  if (!(await answers(layout.serverSocket))) return null;
  try {
    return await client.health();
  } catch (error) {
    const away = error instanceof CodedError && error.code === 'server/unreachable';
    if (!away || !(await waitUntilSilent(layout.serverSocket, stopTimeoutMs))) throw error;
    return null;
  }
}

async function firstFree(): Promise<string> {
  for (let port = 8080; port < 8080 + otherPorts; port++) {
    const free = await requireFreePort({ host: '127.0.0.1', port }).then(
      () => true,
      () => false,
    );
    if (free) return `127.0.0.1:${port}`;
  }
  throw new CodedError('server/no-free-port', `every port from 8080 to ${8080 + otherPorts - 1} is taken`, {
    help: 'name one: slipway up --http 127.0.0.1:9000',
  });
}

async function spawnServer(layout: Layout): Promise<void> {
  mkdirSync(dirname(layout.serverLog), { recursive: true, mode: 0o700 });
  shareCompiledCode(layout);
  const log = openSync(layout.serverLog, 'a', 0o600);
  const from = statSync(layout.serverLog).size;
  const entry = fileURLToPath(
    new URL(`./main.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url),
  );
  const child = spawn(process.execPath, [...leanNode, entry, layout.home], {
    detached: true,
    stdio: ['ignore', log, log],
    cwd: layout.home,
    env: serverEnvironment(layout),
  });
  closeSync(log);
  let ended = false;
  child.on('exit', () => (ended = true));
  child.on('error', () => (ended = true));
  child.unref();
  const deadline = performance.now() + startTimeoutMs;
  while (!(await answers(layout.serverSocket))) {
    if (ended || performance.now() > deadline) throw notStarted(layout, from);
    await sleep(lookEveryMs);
  }
}

/** The server itself needs little; what jobs get is in server.json. */
function serverEnvironment(layout: Layout): NodeJS.ProcessEnv {
  const { PATH, HOME, LANG, TZ, SSH_AUTH_SOCK } = process.env;
  const { SLIPWAY_DATABASE_URL, SLIPWAY_REMOTE_COMMAND, DOCKER_HOST } = process.env;
  const usual = { PATH, HOME, LANG, TZ, SSH_AUTH_SOCK };
  const known = { ...usual, SLIPWAY_DATABASE_URL, SLIPWAY_REMOTE_COMMAND, DOCKER_HOST };
  const env = { ...known, NODE_COMPILE_CACHE: layout.compileCache };
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined));
}

function notStarted(layout: Layout, from: number): CodedError {
  const log = readFileSync(layout.serverLog).subarray(from).toString('utf8');
  const said = /^slipway-start-failed (.*)$/m.exec(log)?.[1];
  if (said !== undefined) {
    const { code, message, notes, help } = JSON.parse(said) as Finding;
    return new CodedError(code, message, { notes, help });
  }
  return new CodedError('server/not-started', 'the server did not start', {
    notes: log.trim().split('\n').slice(-8),
    help: `read its log: ${layout.serverLog}`,
  });
}

function runsElsewhere(health: HealthView, wanted: string): CodedError {
  return new CodedError(
    'server/runs-elsewhere',
    `the server runs already, and takes requests at ${health.listen}, not ${wanted}`,
    {
      help: `stop it first (apps go on): slipway down && slipway up --http ${wanted}`,
    },
  );
}
