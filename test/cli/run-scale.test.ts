import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { printed, RunRig, type Ended } from './run-rig.ts';

interface JobView {
  name: string;
  state: string;
  steps: { state: string }[];
}

const on = 'on: push\njobs:\n';
const job = (id: string, steps: string, settings = '') =>
  `  ${id}:\n    runs-on: ubuntu-latest\n${settings}    steps:\n${steps
    .trim()
    .split('\n')
    .map((line) => `      ${line}`)
    .join('\n')}\n`;

/** The last state that programs are told. */
function lastView({ out }: Ended): { state: string; jobs: JobView[] } {
  const last = JSON.parse(out.trimEnd().split('\n').at(-1) ?? '{}') as {
    state: string;
    runs: { jobs: JobView[] }[];
  };
  return { state: last.state, jobs: last.runs.flatMap(({ jobs }) => jobs) };
}

test('five hundred jobs in one run all end, what fails is found among them, and memory stays bounded', async () => {
  const numbers = Array.from({ length: 250 }, (_, index) => index + 1);
  const matrix = `    strategy:\n      fail-fast: false\n      matrix:\n        n: [${numbers.join(', ')}]\n`;
  using rig = new RunRig({
    'ci.yml': `${on}${job('first', '- run: echo one ${{ matrix.n }}', matrix)}${job(
      'second',
      '- run: test ${{ matrix.n }} != 77',
      `    needs: first\n${matrix}`,
    )}`,
  });
  const { child, ended } = rig.start([]);
  let peakKib = 0;
  const timer = setInterval(() => {
    peakKib = Math.max(peakKib, residentKib(child.pid ?? 0));
  }, 100);
  const { out, code, err } = await ended;
  clearInterval(timer);
  expect(err).toBe('');
  expect(code).toBe(1);
  expect(out).toContain('✗ 500 jobs: 499 passed, 1 failed in');
  expect(out.match(/^first \(\d+\) \| ✓ success/gm)).toHaveLength(250);
  expect(out.match(/^second \(\d+\) \| ✓ success/gm)).toHaveLength(249);
  expect(out).toContain('✗ second (77) › Run test 77 != 77');
  expect(peakKib).toBeGreaterThan(0);
  expect(peakKib).toBeLessThan(400 * 1024);
});

test('a graph of two hundred jobs runs in the order of its needs', async () => {
  const width = 50;
  const id = (index: number) => `j${index}`;
  const jobs = Array.from({ length: 200 }, (_, index) => {
    const before =
      index < width
        ? []
        : [id(index - width), id(((index + 1) % width) + (Math.floor(index / width) - 1) * width)];
    return job(id(index), `- run: echo ${id(index)}`, `    needs: [${before.join(', ')}]\n`);
  });
  using rig = new RunRig({ 'ci.yml': on + jobs.join('') });
  const ended = await rig.run();
  expect(ended.code).toBe(0);
  const order = printed(ended);
  expect(order).toHaveLength(200);
  const at = new Map(order.map((name, index) => [name, index]));
  for (let index = width; index < 200; index++)
    expect(at.get(id(index))).toBeGreaterThan(at.get(id(index - width)) ?? Infinity);
});

test('lines of ten megabytes and bytes that are no text come through', async () => {
  using rig = new RunRig({
    'ci.yml':
      on +
      job(
        'a',
        `
- run: head -c 10000000 /dev/zero | tr '\\0' x; echo; head -c 10000000 /dev/zero | tr '\\0' y >&2; echo >&2
- run: head -c 3000000 /dev/urandom; echo; echo the end`,
      ),
  });
  const ended = await rig.run(['--json']);
  expect(lastView(ended)).toMatchObject({
    state: 'success',
    jobs: [{ steps: [{ state: 'success' }, { state: 'success' }] }],
  });
  const lengths = { x: 0, y: 0 };
  for (const line of ended.out.split('\n')) {
    if (!line.startsWith('{"kind":"line"')) continue;
    const { step, text } = JSON.parse(line) as { step: number; text: string };
    // The bytes of the second step are random, and may be an x.
    if (step !== 0) continue;
    if (/^x+$/.test(text)) lengths.x += text.length;
    if (/^y+$/.test(text)) lengths.y += text.length;
  }
  expect(lengths).toEqual({ x: 10_000_000, y: 10_000_000 });
  expect(ended.out).toContain('"the end"');
});

