import { flushCompileCache } from 'node:module';
import { CodedError } from '../../diagnostics/index.ts';
import { log, messageOf } from '../embedded/log.ts';
import { RouterAgent } from './agent-process.ts';
import type { DriverFactory } from './driver.ts';
import type { ProgramKind } from './programs.ts';
import { parseSettings } from './settings.ts';

/*
 * The agent beside a router that is another's program: a process of its own, under the supervisor like the embedded
 * router. Says nothing on stdout; one JSON line an event on stderr.
 */

/** Loaded only for the one in use. */
const drivers: Record<ProgramKind, () => Promise<DriverFactory>> = {
  haproxy: async () => (await import('../haproxy/index.ts')).createHaproxyDriver,
  caddy: async () => (await import('../caddy/index.ts')).createCaddyDriver,
  traefik: async () => (await import('../traefik/index.ts')).createTraefikDriver,
  nginx: async () => (await import('../nginx/index.ts')).createNginxDriver,
};

function die(event: string, error: unknown): never {
  const { code, help, notes } = error instanceof CodedError ? error : {};
  log('error', event, {
    code,
    message: messageOf(error),
    help,
    notes,
    stack: error instanceof Error ? error.stack : undefined,
  });
  process.exit(1);
}

process.on('uncaughtException', (error) => die('uncaught', error));
process.on('SIGHUP', () => {});
// A terminal's Ctrl-C goes to the whole group; both mean the same here.
let agent: RouterAgent | undefined;
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.on(signal, () => {
    if (!agent) process.exit(0);
    void agent.leave().then(() => process.exit(0));
  });

try {
  const settings = parseSettings(process.argv.slice(2));
  agent = new RouterAgent(settings, await drivers[settings.kind]());
  await agent.start();
  // One that is killed would leave nothing of this behind.
  flushCompileCache();
} catch (error) {
  die('start-failed', error);
}
