import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { CodedError } from '../diagnostics/index.ts';
import type { Clock } from '../flow/index.ts';
import { createRun } from '../runs/index.ts';
import {
  createBundle,
  openMirror,
  openRepository,
  type CommitInfo,
  type Mirror,
  type Repository,
} from '../source/index.ts';
import { currentOwner, openStore } from '../store/index.ts';
import { triggers, type Workflow } from '../workflow/index.ts';
import { Background } from './background.ts';
import { DirectProcesses } from './direct-processes.ts';
import { layoutOf, type Layout } from './layout.ts';
import { jobLogs } from './read-logs.ts';
import { readDefinition } from './repository-files.ts';
import { ReportWatch } from './report-watch.ts';
import type { RunFlowData } from './run-data.ts';
import { runHandler } from './run-flow.ts';
import { FindingsError, pushEvent, triggerText } from './shipping.ts';
import { TickLoop } from './tick-loop.ts';
import { viewRun } from './view-ship.ts';
import type { LogLine, ShipView } from './views.ts';

/** What to run, without a server. */
export interface RunRequest {
  /** Top folder of the user's repository, which is only read. */
  root: string;
  commit: string;
  ref: string;
  event: 'push' | 'pull_request' | 'workflow_dispatch';
  actor: string;
  /** Only the workflow with this file or name, whatever starts it. */
  workflow?: string;
  /** Only this job, and what it needs. */
  job?: string;
  machineEnv: Record<string, string>;
  /** Keeps tools, caches and the mirror from run to run. */
  home: string;
  onView(view: ShipView): void;
  onLine(line: LogLine): void;
  signal: AbortSignal;
}

/** The request with its commit at hand. */
interface LocalRun extends RunRequest {
  app: string;
  gitDirectory: string;
  info: CommitInfo;
  defaultBranch: string;
}

const clock: Clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() };
const viewEveryMs = 100;

/**
 * Runs the workflows of a commit with the server's own engines, wired to a private store in memory. Deploy steps only say
 * what they would ship. Leaves caches, tools and a mirror in the home, and nothing else; an abort ends every process first.
 */
