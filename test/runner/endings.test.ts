import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { observedReport, reapJob, resumeJob } from '../../src/runner/index.ts';
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

const impatient = { interruptMs: 300, terminateMs: 300 };

describe('timeouts', () => {
  test('a step that takes too long fails, with all that it started', async () => {
    const job = rig.job(
      jobWith(`
- name: Slow
  run: sleep 300 & sleep 300
  timeout-minutes: 0.005
- run: echo "\${{ job.status }}"
  if: always()`),
      { cancelPatience: impatient },
    );
    const report = await job.work();
    expect(report.steps[0]?.error?.message).toBe("The action 'Slow' has timed out after 0.005 minutes.");
    expect(report.result).toBe('failure');
    expect(await job.output()).toEqual(['failure']);
    expect(await leftOf(job)).toBe(0);
  });

  test('a job that takes too long is cancelled and says so, as on GitHub', async () => {
    const job = rig.job(
      jobWith(
        '- run: sleep 300\n- run: echo never\n  if: failure()\n- run: echo "${{ job.status }}"\n  if: cancelled()',
        'timeout-minutes: 0.05',
      ),
      {
        cancelPatience: impatient,
      },
    );
    const report = await job.work();
    expect(report.result).toBe('cancelled');
    expect(report.reason).toBe('The job has exceeded its timeout of 0.05 minutes.');
    expect(report.steps.map(({ outcome }) => outcome)).toEqual(['cancelled', 'skipped', 'success']);
  });
});

describe('cancel', () => {
  test('ends the running step and its children, runs what asks for it, and leaves no process', async () => {
    const job = rig.job(
      jobWith(`
- run: |
    trap 'echo interrupted; exit 1' INT
    (trap '' INT TERM; sleep 300) &
    setsid sleep 300 &
    echo ready
    while true; do sleep 0.05; done
- run: echo never
- run: echo "\${{ job.status }}"
  if: cancelled()`),
      // The trap has to come through before SIGTERM, however busy the machine is.
      { cancelPatience: { interruptMs: 3_000, terminateMs: 300 } },
    );
    const { child, ended } = job.start();
    await job.printed('ready');
    child.kill('SIGTERM');
    child.kill('SIGTERM');
    await ended;
    const report = await job.report();
    expect(report.result).toBe('cancelled');
    expect(report.steps.map(({ outcome }) => outcome)).toEqual(['cancelled', 'skipped', 'success']);
    expect(await job.output()).toEqual(['ready', 'interrupted', 'cancelled']);
    expect(await leftOf(job)).toBe(0);
  });

  test('spares a running step whose condition asks for cancelled jobs', async () => {
    const job = rig.job(
      jobWith(`
- run: |
    echo ready
    sleep 0.5
    echo finished
  if: always()`),
    );
    const { child, ended } = job.start();
    await job.printed('ready');
    child.kill('SIGTERM');
    await ended;
    expect(await job.output()).toEqual(['ready', 'finished']);
    expect((await job.report()).result).toBe('cancelled');
  });
});

describe('a cancelled job that does not wind up', () => {
  test('is ended after its cancel-timeout, whatever its steps ask for', async () => {
    const job = rig.job(
      jobWith(
        `
- run: |
    echo ready
    sleep 300
- run: echo winding; sleep 300
  if: always()
- run: sleep 300
  if: always()`,
        'cancel-timeout-minutes: 0.06',
      ),
      { cancelPatience: impatient },
    );
    const { child, ended } = job.start();
    await job.printed('ready');
    child.kill('SIGTERM');
    await ended;
    const report = await job.report();
    expect(report.result).toBe('cancelled');
    expect(report.steps.map(({ outcome }) => outcome)).toEqual(['cancelled', 'cancelled', 'cancelled']);
    expect(await job.output()).toEqual(['ready', 'winding']);
    expect(await leftOf(job)).toBe(0);
  });
});

