import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const commandFiles = ['env', 'output', 'path', 'state', 'summary'];

/**
 * The least that any runner in JavaScript pays for a step: a script file and five command files written, a shell started,
 * its output read, the files read back and removed.
 *
 * @returns Milliseconds for all of them, one after the other, without the start of this process.
 */
export async function stepsFloorMs(folder: string, scripts: readonly string[]): Promise<number> {
  const startedMs = performance.now();
  for (const [index, script] of scripts.entries()) {
    const path = join(folder, `step-${index}.sh`);
    const files = commandFiles.map((name) => join(folder, `${name}-${index}`));
    writeFileSync(path, script);
    for (const file of files) writeFileSync(file, '');
    await lines(['bash', '-e', path]);
    for (const file of files) {
      readFileSync(file);
      rmSync(file);
    }
    rmSync(path);
  }
  return performance.now() - startedMs;
}

/** Runs a program and splits its output into lines; milliseconds. */
export async function linesFloorMs(argv: string[]): Promise<number> {
  const startedMs = performance.now();
  await lines(argv);
  return performance.now() - startedMs;
}

function lines([program = '', ...args]: string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let count = 0;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        count += chunk.toString('utf8').split('\n').length - 1;
      });
    }
    child.once('error', reject);
    child.once('close', () => resolve(count));
  });
}
