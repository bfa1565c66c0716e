import type { JobInstance, JobState, Observed, RunAction, RunHappening, RunState } from './model.ts';

/** The clock and the room that the run has. */
export interface PlanLimits {
  nowMs: number;
  /** Workers that this run may have at once. */
  maxParallelJobs: number;
  /** Labels of `runs-on` that this machine takes beyond those that it always does. */
  hostLabels: string[];
  /** What becomes of a job whose labels ask for another system: it is left out, or it fails. */
  unsupported: 'skip' | 'fail';
}

/** A plan in the making: the only thing that the planning functions change. The state it was made from stays as it was. */
export class Draft {
  readonly state: RunState;
  readonly observed: Observed;
  readonly limits: PlanLimits;
  readonly actions: RunAction[] = [];
  readonly events: RunHappening[] = [];
  wakeAtMs: number | null = null;
  /** Jobs whose present worker was named only in this look, so what was observed is not about it. */
  readonly named = new Set<string>();
  /** Grows with each change, so that a loop sees when nothing moves any more. */
  changes = 0;

  constructor(state: RunState, observed: Observed, limits: PlanLimits) {
    this.state = { ...state, jobs: { ...state.jobs } };
    this.observed = observed;
    this.limits = limits;
  }

  jobs(): JobInstance[] {
    return Object.values(this.state.jobs);
  }

  move(job: JobInstance, state: JobState): JobInstance {
    return this.put({ ...job, state });
  }

  put(job: JobInstance): JobInstance {
    this.state.jobs[job.key] = job;
    this.changes++;
    return job;
  }

  end(job: JobInstance, state: Extract<JobState, { phase: 'finished' }>): void {
    const ended = this.move(job, state);
    this.tell('job.finished', ended, { result: state.result, reason: state.reason });
  }

  /** Puts instances in the place of a job; the order of the file stays. */
  replace(job: JobInstance, instances: JobInstance[]): void {
    const entries = Object.entries(this.state.jobs).flatMap(([key, value]) =>
      key === job.key
        ? instances.map((instance) => [instance.key, instance] as const)
        : [[key, value] as const],
    );
    this.state.jobs = Object.fromEntries(entries);
    this.changes++;
  }

  tell(type: RunHappening['type'], job: JobInstance, data: RunHappening['data']): void {
    this.events.push({ type, data: { job: job.key, name: job.displayName, ...data } });
  }

  wakeBy(atMs: number | undefined): void {
    if (atMs !== undefined) this.wakeAtMs = Math.min(this.wakeAtMs ?? atMs, atMs);
  }
}
