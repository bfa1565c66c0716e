import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { homeDiskWarnings } from './disk-room.ts';
import { layoutOf } from './layout.ts';
import { keepLogs, oldestLogMs } from './log-keeping.ts';

let home: string;

beforeEach(() => (home = mkdtempSync(join(tmpdir(), 'slipway-logs-'))));
afterEach(() => rmSync(home, { recursive: true, force: true }));

function write(path: string, text: string, ageMs = 0): string {
  const file = join(home, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  const at = new Date(Date.now() - ageMs);
  utimesSync(file, at, at);
  return file;
}

function look(written: () => Promise<string[]> = () => Promise.resolve([])) {
  const errors: unknown[] = [];
  return keepLogs({
    layout: layoutOf(home),
    written,
    now: () => Date.now(),
    onError: (error) => errors.push(error),
    longestBytes: 1_000,
  }).then((kept) => ({ ...kept, errors }));
}

test('a log that has grown too long is put aside, and a process that has it open goes on at its beginning', async () => {
  const file = write('apps/shop/logs/production/r1-web-1.log', 'x'.repeat(2_000));
  const log = openSync(file, 'a');
  const child = spawn('sh', ['-c', 'read line; echo "said $line"'], { stdio: ['pipe', log, 'inherit'] });
  expect(await look()).toEqual({ putAside: [file], removed: [], errors: [] });
  child.stdin?.end('afterwards\n');
  await once(child, 'close');
  expect(readFileSync(file, 'utf8')).toBe('said afterwards\n');
  expect(readFileSync(`${file}.1`, 'utf8')).toBe('x'.repeat(2_000));
  expect((await look()).putAside).toEqual([]);
});

test('a short log stays, and nothing but logs is touched', async () => {
  const kept = [
    write('apps/shop/logs/production/r1-web-1.log', 'short'),
    write('apps/shop/logs/builds/abc.log', 'built'),
    write('apps/shop/data/production/big.log', 'x'.repeat(2_000), 2 * oldestLogMs),
    write('logs/server.log', 'listens'),
    write('slipway.db', 'x'.repeat(2_000), 2 * oldestLogMs),
  ];
  expect(await look()).toEqual({ putAside: [], removed: [], errors: [] });
  expect(kept.filter((file) => !existsSync(file))).toEqual([]);
});

test('an old log goes, but not that of something that runs, and none while that is not known', async () => {
  const old = write('apps/shop/logs/production/r1-web-1.log', 'long ago', 2 * oldestLogMs);
  const aside = write('apps/shop/logs/production/r1-web-1.log.1', 'longer ago', 2 * oldestLogMs);
  const quiet = write('apps/shop/logs/production/r2-web-1.log', 'quiet', 2 * oldestLogMs);
  const unknown = () => Promise.reject(new Error('the supervisor does not answer'));
  expect((await look(unknown)).removed).toEqual([]);
  expect((await look(() => Promise.resolve([quiet]))).removed.toSorted()).toEqual([old, aside]);
  expect(existsSync(quiet)).toBe(true);
});

test('a disk of the home that is nearly full is told, with what to type', async () => {
  const always = { percent: 101, bytes: Infinity };
  expect(await homeDiskWarnings(home, { ...always, percent: 0 })).toEqual([]);
  expect(await homeDiskWarnings(home, { ...always, bytes: 0 })).toEqual([]);
  expect(await homeDiskWarnings(home, always)).toEqual([
    expect.stringMatching(
      /^only [\d.]+ % \([\d.]+ GiB\) of the disk of \/.* is free; .*: du -ah .* \| sort -h/,
    ),
  ]);
  expect(await homeDiskWarnings(join(home, 'nowhere'), always)).toEqual([]);
});
