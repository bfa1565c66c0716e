import type { Job } from '../workflow/index.ts';
import { placeholderOf } from './call.ts';
import { frameOf, instancesIn, instancesOf } from './frames.ts';
import type { JobInstance, RunState } from './model.ts';

/** Which jobs of a finished run are run again; their dependents always are. */
export interface RerunWish {
  /** `failed` takes cancelled ones along. Otherwise keys of jobs, or ids, which mean every instance of theirs. */
  only: 'all' | 'failed' | string[];
}

/**
 * The next attempt of a finished run: what succeeded keeps its results, outputs and artifacts, what is chosen and what needs
 * it is pending. Where nothing is chosen, the new attempt ends as the old one did.
 *
 * @see https://docs.github.com/actions/how-tos/manage-workflow-runs/re-run-workflows-and-jobs
 */
export function rerun(state: RunState, { only }: RerunWish): RunState {
  const attempt = state.attempt + 1;
  const { instances } = new Rerun(state, only, attempt).frame(null);
  return {
    ...state,
    attempt,
    gate: { phase: 'closed' },
    jobs: Object.fromEntries(instances.map((job) => [job.key, job])),
    cancelRequested: null,
    finished: null,
  };
}

class Rerun {
  private readonly state: RunState;
  private readonly only: RerunWish['only'];
  private readonly attempt: number;

  constructor(state: RunState, only: RerunWish['only'], attempt: number) {
    this.state = state;
    this.only = only;
    this.attempt = attempt;
  }

  /** The jobs of a frame and of all frames in it, and whether any of them is run again. */
  frame(call: JobInstance | null): { instances: JobInstance[]; again: boolean } {
    const { workflow } = frameOf(this.state, call?.key ?? null);
    const again = new Set<string>();
    const jobs = new Map(workflow.jobs.map((job) => [job.id, job]));
    const instances = new Map<string, JobInstance[]>();
    const visit = (job: Job): void => {
      if (instances.has(job.id)) return;
      for (const { id } of job.needs) {
        const need = jobs.get(id);
        if (need) visit(need);
      }
      const fresh = this.only === 'all' || job.needs.some(({ id }) => again.has(id));
      const done = fresh
        ? { instances: [placeholderOf(job, { call, attempt: this.attempt })], again: true }
        : this.job(call, job);
      instances.set(job.id, done.instances);
      if (done.again) again.add(job.id);
    };
    for (const job of workflow.jobs) visit(job);
    return { instances: workflow.jobs.flatMap(({ id }) => instances.get(id) ?? []), again: again.size > 0 };
  }

  private job(call: JobInstance | null, job: Job): { instances: JobInstance[]; again: boolean } {
    const parts = instancesOf(this.state, call?.key ?? null, job.id).map((instance) =>
      this.instance(instance),
    );
    return {
      instances: parts.flatMap(({ instances }) => instances),
      again: parts.some(({ again }) => again),
    };
  }

  private instance(instance: JobInstance): { instances: JobInstance[]; again: boolean } {
    const began = instancesIn(this.state, instance.key).length > 0;
    if (began && !this.names(instance)) {
      const inner = this.frame(instance);
      const around = inner.again ? this.pending(instance) : instance;
      return { instances: [around, ...inner.instances], again: inner.again };
    }
    const again = this.names(instance) || (this.only === 'failed' && endedBadly(instance));
    return { instances: [again ? this.pending(instance) : instance], again };
  }

  private names({ key, jobId }: JobInstance): boolean {
    return Array.isArray(this.only) && (this.only.includes(key) || this.only.includes(jobId));
  }

  private pending(instance: JobInstance): JobInstance {
    return { ...instance, attempt: this.attempt, superseded: null, groups: [], state: { phase: 'pending' } };
  }
}

function endedBadly({ state }: JobInstance): boolean {
  return state.phase === 'finished' && (state.result === 'failure' || state.result === 'cancelled');
}
