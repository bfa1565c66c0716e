import { unreachable } from '../diagnostics/index.ts';
import {
  claimGroups,
  groupWishes,
  planRun,
  requestCancel,
  type GroupLedger,
  type JobOrder,
  type Observed,
  type RunAction,
  type RunState,
} from '../runs/index.ts';
import type { LocalJob } from './local-job.ts';

/** What a driver works with. */
export interface DriverPorts {
  /** Jobs at once, over all runs. */
  parallel: number;
  hostLabels: string[];
  /** Starts the job; `ended` of it leads to the next look. */
  start: (run: RunState, order: JobOrder) => LocalJob;
  /** Takes out what nobody asked for, which then never starts; the state as it is otherwise. */
  filter: ((run: RunState) => RunState) | null;
  /** After each look. */
  onChange: () => void;
}

/**
 * Carries runs to their end in this process: looks at the jobs, lets the engine plan, does what it says, and looks again
 * when a job reports. Keeps nothing that outlives the process.
 */
export class Driver {
  readonly runs: RunState[];
  readonly #ports: DriverPorts;
  readonly #jobs = new Map<string, LocalJob>();
  readonly #environments: Observed['environments'] = {};
  readonly #ended = Promise.withResolvers<void>();
  #ledger: GroupLedger = {};
  #isWoken = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(runs: readonly RunState[], ports: DriverPorts) {
    this.runs = [...runs];
    this.#ports = ports;
  }

  /** Runs everything; the promise settles when every run has finished and no job is left. */
  async run(): Promise<void> {
    this.#look();
    try {
      await this.#ended.promise;
    } finally {
      await Promise.all(Array.from(this.#jobs.values(), ({ ended }) => ended));
    }
  }

  cancel(by: string): void {
    this.#each((run) => requestCancel(run, by, Date.now()));
    this.wake();
  }

  /** The worker of a job, once it has started. */
  job(run: RunState, key: string): LocalJob | undefined {
    return this.#jobs.get(`${run.id}/${key}`);
  }

  /** Workers that have not ended. */
  running(): LocalJob[] {
    return Array.from(this.#jobs.values()).filter((job) => job.observed().worker === 'alive');
  }

  /** Has the world looked at soon; calls of one moment share a look. */
  wake(): void {
    if (this.#isWoken) return;
    this.#isWoken = true;
    queueMicrotask(() => {
      this.#isWoken = false;
      this.#look();
    });
  }

  #each(change: (run: RunState) => RunState): void {
    for (const [index, run] of this.runs.entries()) this.runs[index] = change(run);
  }

  #look(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    try {
      // A run that ends, or a group that is handed on, may let another one go on.
      while (this.runs.map((_, index) => this.#advance(index)).some(Boolean));
      this.#ports.onChange();
      if (this.runs.every(({ finished }) => finished)) this.#ended.resolve();
    } catch (error) {
      for (const { control } of this.#jobs.values()) control.cancel('asked');
      this.#ended.reject(error);
    }
  }

  /** One plan of one run. Says whether anything came of it. */
  #advance(index: number): boolean {
    const run = this.runs[index];
    if (!run || run.finished) return false;
    const plan = this.#plan(run);
    // A job whose matrix has just been expanded may be about to start, and is taken out before it does.
    const state = this.#ports.filter?.(plan.state) ?? plan.state;
    this.runs[index] = state;
    for (const action of plan.actions) if (state.jobs[action.jobKey]) this.#carryOut(state, action);
    const before = JSON.stringify(this.#ledger);
    this.#claim(state);
    const isOpened = this.#openEnvironments(plan.state);
    if (plan.wakeAtMs !== null) this.#wakeAt(plan.wakeAtMs);
    return (
      plan.named.length > 0 || plan.events.length > 0 || isOpened || JSON.stringify(this.#ledger) !== before
    );
  }

  #plan(run: RunState) {
    const { hostLabels } = this.#ports;
    return planRun(run, this.#observe(run), {
      nowMs: Date.now(),
      maxParallelJobs: this.#room(run),
      hostLabels,
      unsupported: 'skip',
    });
  }

  #room(run: RunState): number {
    const others = this.runs.filter(({ id }) => id !== run.id).flatMap(({ jobs }) => Object.values(jobs));
    return this.#ports.parallel - others.filter(({ state }) => state.phase === 'running').length;
  }

  #observe(run: RunState): Observed {
    const jobs: Observed['jobs'] = {};
    for (const { key, state } of Object.values(run.jobs)) {
      const job = state.phase === 'running' ? this.job(run, key) : undefined;
      if (job) jobs[key] = job.observed();
    }
    return { jobs, environments: this.#environments, rollouts: {}, groups: this.#claim(run) };
  }

  /** Says what the run wants of the concurrency groups, and hears how it stands. */
  #claim(run: RunState): Observed['groups'] {
    const { ledger, verdicts } = claimGroups(this.#ledger, {
      run: run.id,
      fence: 0,
      wishes: groupWishes(run),
      gone: this.runs.filter(({ finished }) => finished).map(({ id }) => id),
    });
    this.#ledger = ledger;
    return verdicts;
  }

  /** Rules of environments are the server's; here every one is open. */
  #openEnvironments({ jobs }: RunState): boolean {
    const closed = Object.values(jobs).flatMap(({ state }) =>
      state.phase === 'blocked' && state.by === 'environment' && !this.#environments[state.name]
        ? [state.name]
        : [],
    );
    for (const name of closed) this.#environments[name] = { kind: 'open' };
    return closed.length > 0;
  }

  #wakeAt(atMs: number): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), Math.max(0, atMs - Date.now()));
  }

  #carryOut(run: RunState, action: RunAction): void {
    const job = this.job(run, action.jobKey);
    switch (action.kind) {
      case 'start-job': {
        const started = this.#ports.start(run, action.order);
        this.#jobs.set(`${run.id}/${action.jobKey}`, started);
        void started.ended.then(() => this.wake());
        return;
      }
      case 'cancel-job':
        job?.control.cancel('asked');
        return;
      case 'reap-job':
        // A job of this process ends whatever it started before it counts as ended.
        return;
      case 'resume-job':
      case 'request-rollout':
      case 'abort-rollout':
        throw new Error(`a local run rolls nothing out, and is asked for ${action.kind}`);
      default:
        unreachable(action);
    }
  }
}
