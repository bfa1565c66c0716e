import { parseWorkflow } from '../../workflow/index.ts';
import type { Json, Workflow } from '../../workflow/index.ts';
import { createRun, groupWishes, planRun, requestCancel } from '../index.ts';
import type { JobOrder, Observed, ObservedJob, PlanLimits, RunPlan, RunState } from '../index.ts';

/** A workflow from its text. */
export function parsed(text: string, file: string = '.github/workflows/ci.yml'): Workflow {
  const result = parseWorkflow(text, file);
  if (!result.ok) throw new Error(JSON.stringify(result.findings, null, 2));
  return result.value;
}

/** A run of a push, with the workflows that it may call by their names without folder and ending. */
export function runOf(
  text: string,
  {
    called = {},
    payload = {},
    id = 'r1',
  }: { called?: Record<string, string>; payload?: Json; id?: string } = {},
): RunState {
  const files = Object.entries(called).map(([name, content]) => {
    const file = `.github/workflows/${name}.yml`;
    return [`./${file}`, parsed(content, file)] as const;
  });
  const event = {
    name: 'push',
    ref: 'refs/heads/main',
    commit: 'c0ffee',
    actor: 'ana',
    message: 'm',
    payload,
  };
  const workflow = parsed(text);
  return createRun({
    id,
    number: 7,
    app: 'shop',
    workflow,
    called: Object.fromEntries(files),
    event,
    nowMs: 0,
  });
}

/** Plays workers by hand: tell it what each did, look, and see what the engine wants. */
export class Play {
  state: RunState;
  readonly observed: Observed = { jobs: {}, environments: {}, rollouts: {}, groups: {} };
  readonly happened: string[] = [];
  private nowMs = 1;
  private readonly limits: Omit<PlanLimits, 'nowMs'>;

  constructor(state: RunState, limits: Partial<PlanLimits> = {}) {
    this.state = state;
    this.limits = { maxParallelJobs: 100, hostLabels: [], unsupported: 'fail', ...limits };
  }

  look(): RunPlan {
    const plan = planRun(this.state, this.observed, { ...this.limits, nowMs: this.nowMs++ });
    this.state = plan.state;
    this.happened.push(...plan.events.map((event) => event.type));
    if (plan.named.length === 0) return plan;
    // What was seen was the job's worker before this one.
    for (const key of plan.named) delete this.observed.jobs[key];
    const next = this.look();
    return { ...next, actions: [...plan.actions, ...next.actions], events: [...plan.events, ...next.events] };
  }

  /** Looks, and starts whatever should start; returns the keys of the jobs. */
  start(): string[] {
    const started = this.look().actions.filter((action) => action.kind === 'start-job');
    for (const { jobKey } of started) this.sees(jobKey, { worker: 'alive', report: { phase: 'running' } });
    return started.map((action) => action.jobKey);
  }

  /** The order of a job that starts now. */
  order(jobKey: string): JobOrder {
    const action = this.look().actions.find((each) => each.kind === 'start-job' && each.jobKey === jobKey);
    if (action?.kind !== 'start-job') throw new Error(`${jobKey} does not start`);
    return action.order;
  }

  sees(jobKey: string, job: ObservedJob): void {
    this.observed.jobs[jobKey] = job;
  }

  ends(
    jobKey: string,
    result: 'success' | 'failure' | 'cancelled',
    outputs: Record<string, string> = {},
  ): void {
    this.sees(jobKey, { worker: 'gone', report: { phase: 'finished', result, outputs } });
  }

  cancel(): void {
    this.state = requestCancel(this.state, 'ana', this.nowMs);
  }

  phases(): Record<string, string> {
    return Object.fromEntries(
      Object.values(this.state.jobs).map(({ key, state }) => [
        key,
        state.phase === 'finished' ? state.result : state.phase,
      ]),
    );
  }

  reason(jobKey: string): string | null {
    const state = this.state.jobs[jobKey]?.state;
    return state && 'reason' in state ? state.reason : null;
  }

  wants(): string[] {
    return groupWishes(this.state).map(({ holder, group }) => `${holder} ${group.name}`);
  }
}
