import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import {
  jobWorkerArgv,
  observedReport,
  prepareJob,
  readLog,
  readReport,
  reapJob,
  resumeJob,
} from '../../src/runner/index.ts';
import { createRun, currentWorkerId, planRun, requestCancel } from '../../src/runs/index.ts';
import type { Observed, RunAction, RunState } from '../../src/runs/index.ts';
import { parseWorkflow } from '../../src/workflow/index.ts';

/** The engine and real workers, wired as simply as can be: processes are children of the test. */
class Driver {
  state: RunState;
  readonly root = mkdtempSync(join(tmpdir(), 'slipway-pipeline-'));
  readonly workers = new Map<string, ChildProcess>();
  readonly rollouts: Observed['rollouts'] = {};

  constructor(yaml: string) {
    const parsed = parseWorkflow(`on: push\n${yaml}`, 'ci.yml');
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.findings, null, 2));
    const event = {
      name: 'push',
      ref: 'refs/heads/main',
      commit: 'c',
      actor: 'ana',
      message: '',
      payload: {},
    };
    this.state = createRun({
      id: 'r1',
      number: 1,
      app: 'shop',
      workflow: parsed.value,
      event,
      nowMs: Date.now(),
    });
  }

  directory(jobKey: string): string {
    return join(this.root, 'jobs', jobKey);
  }

  async run(): Promise<string> {
    while (!this.state.finished) {
      await this.tick();
      await delay(20);
    }
    return this.state.finished.result;
  }

  async tick(): Promise<void> {
    const observed = await this.#observe();
    const plan = planRun(this.state, observed, {
      nowMs: Date.now(),
      maxParallelJobs: 2,
      hostLabels: [],
      unsupported: 'fail',
    });
    for (const action of plan.actions) await this.#carryOut(action);
    this.state = plan.state;
  }

  async output(jobKey: string): Promise<string[]> {
    const { records } = await readLog(this.directory(jobKey), 0);
    return records.flatMap(({ stream, text }) => (stream === 'out' ? [text] : []));
  }

  async #observe(): Promise<Observed> {
    const observed: Observed = {
      jobs: {},
      environments: { prod: { kind: 'open' } },
      rollouts: this.rollouts,
      groups: {},
    };
    for (const key of Object.keys(this.state.jobs)) {
      const id = currentWorkerId(this.state, key);
      if (id === null) continue;
      const child = this.workers.get(id);
      // First the process, then its report: the other way round a worker that ends in between would seem lost.
      const worker = child ? ((child.exitCode ?? child.signalCode) === null ? 'alive' : 'gone') : 'none';
      observed.jobs[key] = { worker, report: observedReport(await readReport(this.directory(key))) };
    }
    return observed;
  }

  async #carryOut(action: RunAction): Promise<void> {
    const directory = this.directory(action.jobKey);
    switch (action.kind) {
      case 'start-job': {
        const at = (name: string) => join(directory, name);
        prepareJob(
          {
            ...action.order,
            contexts: { ...action.order.contexts, secrets: {} },
            source: { gitDirectory: '/nowhere', commit: 'c', ref: 'refs/heads/main' },
            directories: {
              workspace: at('work'),
              temp: at('temp'),
              home: at('home'),
              artifacts: join(this.root, 'artifacts'),
              cache: join(this.root, 'cache'),
              tools: join(this.root, 'tools'),
            },
            machineEnv: { PATH: process.env['PATH'] ?? '' },
            deploys: 'park',
          },
          directory,
        );
        this.#work(action.workerId, directory);
        return;
      }
      case 'resume-job':
        resumeJob(directory, { ...action.outcome, cancelled: action.cancelled });
        this.#work(action.workerId, directory);
        return;
      case 'cancel-job':
        this.workers.get(action.workerId)?.kill('SIGTERM');
        return;
      case 'reap-job':
        await reapJob(directory);
        return;
      case 'request-rollout':
        this.rollouts[action.rolloutKey] ??= {
          kind: 'ended',
          outcome: {
            stepIndex: action.deploy.stepIndex,
            result: 'success',
            outputs: { url: 'http://prod' },
            reason: 'serves',
          },
        };
        return;
      case 'abort-rollout':
    }
  }

  #work(workerId: string, directory: string): void {
    if (this.workers.has(workerId)) return;
    const [program = '', ...args] = jobWorkerArgv(directory);
    this.workers.set(workerId, spawn(program, args, { env: {}, stdio: 'ignore' }));
  }
}

describe('a run, from its workflow to its end', () => {
  let driver: Driver;
  afterEach(() => rmSync(driver.root, { recursive: true, force: true }));

  test('passes outputs, artifacts and a matrix along, and deploys in the middle of a job', async () => {
    driver = new Driver(`
jobs:
  plan:
    runs-on: ubuntu-latest
    outputs: { m: "\${{ steps.m.outputs.m }}" }
    steps:
      - id: m
        run: echo 'm={"part":["a","b"]}' >> "$GITHUB_OUTPUT"
  build:
    needs: plan
    runs-on: ubuntu-latest
    strategy: { matrix: "\${{ fromJSON(needs.plan.outputs.m) }}" }
    steps:
      - run: echo "\${{ matrix.part }}" > out.txt
      - uses: actions/upload-artifact@v4
        with: { name: "part-\${{ matrix.part }}", path: out.txt }
  ship:
    needs: build
    runs-on: ubuntu-latest
    environment: prod
    steps:
      - uses: actions/download-artifact@v4
        with: { pattern: part-*, path: parts }
      - id: ship
        uses: slipway/deploy@v1
      - run: cat parts/*/out.txt; echo "\${{ steps.ship.outputs.url }}"
`);
    expect(await driver.run()).toBe('success');
    expect(await driver.output('ship')).toEqual(['a', 'b', 'http://prod']);
    expect([...driver.workers.keys()]).toEqual([
      'r1/plan/0',
      'r1/build.0/0',
      'r1/build.1/0',
      'r1/ship/0',
      'r1/ship/1',
    ]);
  });

  test('loses a job whose worker is killed, and runs what asks for failures', async () => {
    driver = new Driver(`
jobs:
  doomed:
    runs-on: ubuntu-latest
    steps: [{ run: "echo ready; sleep 300" }]
  after:
    needs: doomed
    if: failure()
    runs-on: ubuntu-latest
    steps: [{ run: "echo \${{ needs.doomed.result }}" }]
`);
    while (!(await driver.output('doomed')).includes('ready')) await driver.tick();
    driver.workers.get('r1/doomed/0')?.kill('SIGKILL');
    expect(await driver.run()).toBe('failure');
    expect(driver.state.jobs['doomed']?.state).toMatchObject({ lost: true, result: 'failure' });
    expect(await driver.output('after')).toEqual(['failure']);
  });

  test('ends soon when it is cancelled, and says so', async () => {
    driver = new Driver(`
jobs:
  long:
    runs-on: ubuntu-latest
    steps: [{ run: "echo ready; sleep 300" }]
  next:
    needs: long
    runs-on: ubuntu-latest
    steps: [{ run: "echo never" }]
`);
    while (!(await driver.output('long')).includes('ready')) await driver.tick();
    driver.state = requestCancel(driver.state, 'ana', Date.now());
    expect(await driver.run()).toBe('cancelled');
    const report = JSON.parse(readFileSync(join(driver.directory('long'), 'report.json'), 'utf8')) as {
      result: string;
    };
    expect(report.result).toBe('cancelled');
    expect(driver.state.jobs['next']?.state).toMatchObject({
      result: 'cancelled',
      reason: 'cancelled by ana',
    });
  });
});
