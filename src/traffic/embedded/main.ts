import { flushCompileCache } from 'node:module';
import { CodedError } from '../../diagnostics/index.ts';
import { parseArguments } from './arguments.ts';
import { log, messageOf } from './log.ts';
import { RouterProcess } from './router-process.ts';

/*
 * The embedded router: a process of its own, so that Slipway can stop, crash and be replaced without a user noticing.
 * Says nothing on stdout; one JSON line an event on stderr.
 */

function die(event: string, error: unknown): never {
  const { code, help } = error instanceof CodedError ? error : { code: undefined, help: undefined };
  log('error', event, {
    code,
    message: messageOf(error),
    help,
    stack: error instanceof Error ? error.stack : undefined,
  });
  process.exit(1);
}

process.on('uncaughtException', (error) => die('uncaught', error));
process.on('SIGHUP', () => {});
// A terminal's Ctrl-C goes to the whole group; both mean the same here.
let router: RouterProcess | undefined;
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.on(signal, () => {
    if (!router) process.exit(0);
    void router.leave('terminated').then(() => process.exit(0));
  });

try {
  router = new RouterProcess(parseArguments(process.argv.slice(2)));
  await router.start();
  // One that is killed would leave nothing of this behind.
  flushCompileCache();
} catch (error) {
  die('start-failed', error);
}
