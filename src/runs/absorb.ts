import { cancelReason } from './cancel.ts';
import { endState } from './decide-job.ts';
import type { Draft } from './draft.ts';
import { rolloutKey, workerId } from './keys.ts';
import type { DeployOutcome, JobInstance, JobState } from './model.ts';

/** Reason of a job whose worker vanished. */
export const lostReason = "the job's worker died; its steps are not silently repeated";

type Running = Extract<JobState, { phase: 'running' }>;
type Parked = Extract<JobState, { phase: 'parked' }>;

/** Takes over what is seen of a job's worker, or of the rollout that it waits for. */
export function absorb(draft: Draft, job: JobInstance): void {
  if (job.state.phase === 'blocked' || job.state.phase === 'queued') adopt(draft, job);
  else if (job.state.phase === 'running') absorbRunning(draft, job, job.state);
  else if (job.state.phase === 'parked') absorbParked(draft, job, job.state);
}

/** A worker of a job that only waits was started by a tick that could not be committed: the job runs. */
function adopt(draft: Draft, job: JobInstance): void {
  if ((draft.observed.jobs[job.key]?.worker ?? 'none') === 'none') return;
  const startedAtMs = draft.limits.nowMs;
  const adopted = draft.move(job, { phase: 'running', startedAtMs, incarnation: 0, resume: null });
  draft.tell('job.started', adopted, {});
  absorb(draft, adopted);
}

function absorbRunning(draft: Draft, job: JobInstance, running: Running): void {
  const { worker, report } = draft.observed.jobs[job.key] ?? { worker: 'none', report: null };
  if (report?.phase === 'finished') {
    draft.end(job, {
      ...endState(report.result, report.reason ?? null, draft.limits.nowMs),
      outputs: report.outputs,
      startedAtMs: running.startedAtMs,
    });
    return;
  }
  // A worker that still winds up keeps the job: a parked job holds no process.
  if (worker === 'alive') return;
  if (report?.phase === 'parked' && report.deploy.stepIndex !== running.resume?.stepIndex) {
    const { startedAtMs, incarnation } = running;
    draft.move(job, { phase: 'parked', startedAtMs, incarnation, deploy: report.deploy });
    draft.tell('job.parked', job, { environment: report.deploy.environment });
    return;
  }
  const began = worker === 'gone' || report?.phase === 'running';
  const reason = cancelReason(draft.state, job);
  if (reason !== null && (began || !running.resume)) cutShort(draft, job, { running, reason });
  else if (began) lose(draft, job, running);
}

/** Whoever is cancelled before its worker could say a word, or was killed because it did not end, is cancelled. */
function cutShort(
  draft: Draft,
  job: JobInstance,
  { running, reason }: { running: Running; reason: string },
): void {
  const id = workerId(draft.state.id, job, running.incarnation);
  draft.actions.push({ kind: 'cancel-job', jobKey: job.key, workerId: id, reason });
  draft.actions.push({ kind: 'reap-job', jobKey: job.key });
  draft.end(job, {
    ...endState('cancelled', reason, draft.limits.nowMs),
    startedAtMs: running.startedAtMs,
  });
}

function lose(draft: Draft, job: JobInstance, running: Running): void {
  draft.actions.push({ kind: 'reap-job', jobKey: job.key });
  draft.end(job, {
    ...endState('failure', lostReason, draft.limits.nowMs),
    lost: true,
    startedAtMs: running.startedAtMs,
  });
}

function absorbParked(draft: Draft, job: JobInstance, parked: Parked): void {
  const rollout = draft.observed.rollouts[rolloutKey(draft.state.id, job, parked.deploy.stepIndex)];
  const outcome = rollout ? endOf(rollout) : neverBegun(draft, job, parked);
  if (!outcome) return;
  draft.named.add(job.key);
  draft.move(job, {
    phase: 'running',
    startedAtMs: parked.startedAtMs,
    incarnation: parked.incarnation + 1,
    resume: { ...outcome, stepIndex: parked.deploy.stepIndex },
  });
  draft.tell('job.resumed', job, { result: outcome.result, reason: outcome.reason });
}

function endOf(rollout: Draft['observed']['rollouts'][string]): DeployOutcome | null {
  return rollout.kind === 'ended' ? rollout.outcome : null;
}

function neverBegun(draft: Draft, job: JobInstance, parked: Parked): DeployOutcome | null {
  const reason = cancelReason(draft.state, job);
  if (reason === null) return null;
  return {
    stepIndex: parked.deploy.stepIndex,
    result: 'failure',
    outputs: {},
    reason: `${reason}, before the rollout began`,
  };
}
