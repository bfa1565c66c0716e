import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jobWith, Rig, type RigJob } from './rig.ts';

let rig: Rig;
beforeAll(() => {
  rig = new Rig();
});
afterAll(() => rig[Symbol.dispose]());

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

const outcomes = async (job: RigJob) => (await job.report()).steps.map(({ outcome }) => outcome);

describe('a step in the background', () => {
  test('runs beside the next one, and what it sets counts from the wait on', async () => {
    const job = rig.job(
      jobWith(`
- id: slow
  background: true
  run: |
    touch "$RUNNER_TEMP/started"
    until test -e "$RUNNER_TEMP/go"; do sleep 0.02; done
    echo "COLOR=green" >> "$GITHUB_ENV"
    mkdir -p "$RUNNER_TEMP/bin"; printf '#!/bin/sh\\necho tool' > "$RUNNER_TEMP/bin/tool"; chmod +x "$RUNNER_TEMP/bin/tool"
    echo "$RUNNER_TEMP/bin" >> "$GITHUB_PATH"
    echo "word=hello" >> "$GITHUB_OUTPUT"
- run: |
    until test -e "$RUNNER_TEMP/started"; do sleep 0.02; done
    touch "$RUNNER_TEMP/go"
    echo "OTHER=kept" >> "$GITHUB_ENV"
- run: echo "before [$COLOR] [\${{ steps.slow.outputs.word }}] [\${{ steps.slow.outcome }}]"
- wait: slow
- run: |
    echo "after [$COLOR] [\${{ steps.slow.outputs.word }}] [\${{ steps.slow.outcome }}] $OTHER"
    tool`),
    );
    const report = await job.work();
    expect(report.steps.map(({ error }) => error)).toEqual(Array(5).fill(undefined));
    expect(await job.output()).toEqual(['before [] [] []', 'after [green] [hello] [success] kept', 'tool']);
    const waited = (await job.log()).filter(({ step }) => step === 3).map(({ text }) => text);
    expect(waited.at(-1)).toMatch(/: success$/);
  });

  test('logs into its own part, however both write', async () => {
    const job = rig.job(
      jobWith(`
- background: true
  run: for n in $(seq 50); do echo "a$n"; sleep 0.002; done
- run: for n in $(seq 50); do echo "b$n"; sleep 0.002; done
- wait-all:`),
    );
    await job.work();
    const records = (await job.log()).filter(({ stream }) => stream === 'out');
    for (const [step, letter] of [
      [0, 'a'],
      [1, 'b'],
    ] as const) {
      const lines = records.filter((record) => record.step === step).map(({ text }) => text);
      expect(lines).toEqual(Array.from({ length: 50 }, (_, index) => `${letter}${index + 1}`));
    }
  });

  test('that fails, fails the wait, and by it the job', async () => {
    const job = rig.job(
      jobWith(`
- id: bad
  background: true
  run: exit 3
- run: sleep 0.2; echo "\${{ job.status }}"
- wait: bad
- run: echo never
- run: echo "\${{ steps.bad.outcome }} \${{ job.status }}"
  if: always()`),
    );
    const report = await job.work();
    expect(await outcomes(job)).toEqual(['failure', 'success', 'failure', 'skipped', 'success']);
    expect(report.steps[0]?.error?.message).toBe('Process completed with exit code 3.');
    expect(await job.output()).toEqual(['success', 'failure failure']);
    expect(report.result).toBe('failure');
  });

  test('that may fail does not', async () => {
    const job = rig.job(
      jobWith(`
- id: shaky
  background: true
  continue-on-error: true
  run: exit 3
- wait: shaky
- run: echo "\${{ steps.shaky.outcome }} \${{ steps.shaky.conclusion }}"`),
    );
    const report = await job.work();
    expect(await job.output()).toEqual(['failure success']);
    expect(report.result).toBe('success');
  });

  test('that nobody waits for is waited for before the job ends, and its failure counts', async () => {
    const job = rig.job(
      jobWith(`
- background: true
  run: sleep 0.3; echo done; exit 1
- run: echo first`),
    );
    const report = await job.work();
    expect(await job.output()).toEqual(['first', 'done']);
    expect(report.result).toBe('failure');
  });

  test('that takes too long fails', async () => {
    const job = rig.job(
      jobWith(`
- name: Slow
  background: true
  timeout-minutes: 0.005
  run: sleep 300
- wait-all:`),
    );
    const report = await job.work();
    expect(report.steps[0]?.error?.message).toBe("The action 'Slow' has timed out after 0.005 minutes.");
    expect(report.result).toBe('failure');
  });

  test('is skipped by its condition', async () => {
    const job = rig.job(
      jobWith(`- background: true\n  if: false\n  run: echo never\n- wait-all:\n- run: echo on`),
    );
    await job.work();
    expect(await outcomes(job)).toEqual(['skipped', 'success', 'success']);
    expect(await job.output()).toEqual(['on']);
  });
});

describe('cancel', () => {
  const server = `
- id: server
  background: true
  run: |
    trap 'echo bye; exit 0' INT
    echo ready; touch "$RUNNER_TEMP/ready"
    while true; do sleep 0.02; done`;
  const ready = '- run: until test -e "$RUNNER_TEMP/ready"; do sleep 0.02; done';

  test('ends a server in the background, and the job goes well', async () => {
    const job = rig.job(
      jobWith(
        `${server}\n${ready}\n- cancel: server\n- run: echo "\${{ steps.server.outcome }} \${{ job.status }}"`,
      ),
    );
    const report = await job.work();
    expect(await job.output()).toEqual(['ready', 'bye', 'cancelled success']);
    expect(report.result).toBe('success');
    expect(await leftOf(job)).toBe(0);
  });

  test('works even after a failure, which would leave the server to hold the job', async () => {
    const job = rig.job(jobWith(`${server}\n${ready}\n- run: exit 1\n- cancel: server`));
    const report = await job.work();
    expect(await outcomes(job)).toEqual(['cancelled', 'success', 'failure', 'success']);
    expect(report.result).toBe('failure');
  });

  test('of the job ends background steps too', async () => {
    const job = rig.job(
      jobWith(`${server}\n- wait: server\n- run: echo "\${{ job.status }}"\n  if: always()`),
    );
    const { child, ended } = job.start();
    await job.printed('ready');
    child.kill('SIGTERM');
    await ended;
    expect((await job.report()).result).toBe('cancelled');
    expect(await job.output()).toEqual(['ready', 'bye', 'cancelled']);
    expect(await leftOf(job)).toBe(0);
  });
});

test('a parallel group runs all at once, ten at most, and waits for them', async () => {
  const step = `    - run: |
        mkdir -p "$RUNNER_TEMP/now"; touch "$RUNNER_TEMP/now/$$"
        ls "$RUNNER_TEMP/now" | wc -l
        sleep 0.4
        rm "$RUNNER_TEMP/now/$$"`;
  const job = rig.job(jobWith(`- parallel:\n${`${step}\n`.repeat(14)}- run: ls "$RUNNER_TEMP/now" | wc -l`));
  const report = await job.work();
  const counts = (await job.output()).map(Number);
  expect(counts).toHaveLength(15);
  expect(Math.max(...counts)).toBeGreaterThan(1);
  expect(Math.max(...counts)).toBeLessThanOrEqual(10);
  expect(counts.at(-1)).toBe(0);
  expect(report.result).toBe('success');
});
