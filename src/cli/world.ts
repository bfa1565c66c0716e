import { userInfo } from 'node:os';
import type { CliContext, CommonOptions } from './context.ts';
import { defaultHome } from './home.ts';
import { terminalOf } from './terminal.ts';

/** The world as it is. Rooms are loaded when they are first needed, so that a short command starts quickly. */
export function realWorld(options: CommonOptions): CliContext {
  const noColor = options.color === false;
  const { env } = process;
  const uid = process.getuid?.() ?? -1;
  return {
    cwd: process.cwd(),
    env,
    uid,
    user: userName(env),
    stdin: process.stdin,
    stdout: process.stdout,
    out: terminalOf(process.stdout, env, noColor),
    err: terminalOf(process.stderr, env, noColor),
    nowMs: () => Date.now(),
    onInterrupt,
    connect: async (place) =>
      (await import('../server/index.ts')).connectServer(place, {
        remoteCommand: env.SLIPWAY_REMOTE_COMMAND || undefined,
      }),
    defaultHome: () => defaultHome(env, uid),
    startServer: async (request) => (await import('../server/index.ts')).startServer(request),
    chooseRouter: async (home, wish) =>
      (await import('../wiring/index.ts')).chooseRouter(home, wish, process.cwd()),
    runServer: async (request) => (await import('../server/index.ts')).runServer(request),
    stopServer: async (request) => (await import('../server/index.ts')).stopServer(request),
    openRepository: async () => (await import('../source/index.ts')).openRepository(process.cwd()),
    machineEnvironment: async (extra) => (await import('../runner/index.ts')).machineEnvironment(env, extra),
    readWorkTree: async () => (await import('../source/index.ts')).readWorkTree(process.cwd()),
    planLocally: async (request, reading) =>
      (await import('../local/index.ts')).planLocally(request, reading),
    affectedBy: async (request, saved) => (await import('../local/index.ts')).affectedBy(request, saved),
    exitNow: (code) => process.exit(code),
    runLocally: async (plan, request, controls) =>
      (await import('../local/index.ts')).runLocally(plan, request, controls),
  };
}

function onInterrupt(callback: () => void): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, callback);
  return () => {
    for (const signal of signals) process.off(signal, callback);
  };
}

/** A user without an entry in the machine's list still has a name to sign with. */
function userName(env: NodeJS.ProcessEnv): string {
  try {
    return userInfo().username;
  } catch {
    return env.USER ?? 'unknown';
  }
}
