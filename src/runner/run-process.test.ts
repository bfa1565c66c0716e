import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { defaultPatience, runProcess, type ProcessEnd } from './run-process.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-process-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs a script; `onLine` is called beside keeping the line. */
function run(script: string, onLine: (line: string) => void = () => {}) {
  const lines: string[] = [];
  const end: Promise<ProcessEnd> = runProcess({
    argv: ['/bin/sh', '-c', script],
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '' },
    onLine: (line) => {
      lines.push(line);
      onLine(line);
    },
    signal: new AbortController().signal,
    patience: defaultPatience,
  });
  return { lines, end };
}

test('what a program wrote is known at its end, however late the process that reads it is', async () => {
  const slow = run('echo $$ > slow; until test -e go; do sleep 0.01; done; echo written');
  blockUntil(() => written('slow') !== '');
  const pid = Number(written('slow'));
  const quick = run('echo $$ > quick; echo hello', () => {
    // Both ends are noticed in this turn of the loop, which has already looked at the pipes of the slow one.
    writeFileSync(join(folder, 'go'), '');
    blockUntil(() => isZombie(pid));
    // And the next turn begins so late that every timer is due before it looks at pipes again.
    setImmediate(() => block(500));
  });
  blockUntil(() => written('quick') !== '' && zombies() === 1);
  expect(await slow.end).toEqual({ code: 0, signal: null });
  expect(slow.lines).toEqual(['written']);
  await quick.end;
});

test('what a program left in the background may still say a word, and is not waited for', async () => {
  const left = run('{ echo a word; exec sleep 60; } & echo $! > left');
  expect(await left.end).toEqual({ code: 0, signal: null });
  expect(left.lines).toEqual(['a word']);
  process.kill(Number(written('left')));
});

function written(file: string): string {
  const path = join(folder, file);
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function blockUntil(holds: () => boolean): void {
  while (!holds()) block(5);
}

function isZombie(pid: number): boolean {
  return readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
}

/** Children of this process that have ended and were not noticed yet. */
function zombies(): number {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      return stat.slice(stat.lastIndexOf(')') + 2).startsWith(`Z ${process.pid} `);
    } catch {
      return false;
    }
  }).length;
}
