import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { App } from '../app/index.ts';
import { emptyEnvironment, type RolloutRequest, type RolloutResult } from '../delivery/index.ts';
import { CodedError, unreachable } from '../diagnostics/index.ts';
import type { FlowHandler, Json, Signal, Transition } from '../flow/index.ts';
import type { Release } from '../release/index.ts';
import {
  jobWorkerArgv,
  observedReport,
  prepareJob,
  readReport,
  reapJob,
  resumeJob,
} from '../runner/index.ts';
import {
  currentWorkerId,
  planRun,
  requestCancel,
  rolloutKey,
  type DeployOutcome,
  type EnvironmentVerdict,
  type Observed,
  type RunAction,
  type RunState,
} from '../runs/index.ts';
import type { Vault } from '../secrets/index.ts';
import type { ProcessStatus, Supervisor } from '../supervisor/index.ts';
import { matchesPatterns } from '../workflow/index.ts';
import type { Background } from './background.ts';
import { environmentFlowId } from './environment-flow.ts';
import type { Layout } from './layout.ts';
import type { RolloutWish } from './prepare-rollout.ts';
import type { ReportWatch } from './report-watch.ts';

/** What a run's flow keeps. */
export interface RunFlowData {
  run: RunState;
  ship: string;
  title: string;
  /** The app as the commit defines it; null when only workflows are run. */
  app: App | null;
  /** Rollouts that deploy steps have asked for, by rollout key. */
  deploys: Record<string, AskedRollout>;
}

/** A rollout that a deploy step waits for, or waited for. */
interface AskedRollout {
  rolloutId: string;
  environment: string;
  /** Digest of the release, and where users will find it; empty when nothing could be asked for. */
  release: string;
  url: string;
  /** Its end was asked for. */
  aborting?: boolean;
  outcome: DeployOutcome | null;
}

/** What a run's flow acts on. */
export interface RunPorts {
  layout: Layout;
  supervisor: Supervisor;
  vault: Vault | null;
  machineEnv: Record<string, string>;
  background: Background;
  reports: ReportWatch;
  maxParallelJobs: number;
  /** `report` for runs without a server: deploy steps only say what they would ship. */
  deploys: 'park' | 'report';
  /** The bare repository that jobs check out from. */
  gitDirectory: (app: string) => string;
  prepare: (wish: RolloutWish) => Promise<RolloutRequest>;
  /** Where users reach the first of these hosts. */
  urlOf: (hosts: string[]) => string;
  release: (data: RunFlowData) => Promise<Release>;
}

/** From SIGTERM to SIGKILL for a job's worker, which still runs `always()` steps: five minutes, as on GitHub. */
const workerGraceMs = 300_000;
/** While something goes on that may not announce itself, such as a worker's start or the making of a release. */
const lookMs = 100;
/** While workers run; a new report wakes the run at once. */
const workingMs = 500;
/** While a worker that has parked its job ends. */
const leavingMs = 25;
/** While jobs only wait, signals wake the run. */
const restingMs = 1_000;

/** Scope of a run's processes at the supervisor. */
export function runScope(runId: string): string {
  return `runs/${runId}`;
}

/** Id by which people name a rollout; the same step always asks for the same one. */
export function rolloutIdOf(key: string): string {
  return `ro-${createHash('sha256').update(key).digest('hex').slice(0, 8)}`;
}

