import { createHash, randomBytes } from 'node:crypto';
import { basename, join } from 'node:path';
import type { JobHooks, JobSpec } from '../runner/index.ts';
import { createRun, resolveSecrets, workKey, type JobOrder, type RunState } from '../runs/index.ts';
import { takeSnapshot, type Snapshot } from '../source/index.ts';
import { Driver } from './driver.ts';
import { titleOf } from './local-event.ts';
import { catchCrashes, LocalJob } from './local-job.ts';
import { matrixFilter } from './matrix-filter.ts';
import type { LocalPlan } from './plan.ts';
import type { LocalRequest } from './request.ts';
import { viewRun, type LocalLine, type LocalView } from './view.ts';

/** Who watches a local run, and who may end it. */
export interface RunControls {
  /** Something changed. Called often; `view` is made only when asked for. */
  onChange: (view: () => LocalView) => void;
  onLines: (lines: LocalLine[]) => void;
  /** Asks for the end: what runs is ended by the ladder, `always()` steps still run. */
  cancel: AbortSignal;
}

/** What GitHub gives one account at once. */
const mostJobs = 20;
const memoryOfJobBytes = 512 * 1024 * 1024;

/** Jobs at once, when nobody says. */
export function usualParallel(freeBytes: number): number {
  return Math.max(1, Math.min(mostJobs, Math.floor(freeBytes / memoryOfJobBytes)));
}

/** Runs what is planned, in this process, to its end. */
export async function runLocally(
  plan: LocalPlan,
  request: LocalRequest,
  controls: RunControls,
): Promise<LocalView> {
  return await new LocalRun(plan, request, controls).run();
}

class LocalRun {
  readonly #plan: LocalPlan;
  readonly #request: LocalRequest;
  readonly #controls: RunControls;
  readonly #startedAtMs = Date.now();
  readonly #folder: string;
  readonly #driver: Driver;
  #snapshot: Snapshot | null = null;

  constructor(plan: LocalPlan, request: LocalRequest, controls: RunControls) {
    this.#plan = plan;
    this.#request = request;
    this.#controls = controls;
    const id = randomBytes(4).toString('hex');
    const hash = createHash('sha256').update(plan.tree.root).digest('hex').slice(0, 8);
    this.#folder = join(request.home, 'local', `${basename(plan.tree.root)}-${hash}`, id);
    const runs = plan.runs.map(({ workflow, called, event, inputs }, index) =>
      createRun({
        id: `${id}-${index + 1}`,
        number: index + 1,
        app: plan.repository.split('/')[1] ?? 'app',
        workflow,
        called,
        event,
        inputs,
        vars: request.vars,
        nowMs: this.#startedAtMs,
      }),
    );
    this.#driver = new Driver(runs, {
      parallel: request.parallel ?? usualParallel(process.availableMemory()),
      hostLabels: [...request.hostLabels],
      start: (run, order) => this.#start(run, order),
      filter: matrixFilter(request.matrix),
      onChange: () => this.#changed(),
    });
  }

  async run(): Promise<LocalView> {
    const { tree, actor } = this.#plan;
    if (!this.#request.committed && tree.changed.length > 0)
      this.#snapshot = await takeSnapshot(tree, join(this.#folder, 'work-tree'));
    const stopCatching = catchCrashes((error) => {
      throw error;
    });
    const onCancel = () => this.#driver.cancel(actor);
    this.#controls.cancel.addEventListener('abort', onCancel);
    if (this.#controls.cancel.aborted) onCancel();
    try {
      await this.#driver.run();
      return this.#view();
    } finally {
      this.#controls.cancel.removeEventListener('abort', onCancel);
      stopCatching();
    }
  }

  #changed(): void {
    this.#controls.onChange(() => this.#view());
  }

  #start(run: RunState, order: JobOrder): LocalJob {
    const job = run.jobs[order.jobKey];
    if (!job) throw new Error(`run ${run.id} has no job ${order.jobKey}`);
    const folder = join(this.#folder, run.id, workKey(job).replaceAll('/', '--'));
    const about = { run: run.id, job: job.key, jobName: job.displayName };
    const hooks: JobHooks = {
      onRecords: (records) => this.#controls.onLines(records.map((record) => ({ ...record, ...about }))),
      onReport: () => this.#changed(),
    };
    return new LocalJob(this.#spec(run, order, folder), join(folder, 'job'), hooks);
  }

  #spec(run: RunState, order: JobOrder, folder: string): JobSpec {
    const { tree } = this.#plan;
    const { secrets, home, machineEnv, env } = this.#request;
    const mine = resolveSecrets(order.secretPath, secrets);
    const { github } = order.contexts;
    return {
      ...order,
      workflow: { ...order.workflow, env: { ...templates(env, order), ...order.workflow.env } },
      contexts: {
        ...order.contexts,
        github: { ...github, token: mine['GITHUB_TOKEN'] ?? '' },
        secrets: mine,
      },
      source: {
        gitDirectory: tree.gitDirectory,
        commit: run.event.commit,
        ref: run.event.ref,
        ...(this.#snapshot && { workTree: this.#snapshot }),
      },
      directories: {
        workspace: join(folder, 'work', run.app, run.app),
        temp: join(folder, 'temp'),
        home: join(folder, 'home'),
        artifacts: join(this.#folder, run.id, 'artifacts'),
        cache: join(home, 'apps', run.app, 'cache'),
        tools: join(home, 'tools'),
      },
      machineEnv,
      deploys: 'report',
    };
  }

  #view(): LocalView {
    const { tree, repository } = this.#plan;
    const runs = this.#driver.runs.map((run) =>
      viewRun(run, ({ key }) => this.#driver.job(run, key)?.report ?? null),
    );
    const results = runs.map(({ state }) => state);
    const order = ['running', 'cancelled', 'failure'] as const;
    const state = order.find((one) => results.includes(one)) ?? 'success';
    return {
      repository,
      commit: tree.head.sha,
      title: titleOf(tree),
      state,
      startedAtMs: this.#startedAtMs,
      finishedAtMs: state === 'running' ? null : Date.now(),
      runs,
    };
  }
}

/** Variables as a workflow would write them; what looks like an expression stays text. */
function templates(env: Record<string, string>, order: JobOrder): JobOrder['workflow']['env'] {
  const { at } = order.job;
  return Object.fromEntries(
    Object.entries(env).map(([name, value]) => [
      name,
      { text: value.includes('${{') ? `\${{ '${value.replaceAll("'", "''")}' }}` : value, at },
    ]),
  );
}
