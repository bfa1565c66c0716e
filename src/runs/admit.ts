import { unreachable } from '../diagnostics/index.ts';
import { instancesOf, jobOf, jobResult } from './ancestry.ts';
import { cancelReason } from './cancel.ts';
import { decideJob, endState, expandJob } from './decide-job.ts';
import type { Draft } from './draft.ts';
import type { EnvironmentVerdict, JobInstance } from './model.ts';

/** Lets every job as far as it may go without a worker: through its `if`, its matrix and its environment's rules. */
export function admit(draft: Draft): void {
  for (let before = -1; before !== draft.changes;) {
    before = draft.changes;
    for (const job of draft.jobs()) {
      if (job.state.phase === 'pending' && needsDone(draft, job.jobId)) decide(draft, job);
    }
    for (const job of draft.jobs()) reconsiderWaiting(draft, job);
  }
}

function needsDone(draft: Draft, jobId: string): boolean {
  return jobOf(draft.state.workflow, jobId).needs.every((need) => jobResult(draft.state, need.id) !== null);
}

function decide(draft: Draft, job: JobInstance): void {
  const decision = decideJob(draft.state, job.jobId);
  if (decision.kind === 'end') {
    draft.end(job, endState(decision.result, decision.reason, draft.limits.nowMs));
    return;
  }
  const instances = expandJob(draft.state, job, draft.limits.nowMs);
  draft.replace(job, instances);
  for (const instance of instances) announce(draft, instance);
}

function announce(draft: Draft, instance: JobInstance): void {
  const { state } = instance;
  if (state.phase === 'queued') draft.tell('job.queued', instance, {});
  else if (state.phase === 'finished') {
    draft.tell('job.finished', instance, { result: state.result, reason: state.reason });
  }
}

/** Jobs that wait for rules or for room may have lost their reason to run. */
function reconsiderWaiting(draft: Draft, job: JobInstance): void {
  if (job.state.phase !== 'blocked' && job.state.phase !== 'queued') return;
  const reason = cancelReason(draft.state, job);
  if (reason !== null) draft.end(job, endState('cancelled', reason, draft.limits.nowMs));
  else if (job.state.phase === 'blocked') passGate(draft, job, job.state.environment);
}

function passGate(draft: Draft, job: JobInstance, environment: string): void {
  const verdict: EnvironmentVerdict = draft.observed.environments[environment] ?? {
    kind: 'wait',
    reason: `asks for the rules of ${environment}`,
  };
  switch (verdict.kind) {
    case 'open':
      draft.move(job, { phase: 'queued' });
      draft.tell('job.queued', job, { environment });
      return;
    case 'refused':
      draft.end(job, endState('failure', verdict.reason, draft.limits.nowMs));
      return;
    case 'wait':
      draft.wakeBy(verdict.untilMs);
      if (job.state.phase === 'blocked' && job.state.reason === verdict.reason) return;
      draft.move(job, { phase: 'blocked', environment, reason: verdict.reason });
      draft.tell('job.blocked', job, { environment, reason: verdict.reason });
      return;
    default:
      unreachable(verdict);
  }
}

/** Gives queued jobs a worker as far as there is room, in the order of the file. */
export function startQueued(draft: Draft): void {
  for (const job of draft.jobs()) {
    if (job.state.phase !== 'queued' || !hasRoom(draft, job)) continue;
    draft.named.add(job.key);
    draft.move(job, { phase: 'running', startedAtMs: draft.limits.nowMs, incarnation: 0, resume: null });
    draft.tell('job.started', job, {});
  }
}

/** Parked jobs hold no process, so they count for `max-parallel` of their matrix but not for the machine. */
function hasRoom(draft: Draft, job: JobInstance): boolean {
  const running = draft.jobs().filter(({ state }) => state.phase === 'running');
  const siblings = instancesOf(draft.state, job.jobId).filter(
    ({ state }) => state.phase === 'running' || state.phase === 'parked',
  );
  const siblingLimit = job.strategy.maxParallel ?? Number.POSITIVE_INFINITY;
  return running.length < draft.limits.maxParallelJobs && siblings.length < siblingLimit;
}
