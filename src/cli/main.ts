import { readFileSync } from 'node:fs';
import { runCli } from './cli.ts';
import { realWorld } from './world.ts';

/* The command's own process: what bin/slipway.js starts. */

// A reader that has seen enough (`slipway logs | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

// Node's own code for work that waits for what never comes.
process.exitCode = 13;
// Without a top-level await, which the file that scripts/build.ts makes of this could not have.
void runCli({
  words: process.argv.slice(2),
  version: readVersion(),
  contextFor: realWorld,
}).then((exitCode) => {
  process.exitCode = exitCode;
});

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return (manifest as { version: string }).version;
}
