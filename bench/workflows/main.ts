import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { cases, stampsFile, type Case } from './cases.ts';
import { linesFloorMs, stepsFloorMs } from './floor.ts';
import { findPeers, type Peer } from './peers.ts';

/*
 * `slipway run` beside the floor, act and gitlab-ci-local: whole commands, wall time, medians, in turn within each round so
 * that a busy moment hits all of them.
 *
 *   node bench/workflows/main.ts [--rounds 3] [--install-peers] [--only "100 steps"] [--json]
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    'install-peers': { type: 'boolean', default: false },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const slipway = [process.execPath, resolve(import.meta.dirname, '../../bin/slipway.js'), 'run', 'push'];
const { found: peers, missing } = findPeers({ install: values['install-peers'] });
const folder = mkdtempSync(join(tmpdir(), 'sw-bench-'));
const stamps = join(folder, 'stamps');
const samples = new Map<string, number[]>();

function note(row: string, runner: string, ms: number): void {
  const key = `${row}\t${runner}`;
  samples.set(key, [...(samples.get(key) ?? []), ms]);
}

function median(row: string, runner: string): number | null {
  const sorted = [...(samples.get(`${row}\t${runner}`) ?? [])].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}

/** A repository with one commit that both languages read. */
function repositoryOf(one: Case): string {
  const root = join(folder, one.name.replaceAll(' ', '-'));
  const write = (path: string, text: string) =>
    writeFileSync(join(root, path), `${text.replaceAll(stampsFile, stamps)}\n`);
  mkdirSync(join(root, '.github/workflows'), { recursive: true });
  write('.github/workflows/ci.yml', one.workflow);
  write('.gitlab-ci.yml', one.gitlab);
  writeFileSync(join(root, '.gitignore'), '.gitlab-ci-local/\n');
  const git = (...words: string[]) =>
    execFileSync('git', ['-c', 'user.name=bench', '-c', 'user.email=bench@localhost', ...words], {
      cwd: root,
      stdio: 'ignore',
    });
  git('init', '--initial-branch', 'main');
  git('remote', 'add', 'origin', 'git@gitlab.com:bench/bench.git');
  git('add', '--all');
  git('commit', '--message', 'Bench');
  return root;
}

/** Wall time of a whole command; its output is read and dropped. @throws when it fails, since a failure is quick. */
function timeMs(argv: string[], cwd: string): Promise<number> {
  const [program = '', ...args] = argv;
  const startedMs = performance.now();
  return new Promise((done, reject) => {
    let tail = '';
    const env = { ...process.env, SLIPWAY_HOME: join(folder, 'home') };
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        tail = (tail + chunk.toString('utf8')).slice(-2000);
      });
    }
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) done(performance.now() - startedMs);
      else reject(new Error(`${argv.join(' ')} ended with ${code}:\n${tail}`));
    });
  });
}

async function floorMs(one: Case, nodeMs: number): Promise<number> {
  if (one.idealSeconds !== null) return one.idealSeconds * 1000;
  if (one.name === '100 steps') return nodeMs + (await stepsFloorMs(folder, Array(100).fill(':\n')));
  if (one.name === '100k lines') return nodeMs + (await linesFloorMs(['bash', '-e', '-c', 'seq 100000']));
  return nodeMs;
}

async function noteFloor(one: Case): Promise<void> {
  const ms = await floorMs(one, await timeMs([process.execPath, '-e', '0'], folder));
  note(one.name, 'floor', ms);
  if (one.stamps) note(one.stamps.row, 'floor', ms);
}

/** What the steps' own clocks say, in milliseconds. */
function stampedMs({ from }: NonNullable<Case['stamps']>, startedAtMs: number): number {
  const lines = readFileSync(stamps, 'utf8').trimEnd().split('\n');
  const timesMs = lines.map((line) => Number(BigInt(line) / 1000n) / 1000);
  const first = Math.min(...timesMs);
  return from === 'first step' ? Math.max(...timesMs) - first : first - startedAtMs;
}

async function measure(one: Case, root: string, runner: 'slipway' | Peer): Promise<void> {
  const argv = runner === 'slipway' ? slipway : runner.argv;
  const name = runner === 'slipway' ? runner : runner.name;
  rmSync(stamps, { force: true });
  try {
    const startedAtMs = performance.timeOrigin + performance.now();
    note(one.name, name, await timeMs(argv, root));
    if (one.stamps) note(one.stamps.row, name, stampedMs(one.stamps, startedAtMs));
  } catch (error) {
    if (runner === 'slipway') throw error;
    missing.push(`${name}, ${one.name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function print(all: Case[]): void {
  const rows = all.flatMap((one) => [
    { name: one.name, what: one.what },
    ...(one.stamps ? [{ name: one.stamps.row, what: one.stamps.what }] : []),
  ]);
  const show = (ms: number | null) => (ms === null ? '–' : `${(ms / 1000).toFixed(2)} s`);
  const columns = ['floor', 'slipway', ...peers.map(({ name }) => name)];
  console.log(
    `${'medians'.padEnd(16)}${columns.map((name) => name.padStart(17)).join('')}   slipway ÷ floor`,
  );
  for (const { name } of rows) {
    const medians = columns.map((column) => median(name, column));
    const [floor = null, ours = null] = medians;
    const ratio = floor !== null && ours !== null ? `${(ours / floor).toFixed(2)}x` : '–';
    if (values.json)
      console.log(
        JSON.stringify({
          row: name,
          ms: Object.fromEntries(columns.map((column, at) => [column, medians[at]])),
        }),
      );
    else
      console.log(
        `${name.padEnd(16)}${medians.map((ms) => show(ms).padStart(17)).join('')}   ${ratio.padStart(8)}`,
      );
  }
  for (const { name, what } of rows) console.log(`  ${name}: ${what}`);
  for (const { name, version } of peers) console.log(`  ${name} ${version}`);
  const load = loadavg().map((each) => each.toFixed(1));
  console.log(`  load of the machine in the last 1, 5 and 15 minutes: ${load.join(', ')}`);
  for (const line of new Set(missing)) console.log(`  not measured: ${line}`);
}

try {
  const rows = cases.filter(({ name }) => values.only === undefined || name === values.only);
  const roots = rows.map(repositoryOf);
  // As npm ci leaves it.
  execFileSync(process.execPath, [resolve(import.meta.dirname, '../../scripts/build.ts')]);
  // Once before, since a first run of all fills the caches of compiled code.
  for (const root of roots.slice(0, 1)) await timeMs(slipway, root);
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [index, one] of rows.entries()) {
      await noteFloor(one);
      for (const runner of ['slipway' as const, ...peers]) await measure(one, roots[index] ?? '', runner);
    }
  }
  print(rows);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
