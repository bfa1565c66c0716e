import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { unreachable } from '../diagnostics/index.ts';
import type { Json, Transition } from '../flow/index.ts';
import { jobWorkerArgv, prepareJob, reapJob, resumeJob } from '../runner/index.ts';
import {
  cancelTimeoutMs,
  currentWorkerId,
  resolveSecrets,
  rolloutKey,
  workKey,
  type JobInstance,
  type JobOrder,
  type Observed,
  type RunAction,
} from '../runs/index.ts';
import { repositoryScope, type Vault } from '../secrets/index.ts';
import type { ProcessStatus } from '../supervisor/index.ts';
import { askEnvironment, refusal } from './ask-environment.ts';
import { rolloutIdOf, runScope, type RunFlowData, type RunPorts } from './run-data.ts';

/** A cancelled worker ends by itself after its job's time for `always()` steps; this long after that it is killed. */
const windingUpMs = 30_000;
/** While something goes on that may not announce itself, such as a worker's start or the making of a release. */
const lookMs = 100;
/** While workers run; a new report wakes the run at once. */
const workingMs = 500;
/** While a worker that has parked its job ends. */
const leavingMs = 25;
/** While jobs only wait, signals wake the run. */
const restingMs = 1_000;

/** One tick's actions: what is done to the world, and what is written with the commit. */
export class RunTurn {
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
    const directory = layout.run(run.id).job(workKey(this.job(action.jobKey)));
    switch (action.kind) {
      case 'start-job':
        await this.prepareJob(action, directory);
        return this.startWorker(action, directory);
      case 'resume-job':
        resumeJob(directory, { ...action.outcome, cancelled: action.cancelled });
        return this.startWorker(action, directory);
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
        ended.map((job) => rm(join(layout.run(run.id).job(workKey(job)), 'spec.json'), { force: true })),
      );
  }

  /** When to look again if nothing wakes the run before. Watches the reports of the jobs that run. */
  pauseMs(statuses: ProcessStatus[], observed: Observed): number {
    const { run, deploys } = this.data;
    let pauseMs = restingMs;
    for (const job of Object.values(run.jobs)) {
      const { key, state } = job;
      const directory = this.ports.layout.run(run.id).job(workKey(job));
      if (state.phase === 'running') this.ports.reports.add(run.id, directory);
      else this.ports.reports.remove(directory);
      const asked = state.phase !== 'parked' || deploys[rolloutKey(run.id, job, state.deploy.stepIndex)];
      const alive = statuses.some(({ id, phase }) => id === currentWorkerId(run, key) && phase !== 'exited');
      if (
        !asked ||
        state.phase === 'queued' ||
        (state.phase === 'blocked' && state.by === 'environment') ||
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
    const work = join(layout.run(run.id).root, 'work', workKey(this.job(jobKey)));
    prepareJob(
      {
        ...order,
        contexts: { ...order.contexts, secrets: await secretsFor(vault, run.app, order) },
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

  private job(jobKey: string): JobInstance {
    const job: JobInstance | undefined = this.data.run.jobs[jobKey];
    if (!job) throw new Error(`run ${this.data.run.id} has no job ${jobKey}`);
    return job;
  }

  private async startWorker(
    { workerId: id, jobKey }: { workerId: string; jobKey: string },
    directory: string,
  ): Promise<void> {
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
        stopGraceMs: cancelTimeoutMs(this.data.run, this.job(jobKey)) + windingUpMs,
      },
      this.fence,
    );
  }

  private requestRollout({ rolloutKey, deploy }: Extract<RunAction, { kind: 'request-rollout' }>): void {
    const { background, prepare, release } = this.ports;
    const { data } = this;
    const { run, app } = data;
    if (!app) throw new Error(`${run.id} deploys, and is not of an app`);
    const rolloutId = rolloutIdOf(rolloutKey);
    const { environment } = deploy;
    const work = background.ensure(rolloutKey, () =>
      prepare({
        rolloutId,
        app,
        environment,
        commit: run.event.commit,
        ref: run.event.ref,
        title: data.title,
        actor: run.event.actor,
        replyTo: run.id,
        shipNumber: data.shipNumber ?? null,
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

/** The repository's secrets as the callers pass them on, and over them those of the job's environment. */
async function secretsFor(
  vault: Vault | null,
  app: string,
  { environment, secretPath }: Pick<JobOrder, 'environment' | 'secretPath'>,
): Promise<Record<string, string>> {
  if (!vault) return {};
  const passed = resolveSecrets(secretPath, await secretsOf(vault, app, repositoryScope));
  return environment === null ? passed : { ...passed, ...(await secretsOf(vault, app, environment)) };
}

async function secretsOf(vault: Vault, app: string, environment: string): Promise<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const { name } of await vault.list({ app, environment })) {
    const found = await vault.read({ app, environment, name });
    if (found) values[name] = found.value;
  }
  return values;
}
