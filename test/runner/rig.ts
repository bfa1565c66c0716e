import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { jobWorkerArgv, prepareJob, readLog, readReport } from '../../src/runner/index.ts';
import type { JobReport, JobSpec, LogRecord } from '../../src/runner/index.ts';
import { createRun, planRun } from '../../src/runs/index.ts';
import type { JobOrder, RunState } from '../../src/runs/index.ts';
import { parseWorkflow } from '../../src/workflow/index.ts';

/** What a test may change of a job. */
export type SpecChanges = Partial<Pick<JobSpec, 'deploys' | 'cancelPatience' | 'machineEnv' | 'source'>> & {
  secrets?: Record<string, string>;
  needs?: JobSpec['contexts']['needs'];
  /** Jobs of one run share their artifacts. */
  run?: string;
};

/** A job made from YAML, with its worker. */
export interface RigJob {
  directory: string;
  spec: JobSpec;
  /** Starts a worker; the promise ends with it. */
  start(): { child: ChildProcess; ended: Promise<number | null> };
  /** Runs a worker to its end. */
  work(): Promise<JobReport>;
  report(): Promise<JobReport>;
  log(): Promise<LogRecord[]>;
  /** The lines that steps printed. */
  output(): Promise<string[]>;
  /** Waits until a step has printed the line. */
  printed(line: string): Promise<void>;
}

/** Real repositories, real workers, one temp folder. */
export class Rig {
  readonly root = mkdtempSync(join(tmpdir(), 'slipway-runner-'));
  readonly repository = join(this.root, 'origin');
  commit = '';
  #jobs = 0;

  constructor() {
    mkdirSync(this.repository);
    this.git('init', '--quiet', '--initial-branch=main');
    this.commitFiles({ 'README.md': 'hello\n', 'package-lock.json': '{}\n' }, 'first');
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  git(...args: string[]): string {
    const identity = ['-c', 'user.name=Ana', '-c', 'user.email=ana@example.com'];
    return execFileSync('git', [...identity, ...args], { cwd: this.repository, encoding: 'utf8' }).trim();
  }

  commitFiles(files: Record<string, string>, message: string): void {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.repository, path)), { recursive: true });
      writeFileSync(join(this.repository, path), text);
    }
    this.git('add', '--all');
    this.git('commit', '--quiet', '--message', message);
    this.commit = this.git('rev-parse', 'HEAD');
  }

  /** Makes the first job of the YAML under `jobs:`, indented as in a file. */
  job(jobs: string, changes: SpecChanges = {}): RigJob {
    const directory = join(this.root, `job-${this.#jobs++}`);
    const spec = this.#spec(this.#order(jobs), directory, changes);
    prepareJob(spec, directory);
    const start = () => {
      const [program = '', ...args] = jobWorkerArgv(directory);
      const child = spawn(program, args, {
        env: { SECRET_OF_THE_SERVER: 'x' },
        stdio: 'ignore',
      });
      const { promise: ended, resolve } = Promise.withResolvers<number | null>();
      child.once('exit', resolve);
      return { child, ended };
    };
    const report = async () => (await readReport(directory)) ?? Promise.reject(new Error('no report'));
    const log = () => wholeLog(directory);
    const output = async () => (await log()).flatMap(({ stream, text }) => (stream === 'out' ? [text] : []));
    const work = async () => {
      await start().ended;
      return report();
    };
    const printed = async (line: string) => {
      while (!(await output()).includes(line)) await delay(20);
    };
    return { directory, spec, start, work, report, log, output, printed };
  }

  #order(jobs: string): JobOrder {
    const parsed = parseWorkflow(
      `name: CI\non: push\nenv:\n  LEVEL: workflow\n${jobs}`,
      '.github/workflows/ci.yml',
    );
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.findings, null, 2));
    const event = {
      name: 'push',
      ref: 'refs/heads/main',
      commit: this.commit,
      actor: 'ana',
      message: 'first',
      payload: { before: 'x' },
    };
    const run = createRun({ id: 'r1', number: 3, app: 'shop', workflow: parsed.value, event, nowMs: 0 });
    const look = (state: RunState) =>
      planRun(
        state,
        { jobs: {}, environments: {}, rollouts: {}, groups: {} },
        { nowMs: 0, maxParallelJobs: 9, hostLabels: [], unsupported: 'fail' },
      );
    // The first look names the worker, the second starts it.
    const [action] = look(look(run).state).actions;
    if (action?.kind !== 'start-job') throw new Error('the first job does not start');
    return action.order;
  }

  #spec(order: JobOrder, directory: string, changes: SpecChanges): JobSpec {
    const { secrets = {}, needs, run = 'run', ...rest } = changes;
    return {
      ...order,
      contexts: { ...order.contexts, ...(needs && { needs }), secrets },
      source: { gitDirectory: join(this.repository, '.git'), commit: this.commit, ref: 'refs/heads/main' },
      directories: {
        workspace: join(directory, 'work', 'shop'),
        temp: join(directory, 'temp'),
        home: join(directory, 'home'),
        artifacts: join(this.root, run, 'artifacts'),
        cache: join(this.root, 'cache'),
        tools: join(this.root, 'tools'),
      },
      machineEnv: { PATH: process.env['PATH'] ?? '' },
      deploys: 'park',
      ...rest,
    };
  }
}

async function wholeLog(directory: string): Promise<LogRecord[]> {
  const all: LogRecord[] = [];
  for (let from = 0; ;) {
    const { records, nextByte } = await readLog(directory, from);
    all.push(...records);
    if (nextByte === from) return all;
    from = nextByte;
  }
}

/** YAML of one job with these steps. */
export function jobWith(steps: string, settings: string = ''): string {
  const indented = (text: string, pad: string) =>
    text
      .trim()
      .split('\n')
      .map((line) => pad + line)
      .join('\n');
  const head = `jobs:\n  build:\n    runs-on: ubuntu-latest\n`;
  return `${head}${settings ? `${indented(settings, '    ')}\n` : ''}    steps:\n${indented(steps, '      ')}\n`;
}
