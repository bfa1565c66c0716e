import { mkdirSync, readFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { resolve } from 'node:path';
import { CodedError } from '../diagnostics/index.ts';
import { serveControl } from './control-server.ts';
import { Keeper } from './keeper.ts';
import { takeLock } from './lock.ts';
import { exitAlreadyRunning, supervisorPaths } from './paths.ts';

/*
 * The supervisor's own process: `node main.ts --home DIR`. It writes to the log that its starter gave it as stdout.
 * It ends only when told to, and its children do not notice.
 */

/** How long a client may take to read the last answer. */
const lastAnswerMs = 2000;

await main();

async function main(): Promise<void> {
  const flag = process.argv.indexOf('--home');
  const home = flag === -1 ? undefined : process.argv[flag + 1];
  if (home === undefined) {
    console.error('usage: node main.ts --home DIR');
    process.exit(2);
  }
  try {
    await supervise(resolve(home));
  } catch (error) {
    say(error instanceof CodedError ? `${error.message} (${error.code})` : String((error as Error).stack));
    process.exit(1);
  }
}

async function supervise(home: string): Promise<void> {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const paths = supervisorPaths(home);
  const taken = takeLock(paths.locks);
  if (taken) {
    say(`process ${taken.holder.pid} supervises ${home} already`);
    process.exit(exitAlreadyRunning);
  }
  // Children get a known one, whatever the starter had.
  process.umask(0o022);
  outliveTheStarter();
  const keeper = new Keeper({ paths, version: readVersion(), say, onShutdown: () => end() });
  keeper.begin();
  const server = await serveControl(paths.socket, keeper);
  say(`supervising ${home}`);
  // One that is killed would leave nothing of this behind.
  flushCompileCache();
  const end = () => {
    say('ending as asked; what runs is left as it is');
    // The answer to the request that asked for it still goes out.
    server.close(() => process.exit(0));
    setTimeout(() => process.exit(0), lastAnswerMs);
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
}

/** No terminal that closes and no mistake of ours takes the supervisor down: its children need it to be restarted. */
function outliveTheStarter(): void {
  process.on('SIGHUP', () => say('SIGHUP ignored'));
  process.on('uncaughtException', (error) => say(`going on after: ${error.stack ?? error.message}`));
  process.on('unhandledRejection', (reason) => say(`going on after: ${String(reason)}`));
}

function readVersion(): string {
  try {
    const manifest: unknown = JSON.parse(
      readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
    );
    return (manifest as { version: string }).version;
  } catch {
    return 'unknown';
  }
}

function say(message: string): void {
  try {
    console.log(`${new Date().toISOString()} [${process.pid}] ${message}`);
  } catch {
    // A full disk must not end the supervisor.
  }
}