/** Looks at a run's workers and rollouts, lets the engine plan, carries out its actions, and commits. */
export function runHandler(ports: RunPorts): FlowHandler<RunFlowData> {
  return {
    kind: 'run',
    async tick(flow, { nowMs, fence, signals }) {
      const data = takeSignals(flow.data, signals, nowMs);
      const statuses = await ports.supervisor.list(runScope(data.run.id));
      const observed = await observe(data, statuses, ports);
      const plan = planRun(data.run, observed, { nowMs, maxParallelJobs: ports.maxParallelJobs });
      const next: RunFlowData = { ...data, run: plan.state };
      const turn = new Turn(next, { ports, fence });
      for (const action of plan.actions) await turn.carryOut(action);
      await turn.tidy(statuses);
      const { finished } = next.run;
      if (finished)
        await rm(join(ports.layout.run(next.run.id).root, 'work'), { recursive: true, force: true });
      const reply = {
        flowId: next.ship,
        name: 'run-finished',
        payload: { run: next.run.id, result: finished?.result ?? null },
      };
      return {
        phase: finished ? finished.result : 'running',
        data: next,
        wakeAtMs: finished ? null : nowMs + turn.pauseMs(statuses, observed),
        done: finished !== null,
        events: plan.events.map(({ type, data: about }) => ({
          chain: next.run.app,
          type,
          actor: 'slipway',
          data: { run: next.run.id, ...about },
        })),
        consumed: signals.map(({ id }) => id),
        create: turn.create,
        send: finished ? [...turn.send, reply] : turn.send,
      };
    },
  };
}

function takeSignals(data: RunFlowData, signals: readonly Signal[], nowMs: number): RunFlowData {
  let next: RunFlowData = { ...data, deploys: { ...data.deploys } };
  for (const { name, payload } of signals) {
    if (name === 'cancel')
      next = { ...next, run: requestCancel(next.run, (payload as { by: string }).by, nowMs) };
    if (name !== 'rollout-finished') continue;
    const result = payload as unknown as RolloutResult;
    for (const [key, deploy] of Object.entries(next.deploys)) {
      if (deploy.rolloutId === result.rollout)
        next.deploys[key] = { ...deploy, outcome: outcomeOf(key, deploy, result) };
    }
  }
  return next;
}

function outcomeOf(key: string, asked: AskedRollout, result: RolloutResult): DeployOutcome {
  return {
    stepIndex: Number(key.slice(key.lastIndexOf('/') + 1)),
    result: result.outcome === 'succeeded' ? 'success' : 'failure',
    outputs: {
      release: asked.release,
      revision: result.revision ?? '',
      url: asked.url,
    },
    reason:
      result.outcome === 'succeeded'
        ? result.reason
        : `the rollout to ${asked.environment} ${result.outcome}: ${result.reason}`,
  };
}

async function observe(data: RunFlowData, statuses: ProcessStatus[], ports: RunPorts): Promise<Observed> {
  const { run } = data;
  const jobs: Observed['jobs'] = {};
  for (const { key, state } of Object.values(run.jobs)) {
    if (state.phase !== 'running' && state.phase !== 'parked') continue;
    const status = statuses.find(({ id }) => id === currentWorkerId(run, key));
    // The process is looked at before its report, so that a worker that ends in between is not taken for lost.
    const worker = status ? (status.phase === 'exited' ? 'gone' : 'alive') : 'none';
    const report = await readReport(ports.layout.run(run.id).job(key));
    jobs[key] = { worker, report: observedReport(report) };
  }
  const rollouts = Object.entries(data.deploys).map(
    ([key, { outcome }]) =>
      [key, outcome ? { kind: 'ended' as const, outcome } : { kind: 'going' as const }] as const,
  );
  return { jobs, environments: verdicts(data), rollouts: Object.fromEntries(rollouts) };
}