export async function runWorkflows(request: RunRequest): Promise<ShipView> {
  const repository = await openRepository(request.root);
  const defaultBranch = await repository.defaultBranch();
  const fallbackName = basename(repository.root);
  const scratch = await mkdtemp(join(tmpdir(), 'slipway-run-'));
  try {
    const mirror = await openMirror(join(request.home, 'run', `${fallbackName}.git`));
    await receive(repository, mirror, { ...request, scratch });
    const files = {
      read: (path: string) => mirror.readFile(request.commit, path),
      list: (prefix: string) => mirror.listFiles(request.commit, prefix),
    };
    const { app, workflows, sources, findings } = await readDefinition(files, {
      fallbackName,
      defaultBranch,
      event: request.event,
    });
    // What only a rollout needs, such as a Procfile, may be missing here.
    const errors = findings.filter(({ severity, code }) => severity === 'error' && !code.startsWith('app/'));
    if (errors.length > 0) throw new FindingsError(errors, sources);
    const local: LocalRun = {
      ...request,
      app: app?.name ?? 'app',
      gitDirectory: mirror.directory,
      info: await mirror.commitInfo(request.commit),
      defaultBranch,
    };
    return await new Session(
      local,
      layoutFor(request.home, scratch),
      chooseWorkflows(workflows, local),
    ).run();
  } finally {
    await rm(scratch, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function receive(
  repository: Repository,
  mirror: Mirror,
  { commit, ref, scratch }: { commit: string; ref: string; scratch: string },
): Promise<void> {
  if (await mirror.has(commit)) return;
  const haveCommits = (await mirror.heads()).map((head) => head.commit);
  const outFile = join(scratch, 'commit.bundle');
  await createBundle({ repository, commit, ref, haveCommits, outFile });
  await mirror.receiveBundle(outFile, ref, commit);
}

function layoutFor(home: string, scratch: string): Layout {
  const kept = layoutOf(home);
  return { ...layoutOf(scratch), tools: kept.tools, app: kept.app };
}

function chooseWorkflows(workflows: Workflow[], local: LocalRun): Workflow[] {
  const named = workflows.filter(
    ({ file, name }) =>
      local.workflow === undefined || file.endsWith(local.workflow ?? '') || name === local.workflow,
  );
  if (named.length === 0 && local.workflow !== undefined) {
    throw new CodedError('wiring/no-such-workflow', `there is no workflow "${local.workflow}"`, {
      notes: [`workflows: ${workflows.map(({ file }) => basename(file)).join(', ') || 'none'}`],
      help: 'name one of these: slipway run --workflow <file or name>',
    });
  }
  const chosen = named.filter(
    (workflow) => local.workflow !== undefined || triggers(workflow, { name: local.event, ref: local.ref }),
  );
  if (chosen.length === 0) {
    throw new CodedError(
      'wiring/nothing-to-run',
      `no workflow is started by ${local.event} on ${local.ref.replace('refs/heads/', '')}`,
      {
        notes: workflows.map(({ file, triggers: on }) => `${file}: on ${on.map(triggerText).join(', ')}`),
        help: 'name one: slipway run --workflow <file or name>',
      },
    );
  }
  return local.job === undefined ? chosen : chosen.map((workflow) => onlyJob(workflow, local.job ?? ''));
}

function onlyJob(workflow: Workflow, job: string): Workflow {
  const wanted = new Set<string>();
  const add = (id: string): void => {
    wanted.add(id);
    for (const need of workflow.jobs.find((one) => one.id === id)?.needs ?? []) add(need.id);
  };
  if (!workflow.jobs.some(({ id }) => id === job)) {
    throw new CodedError('wiring/no-such-job', `${workflow.file} has no job "${job}"`, {
      notes: [`jobs: ${workflow.jobs.map(({ id }) => `"${id}"`).join(', ')}`],
      help: 'name one of these: slipway run --job <job>',
    });
  }
  add(job);
  return { ...workflow, jobs: workflow.jobs.filter(({ id }) => wanted.has(id)) };
}

/** One call of `slipway run`. */
class Session {
  private readonly id = `run-${randomBytes(3).toString('hex')}`;
  private readonly local: LocalRun;
  private readonly layout: Layout;
  private readonly workflows: Workflow[];
  private readonly startedAtMs = Date.now();

  constructor(local: LocalRun, layout: Layout, workflows: Workflow[]) {
    this.local = local;
    this.layout = layout;
    this.workflows = workflows;
  }

  async run(): Promise<ShipView> {
    const { local, layout } = this;
    const owner = `run-${process.pid}`;
    const store = await openStore({ file: ':memory:', home: layout.home, clock, owner: currentOwner(owner) });
    const processes = new DirectProcesses();
    const reports = new ReportWatch((run) => void store.flows.signal(run, 'report', null).catch(() => {}));
    const loop = new TickLoop({
      store,
      handlers: [
        runHandler({
          layout,
          supervisor: processes,
          vault: null,
          machineEnv: local.machineEnv,
          background: new Background(),
          reports,
          maxParallelJobs: Math.max(2, availableParallelism()),
          deploys: 'report',
          gitDirectory: () => local.gitDirectory,
          urlOf: () => '',
          prepare: () => Promise.reject(new Error('a run without a server rolls nothing out')),
          release: () => Promise.reject(new Error('a run without a server makes no release')),
          store,
        }),
      ],
      owner,
      clock,
      // Nobody else knows this store.
      leaseMs: 3_600_000,
      onError: (error) => local.onLine({ source: 'slipway', atMs: Date.now(), text: String(error) }),
    });
    const runs = this.runs();
    for (const data of runs)
      await store.flows.create({ id: data.run.id, kind: 'run', phase: 'running', data, wakeAtMs: 0 });
    const read = async () =>
      Promise.all(runs.map(async ({ run }) => (await store.flows.get(run.id))?.data as RunFlowData));
    loop.start();
    try {
      return await this.follow(read, (id) => store.flows.signal(id, 'cancel', { by: local.actor }));
    } finally {
      reports.close();
      await loop.stop();
      await processes.endAll();
      await store.close();
    }
  }

  private runs(): RunFlowData[] {
    const { local } = this;
    const title = local.info.message.split('\n')[0] ?? '';
    const event = { ...pushEvent(local, local.info, title), name: local.event };
    return this.workflows.map((workflow, index) => ({
      run: createRun({
        id: `${this.id}-${index + 1}`,
        number: index + 1,
        app: local.app,
        workflow,
        event,
        nowMs: this.startedAtMs,
      }),
      ship: this.id,
      title,
      app: null,
      deploys: {},
    }));
  }

  private async follow(
    read: () => Promise<RunFlowData[]>,
    cancel: (id: string) => Promise<void>,
  ): Promise<ShipView> {
    const { local, layout } = this;
    const over = async () => (await read()).every(({ run }) => run.finished !== null);
    const never = new AbortController();
    const lines = (async () => {
      for await (const line of jobLogs(
        { layout, job: null, runs: read, ended: over },
        { lines: null, follow: true, signal: never.signal },
      )) {
        local.onLine(line);
      }
    })();
    let cancelled = false;
    for (;;) {
      const data = await read();
      const view = await this.view(data);
      local.onView(view);
      if (view.state !== 'running') {
        await lines;
        return view;
      }
      if (local.signal.aborted && !cancelled) {
        cancelled = true;
        for (const { run } of data) await cancel(run.id);
      }
      await new Promise((resolve) => setTimeout(resolve, viewEveryMs));
    }
  }

  private async view(data: RunFlowData[]): Promise<ShipView> {
    const { local } = this;
    const runs = await Promise.all(data.map((run) => viewRun(run, this.layout)));
    const results = runs.map(({ state }) => state);
    const state = results.includes('running')
      ? 'running'
      : results.includes('cancelled')
        ? 'cancelled'
        : results.includes('failure')
          ? 'failed'
          : 'succeeded';
    return {
      id: this.id,
      app: local.app,
      commit: local.commit,
      title: local.info.message.split('\n')[0] ?? '',
      ref: local.ref,
      actor: local.actor,
      state,
      reason: null,
      startedAtMs: this.startedAtMs,
      finishedAtMs: state === 'running' ? null : Date.now(),
      runs,
      rollouts: [],
    };
  }
}
