import { environmentOf } from '../workflow/index.ts';
import { readReport, type JobReport, type StepReport } from '../runner/index.ts';
import { workKey, writtenJob, type JobInstance, type RunState } from '../runs/index.ts';
import type { Layout } from './layout.ts';
import { deploySteps } from './repository-files.ts';
import type { RunFlowData } from './run-data.ts';
import type { JobView, JobViewState, RolloutView, RunView, ShipView, StepView } from './views.ts';
import type { ShipData } from './ship-flow.ts';

/** Everything about a ship that people follow, from its flow, its runs and what their workers report. */
export async function viewShip(
  ship: ShipData,
  runs: RunFlowData[],
  { layout, rollouts, making }: { layout: Layout; rollouts: RolloutView[]; making: string | null },
): Promise<ShipView> {
  const seen = await Promise.all(runs.map((data) => viewRun(data, layout)));
  const views = making === null ? seen : seen.map((run) => withMaking(run, making));
  return {
    id: ship.id,
    app: ship.app.name,
    commit: ship.commit,
    title: ship.title,
    ref: ship.ref,
    actor: ship.actor,
    state: ship.ended?.state ?? 'running',
    reason: ship.ended ? (ship.ended.reason ?? reasonOf(views)) : null,
    startedAtMs: ship.startedAtMs,
    finishedAtMs: ship.ended?.atMs ?? null,
    runs: views,
    rollouts,
  };
}

/** A deploy step that has asked for no rollout yet waits for the release. */
function withMaking(run: RunView, making: string): RunView {
  const jobs = run.jobs.map((job) =>
    job.state === 'parked' && job.reason === null ? { ...job, reason: making } : job,
  );
  return { ...run, jobs };
}

/** One run with its jobs and steps. */
export async function viewRun({ run, app }: RunFlowData, layout: Layout): Promise<RunView> {
  const jobs = await Promise.all(
    shownJobs(run).map(async (job) =>
      viewJob(job, run, await readReport(layout.run(run.id).job(workKey(job))).catch(() => null)),
    ),
  );
  return {
    id: run.id,
    workflow: run.workflow.name,
    file: run.workflow.file,
    state: run.finished?.result ?? 'running',
    name: run.name,
    attempt: run.attempt,
    reason: run.gate.phase === 'waiting' ? run.gate.reason : null,
    jobs: app === null ? jobs.map((job) => ({ ...job, wouldShip: wouldShip(job, run) })) : jobs,
  };
}

/** A call that has begun is seen as the jobs of the workflow that it calls. */
function shownJobs(run: RunState): JobInstance[] {
  const all = Object.values(run.jobs);
  const begun = new Set(all.map(({ parent }) => parent));
  return all.filter(({ key }) => !begun.has(key));
}

function viewJob(job: JobInstance, run: RunState, report: JobReport | null): JobView {
  const { state } = job;
  const times = 'startedAtMs' in state ? state.startedAtMs : null;
  return {
    key: job.key,
    name: job.displayName,
    state: stateOf(job),
    reason: 'reason' in state ? state.reason : null,
    needs: writtenJob(run, job).needs.map(({ id }) => (job.parent === null ? id : `${job.parent}/${id}`)),
    environment: job.environment ?? plainEnvironment(run, job),
    startedAtMs: times,
    finishedAtMs: state.phase === 'finished' ? state.finishedAtMs : null,
    steps: (report?.steps ?? []).map((step) =>
      viewStep(step, report?.deploy?.stepIndex, state.phase === 'parked'),
    ),
    wouldShip: [],
  };
}

/** The environment's name where it can be told before the job is due. */
function plainEnvironment(run: RunState, job: JobInstance): string | null {
  const name = environmentOf(writtenJob(run, job))?.name.text;
  return name === undefined || name.includes('${{') ? null : name;
}

/** Environments that the deploy steps of a finished job would have rolled out to, in a run without a server. */
function wouldShip(job: JobView, run: RunState): string[] {
  if (job.state !== 'success') return [];
  const instance = run.jobs[job.key];
  return (instance ? deploySteps(writtenJob(run, instance)) : []).flatMap((step) => {
    const environment = step.with['environment']?.text ?? job.environment;
    return environment === null ? [] : [environment];
  });
}

function stateOf({ state }: JobInstance): JobViewState {
  if (state.phase === 'finished') return state.result;
  return state.phase === 'calling' ? 'running' : state.phase;
}

function viewStep(step: StepReport, deployStep: number | undefined, parked: boolean): StepView {
  const { startedAtMs, finishedAtMs, conclusion, error } = step;
  const waiting = parked && step.index === deployStep && step.kind === 'main';
  const going = startedAtMs === null ? 'pending' : waiting ? 'parked' : 'running';
  return {
    name: step.name,
    state: conclusion ?? going,
    startedAtMs,
    finishedAtMs,
    error: error ? { message: error.message, lastLines: error.lastLines, at: error.at } : null,
  };
}

/** One sentence on the first thing that went wrong. */
function reasonOf(runs: RunView[]): string | null {
  const jobs = runs.flatMap((run) => run.jobs);
  const failed = jobs.find(({ state }) => state === 'failure');
  if (!failed) return null;
  const step = failed.steps.find(({ state }) => state === 'failure');
  if (step) return `job "${failed.name}" failed at step "${step.name}"`;
  return failed.reason === null
    ? `job "${failed.name}" failed`
    : `job "${failed.name}" failed: ${failed.reason}`;
}
