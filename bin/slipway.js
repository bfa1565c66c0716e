#!/usr/bin/env node
// Plain JavaScript that any Node from 20 on reads: it finds a Node that is new enough and hands over to it.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import module from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const oldestMajor = 24;
const here = dirname(fileURLToPath(import.meta.url));

if (Number(process.versions.node.split('.')[0]) < oldestMajor) handOver();
else {
  // Commands start twice as fast; where the folder cannot be written, nothing is kept.
  module.enableCompileCache(join(here, '../node_modules/.cache/slipway'));
  const root = join(here, '..');
  if (isBuilt(root)) module.createRequire(import.meta.url)(join(root, 'dist/main.cjs'));
  else await import(pathToFileURL(source(root)).href);
}

function source(root) {
  const file = join(root, 'src/cli/main.ts');
  if (!existsSync(file)) fail('this installation of slipway is incomplete: install it again');
  return file;
}

/** Whether dist/ is made of the sources as they are now. */
function isBuilt(root) {
  try {
    const list = join(root, 'dist/inputs');
    const builtAtMs = statSync(list).mtimeMs;
    const inputs = readFileSync(list, 'utf8').split('\n');
    return inputs.every((path) => statSync(join(root, path)).mtimeMs < builtAtMs);
  } catch {
    return false;
  }
}

/** The Node that the npm package `node` brings, in the nearest node_modules upwards. */
function findNode() {
  for (let folder = here; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules/node/bin/node');
    if (existsSync(candidate)) return candidate;
    if (folder === dirname(folder)) {
      fail(
        `slipway needs Node ${oldestMajor} or newer, and this is ${process.version}`,
        'install one from https://nodejs.org, or let npm bring it: npm install (and npm approve-scripts node, if npm asks)',
      );
    }
  }
}

function handOver() {
  const child = spawn(findNode(), [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']) {
    // A terminal sends Ctrl-C to the child by itself; a second one would read as impatience.
    process.on(signal, () => {
      const fromTerminal = process.stdin.isTTY && (signal === 'SIGINT' || signal === 'SIGQUIT');
      if (!fromTerminal) child.kill(signal);
    });
  }
  child.on('error', (error) => fail(`Node could not be started: ${error.message}`));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
  });
}

function fail(message, help) {
  console.error(`error[cli/no-node]: ${message}${help === undefined ? '' : `\n  = help: ${help}`}`);
  process.exit(2);
}