/** What the rules of each environment say of this run's branch. One that slipway.yml does not know has no rules. */
function verdicts({ app, run }: RunFlowData): Record<string, EnvironmentVerdict> {
  const ofJobs = Object.values(run.jobs).flatMap(({ environment }) =>
    environment === null ? [] : [environment],
  );
  const named = [...new Set([...(app?.environments ?? []).map(({ name }) => name), ...ofJobs])];
  return Object.fromEntries(
    named.map((name): [string, EnvironmentVerdict] => {
      const branches = app?.environments.find((environment) => environment.name === name)?.branches ?? [];
      const branch = run.event.ref.replace(/^refs\/heads\//, '');
      if (branches.length === 0 || matchesPatterns(branches, branch)) return [name, { kind: 'open' }];
      const allowed = branches.map((pattern) => `"${pattern}"`).join(', ');
      return [
        name,
        { kind: 'refused', reason: `environment "${name}" takes only branches ${allowed}, not "${branch}"` },
      ];
    }),
  );
}

/** One tick's actions: what is done to the world, and what is written with the commit. */
class Turn {
  readonly create: NonNullable<Transition['create']> = [];
  readonly send: NonNullable<Transition['send']> = [];
  private readonly data: RunFlowData;
  private readonly ports: RunPorts;
  private readonly fence: number;

  constructor(data: RunFlowData, { ports, fence }: { ports: RunPorts; fence: number }) {
    this.data = data;
    this.ports = ports;
    this.fence = fence;
  }

  async carryOut(action: RunAction): Promise<void> {
    const { layout, supervisor } = this.ports;
    const { run } = this.data;
    const directory = layout.run(run.id).job(action.jobKey);
    switch (action.kind) {
      case 'start-job':
        await this.prepareJob(action, directory);
        return this.startWorker(action.workerId, directory);
      case 'resume-job':
        resumeJob(directory, { ...action.outcome, cancelled: action.cancelled });
        return this.startWorker(action.workerId, directory);
      case 'cancel-job':
        return supervisor.remove(action.workerId, runScope(run.id), this.fence);
      case 'reap-job':
        // Steps run in sessions of their own, so the end of their worker does not reach them.
        await reapJob(directory);
        return;
      case 'request-rollout':
        return this.requestRollout(action);
      case 'abort-rollout':
        return this.abortRollout(action);
      default:
        return unreachable(action);
    }
  }

  /** Lets the supervisor forget workers that have ended and been taken into account. */
  async tidy(statuses: ProcessStatus[]): Promise<void> {
    const { run } = this.data;
    const current = Object.keys(run.jobs).map((key) => currentWorkerId(run, key));
    for (const { id, phase } of statuses) {
      const over = run.finished !== null || (phase === 'exited' && !current.includes(id));
      if (over) await this.ports.supervisor.remove(id, runScope(run.id), this.fence);
    }
    // A spec holds the job's secrets, which nobody needs any more.
    const ended = Object.values(run.jobs).filter(({ state }) => state.phase === 'finished');
    const { layout } = this.ports;
    if (run.finished)
      await Promise.all(
        ended.map(({ key }) => rm(join(layout.run(run.id).job(key), 'spec.json'), { force: true })),
      );
  }

  /** When to look again if nothing wakes the run before. Watches the reports of the jobs that run. */
  pauseMs(statuses: ProcessStatus[], observed: Observed): number {
    const { run, deploys } = this.data;
    let pauseMs = restingMs;
    for (const { key, state } of Object.values(run.jobs)) {
      const directory = this.ports.layout.run(run.id).job(key);
      if (state.phase === 'running') this.ports.reports.add(run.id, directory);
      else this.ports.reports.remove(directory);
      const asked = state.phase !== 'parked' || deploys[rolloutKey(run.id, key, state.deploy.stepIndex)];
      const alive = statuses.some(({ id, phase }) => id === currentWorkerId(run, key) && phase !== 'exited');
      if (
        !asked ||
        state.phase === 'queued' ||
        state.phase === 'blocked' ||
        (state.phase === 'running' && !alive)
      ) {
        pauseMs = Math.min(pauseMs, lookMs);
      } else if (state.phase === 'running') {
        // A parked job holds no process: its worker is on its way out.
        const leaving = observed.jobs[key]?.report?.phase === 'parked';
        pauseMs = Math.min(pauseMs, leaving ? leavingMs : workingMs);
      }
    }
    return pauseMs;
  }

  private async prepareJob(
    { order, jobKey }: Extract<RunAction, { kind: 'start-job' }>,
    directory: string,
  ): Promise<void> {
    const { layout, machineEnv, deploys, gitDirectory, vault } = this.ports;
    const { run } = this.data;
    const { commit, ref } = run.event;
    // Everything that ends with the run lies together, apart from logs and reports, which stay.
    const work = join(layout.run(run.id).root, 'work', jobKey);
    prepareJob(
      {
        ...order,
        contexts: { ...order.contexts, secrets: await secretsFor(vault, run.app, order.environment) },
        source: { gitDirectory: gitDirectory(run.app), commit, ref },
        directories: {
          workspace: join(work, run.app, run.app),
          temp: join(work, 'temp'),
          home: join(work, 'home'),
          artifacts: layout.run(run.id).artifacts,
          cache: layout.app(run.app).cache,
          tools: layout.tools,
        },
        machineEnv,
        deploys,
      },
      directory,
    );
  }

  private async startWorker(id: string, directory: string): Promise<void> {
    await mkdir(directory, { recursive: true });
    await this.ports.supervisor.ensure(
      {
        id,
        scope: runScope(this.data.run.id),
        argv: jobWorkerArgv(directory),
        cwd: directory,
        env: { PATH: this.ports.machineEnv['PATH'] ?? '/usr/bin:/bin', LANG: 'C.UTF-8' },
        logFile: join(directory, 'worker.log'),
        restart: 'never',
        needsPort: false,
        stopGraceMs: workerGraceMs,
      },
      this.fence,
    );
  }

  private requestRollout({ rolloutKey, deploy }: Extract<RunAction, { kind: 'request-rollout' }>): void {
    const { background, prepare, release } = this.ports;
    const { data } = this;
    const { run } = data;
    const rolloutId = rolloutIdOf(rolloutKey);
    const { environment } = deploy;
    const work = background.ensure(rolloutKey, () =>
      prepare({
        rolloutId,
        app: run.app,
        environment,
        commit: run.event.commit,
        ref: run.event.ref,
        title: data.title,
        actor: run.event.actor,
        replyTo: run.id,
        release: () => release(data),
      }),
    );
    if (work.state === 'going') return;
    background.forget(rolloutKey);
    if (work.state === 'failed') {
      const outcome = refusal(deploy.stepIndex, environment, work.error);
      data.deploys[rolloutKey] = { rolloutId, environment, release: '', url: '', outcome };
      return;
    }
    const { release: asked, hosts } = work.value.revision;
    const url = this.ports.urlOf(hosts);
    data.deploys[rolloutKey] = { rolloutId, environment, release: asked.digest, url, outcome: null };
    askEnvironment(this, `${run.app}/${environment}`, {
      name: 'rollout',
      payload: work.value as unknown as Json,
    });
  }

  private abortRollout({ rolloutKey, reason }: Extract<RunAction, { kind: 'abort-rollout' }>): void {
    const deploy = this.data.deploys[rolloutKey];
    if (!deploy || deploy.outcome || deploy.aborting) return;
    this.data.deploys[rolloutKey] = { ...deploy, aborting: true };
    const payload = { rolloutId: deploy.rolloutId, by: 'slipway', reason };
    askEnvironment(this, `${this.data.run.app}/${deploy.environment}`, { name: 'abort', payload });
  }
}

/** Sends a signal to an environment's flow, and creates the flow the first time. */
export function askEnvironment(
  { create, send }: { create: NonNullable<Transition['create']>; send: NonNullable<Transition['send']> },
  scope: string,
  { name, payload }: { name: string; payload: Json },
): void {
  const id = environmentFlowId(scope);
  create.push({ id, kind: 'environment', phase: 'empty', data: emptyEnvironment(scope), wakeAtMs: 0 });
  send.push({ flowId: id, name, payload });
}

/** Why a rollout could not even be asked for. */
export function refusal(stepIndex: number, environment: string, error: unknown): DeployOutcome {
  const reason = error instanceof Error ? error.message : String(error);
  const help = error instanceof CodedError && error.help !== undefined ? ` (${error.help})` : '';
  return {
    stepIndex,
    result: 'failure',
    outputs: { environment },
    reason: `nothing was rolled out to ${environment}: ${reason}${help}`,
  };
}

async function secretsFor(
  vault: Vault | null,
  app: string,
  environment: string | null,
): Promise<Record<string, string>> {
  if (!vault || environment === null) return {};
  const values: Record<string, string> = {};
  for (const { name } of await vault.list({ app, environment })) {
    const found = await vault.read({ app, environment, name });
    if (found) values[name] = found.value;
  }
  return values;
}
