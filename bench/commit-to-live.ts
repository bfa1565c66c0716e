import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { splitOf, type Split } from '../scripts/demo/timing.ts';
import type { ShipView } from '../src/wiring/index.ts';

/*
 * Seconds from `git commit` to live in production, split into the pipeline's own work (some step ran) and Slipway's share
 * (everything else: sending the commit, scheduling, the release, starting, health checks, moving traffic).
 * The app is examples/plain; the first ship, which installs Node and fills caches, is shown but not counted.
 *
 *   node bench/commit-to-live.ts [--ships 5]
 */
const { values } = parseArgs({ options: { ships: { type: 'string', default: '5' } } });
const folder = mkdtempSync(join(tmpdir(), 'sw-bench-'));
const home = join(folder, 'h');
const repository = join(folder, 'plain');
const command = resolve(import.meta.dirname, '../bin/slipway.js');

function slipway(...words: string[]): string {
  return execFileSync(process.execPath, [command, ...words, '--home', home], {
    cwd: repository,
    encoding: 'utf8',
  });
}

function git(...words: string[]): void {
  const identity = ['-c', 'user.name=bench', '-c', 'user.email=bench@localhost'];
  execFileSync('git', [...identity, ...words], { cwd: repository, stdio: 'ignore' });
}

function shipOnce(turn: number): Split {
  writeFileSync(join(repository, 'CHANGES.md'), `change ${turn}\n`);
  git('add', '--all');
  git('commit', '--message', `Change ${turn}`);
  const committedAtMs = Date.now();
  const lines = slipway('ship', '--json').trim().split('\n');
  const ship = JSON.parse(lines.at(-1) ?? '{}') as ShipView;
  const live = ship.rollouts[0]?.liveAtMs;
  if (ship.state !== 'succeeded' || !live)
    throw new Error(`ship ${turn} ended ${ship.state}: ${ship.reason ?? ''}`);
  return splitOf({ ship, committedAtMs, endedAtMs: live, waits: [] });
}

function median(numbers: number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function row(name: string, { totalMs, pipelineMs, slipwayMs }: Omit<Split, 'waitedMs'>): string {
  const cells = [totalMs, pipelineMs, slipwayMs].map((ms) => (ms / 1000).toFixed(2).padStart(12));
  return name.padEnd(10) + cells.join('');
}

try {
  cpSync(resolve(import.meta.dirname, '../examples/plain'), repository, { recursive: true });
  writeFileSync(join(repository, 'slipway.yml'), 'environments:\n  production: { bake: 0s }\n');
  git('init', '--initial-branch=main');
  slipway('up');
  console.log(
    `${'seconds'.padEnd(10)}${'to live'.padStart(12)}${'pipeline'.padStart(12)}${"Slipway's".padStart(12)}`,
  );
  console.log(row('first', shipOnce(0)));
  const splits = Array.from({ length: Number(values.ships) }, (_, turn) => shipOnce(turn + 1));
  const of = (key: keyof Split) => median(splits.map((split) => split[key]));
  console.log(
    row('median', { totalMs: of('totalMs'), pipelineMs: of('pipelineMs'), slipwayMs: of('slipwayMs') }),
  );
} finally {
  slipway('down', '--all');
  rmSync(folder, { recursive: true, force: true });
}
