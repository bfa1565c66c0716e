import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jobWith, Rig, type RigJob } from './rig.ts';

let rig: Rig;
beforeAll(() => {
  rig = new Rig();
});
afterAll(() => rig[Symbol.dispose]());

const isRoot = process.getuid?.() === 0;

/** Processes of the job that still run. */
async function leftOf(job: RigJob): Promise<number> {
  const { trackingId } = await job.report();
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readFileSync(`/proc/${name}/environ`, 'utf8').includes(trackingId);
    } catch {
      return false;
    }
  }).length;
}

describe('output', () => {
  test('with zero bytes, colours, progress bars, broken UTF-8 and no end is kept as lines', async () => {
    const job = rig.job(
      jobWith(String.raw`
- run: |
    printf 'zero\000byte\n'
    printf '\033[31mred\033[0m\n'
    printf '10%%\r20%%\r30%%\r\n'
    printf 'broken \377\376 bytes\n'
    printf 'no end'`),
    );
    await job.work();
    expect(await job.output()).toEqual([
      'zero\0byte',
      '\u001B[31mred\u001B[0m',
      '10%',
      '20%',
      '30%',
      'broken \ufffd\ufffd bytes',
      'no end',
    ]);
  });

  test('of a million lines arrives whole', async () => {
    const job = rig.job(jobWith('- run: seq 1000000'));
    const report = await job.work();
    const lines = await job.output();
    expect(report.result).toBe('success');
    expect(lines).toHaveLength(1_000_000);
    expect(lines.at(-1)).toBe('1000000');
  });

  test('of a step that closes its streams, or leaves a process that holds them, does not hold the job', async () => {
    const job = rig.job(
      jobWith(`
- run: |
    echo before
    exec >&- 2>&-
    sleep 0.2
- run: |
    sleep 300 &
    echo left
- run: echo after`),
    );
    const report = await job.work();
    expect(report.result).toBe('success');
    expect(await job.output()).toEqual(['before', 'left', 'after']);
    expect(await leftOf(job)).toBe(0);
  });

  test('of both streams keeps its lines whole', async () => {
    const job = rig.job(
      jobWith(`
- run: |
    for n in $(seq 200); do echo "out $n end"; echo "err $n end" >&2; done`),
    );
    await job.work();
    const lines = await job.output();
    expect(lines).toHaveLength(400);
    expect(lines.every((line) => /^(out|err) \d+ end$/.test(line))).toBe(true);
  });
});

describe('processes', () => {
  test('that ignore every polite signal, or leave for a session of their own, are ended all the same', async () => {
    const job = rig.job(
      jobWith(`
- run: |
    trap '' INT TERM
    (trap '' INT TERM; setsid sh -c "trap '' INT TERM; while true; do sleep 1; done") &
    echo ready
    while true; do sleep 0.05; done`),
      { cancelPatience: { interruptMs: 200, terminateMs: 200 } },
    );
    const { child, ended } = job.start();
    await job.printed('ready');
    child.kill('SIGINT');
    await ended;
    expect((await job.report()).result).toBe('cancelled');
    expect(await leftOf(job)).toBe(0);
  });

  test('that are ended by a signal say which', async () => {
    const job = rig.job(jobWith('- run: kill -SEGV $$'));
    const report = await job.work();
    expect(report.steps[0]?.error?.message).toBe('Process was ended by SIGSEGV.');
  });
});

describe('command files', () => {
  test('that a step removes count as empty; one that it replaces by a folder fails it', async () => {
    const job = rig.job(
      jobWith(`
- run: rm "$GITHUB_ENV" "$GITHUB_OUTPUT" "$GITHUB_PATH" "$GITHUB_STATE" "$GITHUB_STEP_SUMMARY"
- run: rm "$GITHUB_OUTPUT"; mkdir -p "$GITHUB_OUTPUT/x"
- run: exit 4 | echo "no pair" >> "$GITHUB_ENV"; exit 4
  if: always()`),
    );
    const report = await job.work();
    expect(report.steps.map(({ outcome }) => outcome)).toEqual(['success', 'failure', 'failure']);
    expect(report.steps[1]?.error?.message).toContain(
      "The step's GITHUB_OUTPUT file cannot be read: it is not a file any more",
    );
    expect(report.steps[2]?.error?.message.split('\n')).toEqual([
      'Process completed with exit code 4.',
      "Unable to process file command 'GITHUB_ENV': Invalid format 'no pair'",
    ]);
    expect(report.reason).toBeNull();
  });
});

describe.skipIf(!isRoot)('a full disk (only root can make one)', () => {
  let disks = 0;

  /** A job whose whole directory lies on a small disk. */
  async function onTinyDisk(yaml: string, use: (job: RigJob) => Promise<void>): Promise<void> {
    const tiny = new Rig();
    const directory = join(tiny.root, 'job-0');
    mkdirSync(directory);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', `tiny-${disks++}`, directory]);
    try {
      await use(tiny.job(yaml));
    } finally {
      execFileSync('umount', ['--lazy', directory]);
      tiny[Symbol.dispose]();
    }
  }

  test('by the log fails the job and says why', () =>
    onTinyDisk(
      jobWith('- run: for n in $(seq 200); do head -c 100000 /dev/zero | tr "\\0" x; echo; done; sleep 300'),
      async (job) => {
        const report = await job.work();
        expect(report.result).toBe('failure');
        expect(report.reason).toBe("The job's log cannot be written: ENOSPC: no space left on device, write");
        expect(await leftOf(job)).toBe(0);
      },
    ));

  test('by a file of a step fails the next, which has no room for a word', () =>
    onTinyDisk(
      jobWith('- run: cat /dev/zero > "$RUNNER_TEMP/filler" || true\n- run: seq 50000'),
      async (job) => {
        const report = await job.work();
        expect(report.result).toBe('failure');
        const told = [report.reason, ...report.steps.map(({ error }) => error?.message)].join('\n');
        expect(told).toContain('ENOSPC: no space left on device');
      },
    ));
});