describe('processes left in the background', () => {
  test('live on between steps, and end with the job', async () => {
    const job = rig.job(
      jobWith(`
- run: |
    (while true; do echo alive > pulse; sleep 0.05; done) &
    echo started
- run: |
    rm -f pulse; until grep alive pulse 2> /dev/null; do sleep 0.02; done`),
    );
    await job.work();
    expect(await job.output()).toEqual(['started', 'alive']);
    expect(await leftOf(job)).toBe(0);
  });
});

describe('a killed worker', () => {
  test('leaves a report that says running, is refused a second time, and its steps can be reaped', async () => {
    const job = rig.job(jobWith('- run: |\n    echo ready\n    sleep 300'));
    const { child, ended } = job.start();
    await job.printed('ready');
    child.kill('SIGKILL');
    await ended;
    expect(observedReport(await job.report())).toEqual({ phase: 'running' });
    expect(await job.start().ended).toBe(3);
    expect(observedReport(await job.report())).toEqual({ phase: 'running' });
    expect(await leftOf(job)).toBeGreaterThan(0);
    await reapJob(job.directory);
    await delay(50);
    expect(await leftOf(job)).toBe(0);
    expect((await job.output()).filter((line) => line === 'ready')).toHaveLength(1);
  });
});

describe('a deploy step', () => {
  const steps = `
- run: |
    echo "KEPT=yes" >> "$GITHUB_ENV"
    mkdir bin; echo "$PWD/bin" >> "$GITHUB_PATH"
    echo "::add-mask::masked-before"
    touch file
    sleep 300 &
- id: ship
  uses: slipway/deploy@v1
  with: { environment: staging }
- run: |
    echo "$KEPT \${{ steps.ship.outputs.url }} masked-before"
    ls file; case "$PATH" in "$PWD/bin:"*) echo path;; esac
- run: echo "\${{ steps.ship.outcome }}"
  if: always()`;

  async function parked(): Promise<RigJob> {
    const job = rig.job(jobWith(steps));
    const report = await job.work();
    expect(observedReport(report)).toEqual({
      phase: 'parked',
      deploy: { environment: 'staging', stepIndex: 1 },
    });
    expect(await leftOf(job)).toBe(0);
    return job;
  }

  test('parks the job without a process, and goes on where it stood', async () => {
    const job = await parked();
    resumeJob(job.directory, {
      stepIndex: 1,
      result: 'success',
      outputs: { url: 'http://x' },
      reason: 'serves',
      cancelled: false,
    });
    const report = await job.work();
    expect(report.result).toBe('success');
    expect(await job.output()).toEqual(['yes http://x ***', 'file', 'path', 'success']);
    expect(report.steps.map(({ outcome }) => outcome)).toEqual(['success', 'success', 'success', 'success']);
  });

  test('that failed fails the job with the reason', async () => {
    const job = await parked();
    resumeJob(job.directory, {
      stepIndex: 1,
      result: 'failure',
      outputs: {},
      reason: 'never became healthy',
      cancelled: false,
    });
    const report = await job.work();
    expect(report.result).toBe('failure');
    expect(report.steps[1]?.error?.message).toBe('never became healthy');
    expect(await job.output()).toEqual(['failure']);
  });

  test('whose run was cancelled only winds up', async () => {
    const job = await parked();
    resumeJob(job.directory, {
      stepIndex: 1,
      result: 'failure',
      outputs: {},
      reason: 'cancelled',
      cancelled: true,
    });
    const report = await job.work();
    expect(report.result).toBe('cancelled');
    expect(report.steps.map(({ outcome }) => outcome)).toEqual(['success', 'failure', 'skipped', 'success']);
  });

  test('waits when it is woken without a result', async () => {
    const job = await parked();
    expect(await job.start().ended).toBe(3);
    expect((await job.report()).phase).toBe('parked');
  });

  test('without a server only says what it would ship', async () => {
    const job = rig.job(jobWith('- uses: slipway/deploy@v1\n  with: { environment: staging }'), {
      deploys: 'report',
    });
    const report = await job.work();
    expect(report.result).toBe('success');
    expect((await job.log()).map(({ text }) => text)).toContain(
      `Would ship ${rig.commit} (refs/heads/main) to staging.`,
    );
  });
});