test('a reader that has seen enough ends the command, its steps and nothing else', async () => {
  using rig = new RunRig({ 'ci.yml': on + job('a', '- run: seq 100000; sleep 60; echo never') });
  const bin = resolve('bin/slipway.js');
  const command = `"${process.execPath}" "${bin}" run --home "${rig.home}" | head -1`;
  const child = spawn('bash', ['-c', command], {
    cwd: rig.repository,
    env: { PATH: process.env['PATH'] ?? '', HOME: rig.root },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  await new Promise((done) => {
    child.once('close', done);
  });
  expect(out.split('\n')).toHaveLength(2);
  expect(rig.leftovers()).toEqual([]);
});

test('what a killed run leaves is ended and removed by the next, and does not hold it up', async () => {
  using rig = new RunRig({ 'ci.yml': on + job('a', '- run: echo begun; test -e go || sleep 300') });
  const { child, ended, prints } = rig.start([]);
  await prints('begun');
  child.kill('SIGKILL');
  await expect.poll(() => rig.leftovers().join()).toContain('sleep 300');
  const folder = keptFolder(rig);
  const before = readdirSync(folder);
  rig.write({ go: '' });
  rig.write({ '.github/workflows/ci.yml': on + job('a', '- run: echo again') });
  const next = await rig.run();
  expect([next.code, printed(next)]).toEqual([0, ['again']]);
  await ended;
  expect(rig.leftovers()).toEqual([]);
  const after = readdirSync(folder);
  expect(after.filter((name) => name !== 'last.json' && before.includes(name))).toEqual([]);
  expect(after.filter((name) => !name.includes('.'))).toHaveLength(1);
});

test('two runs of one repository at once do not meet, and the last run is not run again before it has ended', async () => {
  using rig = new RunRig({});
  const go = join(rig.root, 'go');
  const steps = `- run: echo $PWD > where; echo begun; until test -e ${go}; do sleep 0.05; done; cat where; exit 1`;
  rig.write({ '.github/workflows/ci.yml': on + job('a', steps) });
  const first = rig.start([]);
  const second = rig.start([]);
  await Promise.all([first.prints('begun'), second.prints('begun')]);
  expect(await rig.run(['--failed'])).toMatchObject({
    code: 2,
    err: 'error[local/under-way]: the last run of this repository is still under way\n  = help: wait for its end, or end it with Ctrl-C where it runs\n',
  });
  writeFileSync(go, '');
  const ends = await Promise.all([first.ended, second.ended]);
  expect(ends.map(({ code }) => code)).toEqual([1, 1]);
  const places = ends.map((ended) => printed(ended)[1]);
  expect(new Set(places).size).toBe(2);
  expect(places.every((place) => place?.startsWith(rig.home))).toBe(true);
  expect((await rig.run(['--failed'])).code).toBe(1);
  const { code } = await rig.run(['-n']);
  expect(code).toBe(0);
});

describe.skipIf(process.getuid?.() !== 0)('a full disk (only root can make one)', () => {
  async function onTinyDisk(sizeKib: number, yaml: string): Promise<Ended> {
    using rig = new RunRig({ 'ci.yml': yaml });
    mkdirSync(rig.home);
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeKib}k`, 'tiny', rig.home]);
    try {
      const ended = await rig.run();
      expect(rig.leftovers()).toEqual([]);
      return ended;
    } finally {
      execFileSync('umount', ['--lazy', rig.home]);
    }
  }

  test('from the start is told as such', async () => {
    const ended = await onTinyDisk(4, on + job('a', '- run: echo never'));
    expect(ended.err).toContain(
      'error[cli/disk-full]: no space is left on the disk\n  = ENOSPC: no space left on device',
    );
    expect(ended.code).toBe(1);
  });

  test('by a step fails the job and says why', async () => {
    const ended = await onTinyDisk(
      2048,
      on + job('a', '- run: cat /dev/zero > "$RUNNER_TEMP/filler" || true\n- run: echo never'),
    );
    expect(ended.out + ended.err).toContain('ENOSPC: no space left on device');
    expect(ended.err).not.toContain('cli/bug');
    expect(ended.code).toBe(1);
  });
});

function residentKib(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Where runs of the rig's repository are kept. */
function keptFolder({ home }: RunRig): string {
  const all = join(home, 'local');
  return join(all, existsSync(all) ? (readdirSync(all)[0] ?? '') : '');
}
