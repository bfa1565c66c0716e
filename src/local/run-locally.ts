import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findTracked, type FailedStep, type JobHooks, type JobSpec, type Progress } from '../runner/index.ts';
import { createRun, resolveSecrets, type JobOrder, type RunState } from '../runs/index.ts';
import { takeSnapshot, type Snapshot } from '../source/index.ts';
import { checkpointFile, jobFolder } from './again.ts';
import { Driver } from './driver.ts';
import { digests, KeptFolder, type Checkpoint } from './kept.ts';
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
  /** Ends every process of every job at once; nothing runs after it. */
  kill: AbortSignal;
  /** Asked about each failed step, while it stands as it failed. */
  onFailedStep?: (failed: FailedStep & { jobName: string }) => Promise<'retry' | 'go-on'>;
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
  readonly #kept: KeptFolder;
  readonly #id: string;
  readonly #number: number;
  readonly #folder: string;
  /** Jobs that had ended before, by run and key. */
  readonly #settled = new Set<string>();
  readonly #driver: Driver;
  #snapshot: Snapshot | null = null;

  constructor(plan: LocalPlan, request: LocalRequest, controls: RunControls) {
    this.#plan = plan;
    this.#request = request;
    this.#controls = controls;
    this.#kept = new KeptFolder(request.home, plan.tree.root);
    this.#id = plan.again?.kept.id ?? randomBytes(4).toString('hex');
    this.#number = plan.again?.kept.number ?? (this.#kept.read()?.number ?? 0) + 1;
    this.#folder = this.#kept.path(this.#id);
    const runs = plan.again?.runs ?? this.#newRuns();
    for (const run of runs) {
      for (const { key, state } of Object.values(run.jobs))
        if (state.phase === 'finished') this.#settled.add(`${run.id}/${key}`);
    }
    this.#driver = new Driver(runs, {
      parallel: request.parallel ?? usualParallel(process.availableMemory()),
      hostLabels: [...request.hostLabels],
      start: (run, order) => this.#start(run, order),
      filter: matrixFilter(request.matrix),
      onChange: () => this.#changed(),
    });
  }

  #newRuns(): RunState[] {
    const { runs, repository } = this.#plan;
    return runs.map(({ workflow, called, event, inputs }, index) =>
      createRun({
        id: `${this.#id}-${index + 1}`,
        number: this.#number,
        app: repository.split('/')[1] ?? 'app',
        workflow,
        called,
        event,
        inputs,
        ...this.#plan.variables,
        nowMs: this.#startedAtMs,
      }),
    );
  }

  /** Keeps where the run stands. Runs of the last time that are not part of this one stay as they were. */
  #keep(): void {
    const { files, again } = this.#plan;
    const mine = this.#driver.runs;
    const others = again?.kept.runs.filter(({ id }) => !mine.some((run) => run.id === id)) ?? [];
    const workflows = mine.flatMap(({ workflow, called }) => [workflow, ...Object.values(called)]);
    const digested =
      again?.kept.files ??
      digests(
        files.sources,
        workflows.map(({ file }) => file),
      );
    this.#kept.write({
      id: this.#id,
      number: this.#number,
      runs: [...others, ...mine],
      files: digested,
    });
  }

  async run(): Promise<LocalView> {
    const { tree, actor } = this.#plan;
    this.#kept.claim(this.#id);
    if (!this.#request.committed && tree.changed.length > 0)
      this.#snapshot = await takeSnapshot(tree, join(this.#folder, 'work-tree'));
    const stopCatching = catchCrashes((error) => {
      throw error;
    });
    const onCancel = () => this.#driver.cancel(actor);
    this.#controls.cancel.addEventListener('abort', onCancel);
    if (this.#controls.cancel.aborted) onCancel();
    const { kill } = this.#controls;
    kill.addEventListener('abort', () => this.#kill());
    this.#keep();
    // While the first jobs run, for it may be large.
    const removing = this.#kept.removeOthers(this.#id);
    try {
      await this.#driver.run();
      return this.#view();
    } finally {
      this.#keep();
      await removing;
      this.#controls.cancel.removeEventListener('abort', onCancel);
      stopCatching();
    }
  }

  /** In one go, so that no job starts anything in between. */
  #kill(): void {
    const ids = this.#driver.running().flatMap(({ report }) => report?.trackingId ?? []);
    for (let round = 0; round < 50; round++) {
      const found = ids.flatMap((id) => findTracked(id));
      if (found.length === 0) return;
      for (const pid of found) endNow(pid);
    }
  }

  #changed(): void {
    this.#controls.onChange(() => this.#view());
  }

  #start(run: RunState, order: JobOrder): LocalJob {
    const job = run.jobs[order.jobKey];
    if (!job) throw new Error(`run ${run.id} has no job ${order.jobKey}`);
    const folder = jobFolder(this.#folder, run, job);
    const spec = this.#spec(run, order, folder);
    const about = { run: run.id, job: job.key, jobName: job.displayName };
    const step = this.#plan.again?.step;
    const from = step?.run === run.id && step.job === job.key ? step : null;
    const { onFailedStep } = this.#controls;
    const hooks: JobHooks = {
      onRecords: (records) => this.#controls.onLines(records.map((record) => ({ ...record, ...about }))),
      onReport: () => this.#changed(),
      beforeStep: (progress, index) => {
        if (from?.onlyIt && index > from.index) return 'stop';
        keepCheckpoint(checkpointFile(folder, index), progress, spec);
        return 'go';
      },
      ...(onFailedStep && {
        onFailedStep: (failed) => onFailedStep({ ...failed, jobName: job.displayName }),
      }),
      ...(from && { resume: resumable(from.checkpoint) }),
    };
    return new LocalJob(spec, join(folder, 'job'), hooks);
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
      viewRun(
        run,
        ({ key }) => this.#driver.job(run, key)?.report ?? null,
        ({ key }) => this.#settled.has(`${run.id}/${key}`),
      ),
    );
    // A job that goes on by itself is judged by itself.
    const results = this.#plan.again?.step
      ? runs.flatMap(({ state, jobs }) => (state === 'running' ? state : jobs.map((job) => job.state)))
      : runs.map(({ state }) => state);
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

/** Secrets stay out of it: they are given anew. */
function keepCheckpoint(file: string, progress: Progress, { contexts }: JobSpec): void {
  const secrets = new Set(Object.values(contexts.secrets));
  const masks = progress.masks.filter((value) => !secrets.has(value));
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const { summaryFile } = progress.report;
  const summaryBytes = statSync(summaryFile, { throwIfNoEntry: false })?.size ?? 0;
  const checkpoint: Checkpoint = { progress: { ...progress, masks }, summaryBytes };
  writeFileSync(file, JSON.stringify(checkpoint), { mode: 0o600 });
}

/** What came after the step is undone as far as the job's own records go. */
function resumable({ progress, summaryBytes }: Checkpoint): Progress {
  const { summaryFile } = progress.report;
  if (existsSync(summaryFile)) truncateSync(summaryFile, summaryBytes);
  return { ...progress, status: progress.status === 'cancelled' ? 'failure' : progress.status };
}

/** A process, and the group that it leads. */
function endNow(pid: number): void {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, 'SIGKILL');
    } catch {
      // It leads no group, or has ended.
    }
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
